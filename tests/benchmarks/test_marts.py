"""marts.py times tables and questions on a home that large_home.py made."""

from pathlib import Path

import pytest


@pytest.mark.long
@pytest.mark.slow
def test_a_large_home_is_built_audited_and_queried(run, tmp_path: Path) -> None:
    """A small one of the large homes passes the audit, and each usual question finds rows in it."""
    home = str(tmp_path / "home")
    size = ("--days", "40", "--served-days", "1", "--targets", "16")
    assert run("large_home.py", "--home", home, *size)["published MB"] > 0
    report = run("marts.py", "--home", home, "--rounds", "1")
    assert {"served_tokens_minutely", "market_share_weekly"} <= report["tables"].keys()
    assert all(question["rows"] > 0 for question in report["questions"].values())
