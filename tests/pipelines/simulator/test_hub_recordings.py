"""Recorded days of the Hub in the form of its list."""

import gzip
import json
from pathlib import Path

from pipelines.simulator.hub_recordings import recorded_day, recorded_days

SNAPSHOT = {
    "snapshot_date": "2026-08-03",
    "repos": {
        "a/b": {"downloads_30d": 3, "downloads_all_time": 30, "parameters": 7},
        "a/c": {"downloads_30d": 5, "downloads_all_time": 50, "parameters": None},
    },
}


def test_a_day_is_a_list_most_downloaded_first() -> None:
    day, rows = recorded_day(SNAPSHOT)
    assert day == "2026-08-03"
    assert [row["id"] for row in rows] == ["a/c", "a/b"]
    assert rows[1]["safetensors"] == {"total": 7}
    assert "safetensors" not in rows[0]


def test_days_are_read_in_order(tmp_path: Path) -> None:
    path = tmp_path / "repos_daily_x.jsonl.gz"
    later = {**SNAPSHOT, "snapshot_date": "2026-08-04"}
    path.write_bytes(gzip.compress(f"{json.dumps(later)}\n{json.dumps(SNAPSHOT)}\n".encode()))
    assert [day for day, _ in recorded_days([path])] == ["2026-08-03", "2026-08-04"]
