"""The benchmarks run, agree on what was loaded, and say what they found. What they measure here is worth nothing."""

import json
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"


def run(tmp_path: Path, script: str, *options: str) -> dict[str, Any]:
    """Run a benchmark as a person would and return what it wrote."""
    found = tmp_path / "found.json"
    command = [sys.executable, str(BENCHMARKS / script), "--json", str(found), *options]
    ended = subprocess.run(command, capture_output=True, text=True, check=False)
    assert ended.returncode == 0, ended.stderr[-2000:]
    report: dict[str, Any] = json.loads(found.read_text())
    return report


@pytest.mark.slow
def test_ingest_compares_the_sides_that_are_installed(tmp_path: Path) -> None:
    """Every side loads the same 59 days or the benchmark fails, so a written report means that they agreed."""
    sides = ("ours-from-dicts", "ours-from-bytes", "dlt-parquet", "dagster-in-memory")
    report = run(
        tmp_path, "ingest.py", "--quick", *(word for side in sides for word in ("--side", side))
    )
    figures = {figure["what"]: figure["median"] for figure in report["figures"]}
    assert figures["ours, dicts to tables"] > 0
    assert figures["ours, archive to tables"] > 0
    assert "59 days" in report["rankings"]


@pytest.mark.slow
def test_readers_never_fail_while_generations_are_published(tmp_path: Path) -> None:
    """No read fails, none mixes generations, and a connection that is kept open stays with its own."""
    report = run(tmp_path, "publish_readers.py", "--quick", "--publishes", "7", "--readers", "2")
    assert (report["failed reads"], report["mixed reads"], report["strayed connections"]) == (
        0,
        0,
        0,
    )
    assert report["generations seen"] > 1


@pytest.mark.slow
def test_daily_runs_rebuild_what_they_archived(tmp_path: Path) -> None:
    """A home made of daily answers is rebuilt, and published, which the audit allows only where all of it holds together."""
    report = run(tmp_path, "daily_runs.py", "--days", "1")
    assert report["answers"] == 37


@pytest.mark.slow
def test_a_large_home_is_built_audited_and_asked(tmp_path: Path) -> None:
    """A small one of the large homes passes the whole audit and is published, and each usual question finds something in it."""
    home = tmp_path / "home"
    made = run(
        tmp_path,
        "large_home.py",
        "--home",
        str(home),
        "--days",
        "40",
        "--served-days",
        "1",
        "--targets",
        "16",
    )
    assert made["published MB"] > 0
    report = run(tmp_path, "marts.py", "--home", str(home), "--rounds", "1")
    assert {"served_tokens_minutely", "market_share_weekly"} <= report["tables"].keys()
    assert all(question["rows"] > 0 for question in report["questions"].values())
