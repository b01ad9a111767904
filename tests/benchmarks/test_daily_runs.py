"""daily_runs.py archives, loads and rebuilds the answers of daily runs."""

import pytest


@pytest.mark.long
@pytest.mark.slow
def test_daily_runs_rebuild_what_they_archived(run) -> None:
    """A home of daily answers is rebuilt and published; the audit allows that only if all holds."""
    assert run("daily_runs.py", "--days", "1")["answers"] == 37
