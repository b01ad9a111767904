"""Spend logs from a file into the raw tables: each request once, whatever is exported again."""

from contextlib import closing
from pathlib import Path

import pytest
from support.spend.litellm_log import MARKER, spend_row, write_lines
from support.telemetry_facts import TelemetryHome

from pipelines.errors import BadSetting
from pipelines.ingest.spend import take_spend


def test_a_request_counts_once_in_overlapping_exports(tmp_path: Path) -> None:
    """The same file again gives nothing; of another one, what is new."""
    home = TelemetryHome(tmp_path / "home")
    with closing(home.con):
        first = write_lines(tmp_path / "a.jsonl", *(spend_row(n, n) for n in range(5)), "{bad")
        more = write_lines(tmp_path / "b.jsonl", *(spend_row(n, n) for n in range(8)), spend_row(3))
        new = []
        for path in (first, first, more, first):
            take_spend(home.settings, path, "litellm")
            new.append(home.load().spend)
        assert new == [5, 0, 3, 0]
        assert home.rows("select count(*), sum(usd) from raw.spend_events") == [(8, 8 * 0.002)]
        assert home.rows("select line, reason from raw.spend_rejects") == [(6, "not JSON")]
        assert not list((home.settings.spend_spool).iterdir())


def test_two_gateways_may_give_the_same_identifier(tmp_path: Path) -> None:
    """A request is one of its gateway."""
    home = TelemetryHome(tmp_path / "home")
    with closing(home.con):
        log = write_lines(tmp_path / "log.jsonl", spend_row(1))
        for gateway in ("eu", "us"):
            take_spend(home.settings, log, gateway)
        assert home.load().spend == 2


def test_no_prompt_and_no_name_is_in_any_file_of_the_home(tmp_path: Path) -> None:
    """Not in the archive, not in the warehouse."""
    home = TelemetryHome(tmp_path / "home")
    with closing(home.con):
        take_spend(
            home.settings, write_lines(tmp_path / "log.jsonl", spend_row(1), MARKER), "litellm"
        )
        assert home.load().spend == 1
        home.con.execute("checkpoint")
        files = [path for path in home.settings.home.rglob("*") if path.is_file()]
        content = b"".join(path.read_bytes() for path in files)
    assert len(files) > 2
    assert not any(text in content for text in (MARKER.encode(), b"emma", b"88dc28d0"))


def test_a_file_that_is_missing_is_an_error(tmp_path: Path) -> None:
    """With what to name."""
    home = TelemetryHome(tmp_path / "home")
    with closing(home.con), pytest.raises(BadSetting, match="Name an export"):
        take_spend(home.settings, tmp_path / "none.jsonl", "litellm")
