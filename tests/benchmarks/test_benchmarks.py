"""The benchmarks run, agree on what was loaded, and print figures, which mean nothing here."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(tmp_path: Path, script: str, *options: str) -> dict[str, Any]:
    """Run a benchmark as a person would and return its report."""
    found = tmp_path / "found.json"
    command = [sys.executable, str(BENCHMARKS / script), "--json", str(found), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    report: dict[str, Any] = json.loads(found.read_text())
    return report


@pytest.mark.slow
def test_ingest_compares_the_contenders_that_are_installed(tmp_path: Path) -> None:
    """Every contender loads the same 59 days, or the benchmark fails and writes no report."""
    names = ("ours-from-dicts", "ours-from-bytes", "dlt-parquet", "dagster-in-memory")
    options = [word for name in names for word in ("--contender", name)]
    report = run(tmp_path, "ingest.py", "--quick", *options)
    figures = {figure["what"]: figure["median"] for figure in report["figures"]}
    assert figures["ours, dicts to tables"] > 0
    assert figures["ours, archive to tables"] > 0
    assert "59 days" in report["rankings"]


@pytest.mark.slow
def test_readers_never_fail_while_generations_are_published(tmp_path: Path) -> None:
    """No read fails or mixes generations; a connection that is kept open stays with its own."""
    report = run(tmp_path, "publish_readers.py", "--quick", "--publishes", "7", "--readers", "2")
    for name in ("failed reads", "mixed reads", "strayed connections"):
        assert report[name] == 0
    assert report["generations seen"] > 1


@pytest.mark.slow
def test_daily_runs_rebuild_what_they_archived(tmp_path: Path) -> None:
    """A home of daily answers is rebuilt and published; the audit allows that only if all holds."""
    report = run(tmp_path, "daily_runs.py", "--days", "1")
    assert report["answers"] == 37


@pytest.mark.slow
def test_a_large_home_is_built_audited_and_queried(tmp_path: Path) -> None:
    """A small one of the large homes passes the audit, and each usual question finds rows in it."""
    home = tmp_path / "home"
    size = ("--days", "40", "--served-days", "1", "--targets", "16")
    made = run(tmp_path, "large_home.py", "--home", str(home), *size)
    assert made["published MB"] > 0
    report = run(tmp_path, "marts.py", "--home", str(home), "--rounds", "1")
    assert {"served_tokens_minutely", "market_share_weekly"} <= report["tables"].keys()
    assert all(question["rows"] > 0 for question in report["questions"].values())
