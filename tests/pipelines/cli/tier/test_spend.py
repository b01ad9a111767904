"""`ingest spend`: what it prints, and its exit code."""

import json
from pathlib import Path

import pytest
from support.cli.command import Command
from support.spend.litellm_log import MARKER, spend_row, write_lines


@pytest.mark.slow
def test_a_log_is_published_and_its_bad_lines_are_named(tmp_path: Path) -> None:
    """By caller, with the cost that it has; again, nothing is new."""
    command = Command(tmp_path / "home")
    log = write_lines(tmp_path / "log.jsonl", spend_row(1), f"broken {MARKER}", spend_row(2, 60))
    done = command.run("ingest", "spend", str(log), "--names", "teams", "--json")
    assert done.returncode == 1
    assert "not JSON (line 2)" in done.stderr
    assert MARKER not in done.stdout + done.stderr
    counts = json.loads(done.stdout)
    assert (counts["requests"], counts["new"], counts["rejected"]) == (2, 2, 1)
    query = (
        "select source, team, requests, total_tokens, usd, ttft_p50_seconds from caller_usage_daily"
    )
    [row] = json.loads(command("sql", query, "--json"))
    assert (row["source"], row["team"]) == ("gateway", "search")
    assert (row["requests"], row["total_tokens"], float(row["usd"])) == (2, 240, 0.004)
    assert row["ttft_p50_seconds"] == 0.5
    again = command.run("ingest", "spend", str(log), "--names", "teams")
    assert "2 requests read, 0 of them new; 1 lines left out." in again.stdout
    files = (path for path in (tmp_path / "home").rglob("*") if path.is_file())
    content = b"".join(path.read_bytes() for path in files)
    assert MARKER.encode() not in content
    assert b"emma-laptop" not in content
    assert b"emma@example.org" not in content
