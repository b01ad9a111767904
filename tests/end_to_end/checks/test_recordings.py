"""Recorded answers of the market are no failures: every row of them is loaded."""

import gzip
import json
from contextlib import closing
from datetime import datetime
from pathlib import Path

from support.loading import AS_OF, fresh_warehouse, keep_answer, load_all

from pipelines.archive import Archive

# Rows of each recorded answer.
RECORDED = {
    "models_2025-12-02.json.gz": ("models", 335),
    "providers_2026-05.json": ("providers", 82),
    "rankings-daily_2025.json.gz": ("rankings_daily", 18513),
    "rankings-daily_2026-01-01_2026-02-28.json.gz": ("rankings_daily", 3009),
    "rankings-daily_window_2026-06-18.json.gz": ("rankings_daily", 1530),
    "rankings-daily_window_2026-06-19.json.gz": ("rankings_daily", 1530),
}


def test_nothing_of_a_recorded_answer_is_quarantined(recordings: Path, tmp_path: Path) -> None:
    archive = Archive(tmp_path / "raw")
    for name, (source, _) in RECORDED.items():
        body = (recordings / "openrouter" / name).read_bytes()
        body = gzip.decompress(body) if name.endswith(".gz") else body
        meta = json.loads(body).get("meta", {"as_of": AS_OF.isoformat()})
        keep_answer(archive, body, datetime.fromisoformat(meta["as_of"]), source)
    with closing(fresh_warehouse()) as con:
        found = load_all(con, archive)
        assert {(outcome, reason) for outcome, _, reason in found} == {("loaded", None)}
        assert sorted(rows for _, rows, _ in found) == sorted(rows for _, rows in RECORDED.values())
        assert con.sql("from raw.quarantine").fetchall() == []
