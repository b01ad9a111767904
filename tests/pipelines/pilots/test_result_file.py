"""Result files of pilots on their way into the warehouse."""

import json
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from support.inference.pilot_results import pilot_result
from support.telemetry_facts import TelemetryHome

from pipelines.pilots.result_file import read_result, write_result


def test_a_result_is_loaded_once(tmp_path: Path) -> None:
    """The same file again adds nothing; it lies in the archive and not in the spool."""
    home, result = TelemetryHome(tmp_path / "home"), pilot_result()
    with closing(home.con):
        for expected in (1, 0):
            path = write_result(home.settings.pilot_spool, result)
            assert home.load().pilots == expected
            assert not path.exists()
        rows = home.rows("select pilot_id, started_at, result from raw.pilots")
        assert home.rows("select kind, outcome from raw.telemetry_segments") == [
            ("pilots", "loaded")
        ]
    [(pilot_id, started_at, text)] = rows
    assert (pilot_id, started_at.isoformat()) == (result["pilot_id"], result["started_at"])
    assert json.loads(text) == result
    assert len(list((home.settings.telemetry_archive / "pilots").rglob("*.json"))) == 1


@pytest.mark.parametrize(
    "content",
    ["{}", "[1]", "{", '{"format": 2}', '{"format": 1, "pilot_id": "p"}'],
)
def test_what_is_no_result_is_unreadable_and_says_why(tmp_path: Path, content: str) -> None:
    """It stays in the spool; the rest is loaded."""
    home = TelemetryHome(tmp_path / "home")
    with closing(home.con):
        bad = home.settings.pilot_spool / "20261130T000000000000Z-pilot-bad.json"
        bad.parent.mkdir(parents=True)
        bad.write_text(content)
        write_result(home.settings.pilot_spool, pilot_result())
        loaded = home.load()
        assert loaded.pilots == 1
        [(path, reason)] = loaded.unreadable
    assert path == str(bad)
    assert reason
    assert bad.exists()


def test_a_file_is_named_by_its_end_and_content(tmp_path: Path) -> None:
    """Two pilots that end at once are two files, and one written twice is one."""
    first, second = pilot_result(), pilot_result(seed=2)
    paths = [write_result(tmp_path, each) for each in (first, second, first)]
    assert paths[0] == paths[2] != paths[1]
    assert paths[0].name.startswith("20261130T080400000000Z-pilot-")
    row: dict[str, Any] = read_result(paths[0]).to_pylist()[0]
    assert row["pilot_id"] == first["pilot_id"]
