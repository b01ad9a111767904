"""run.py as a person starts it. What it measures is tested in reporting/."""

import subprocess
import sys
from pathlib import Path

import pytest
from support.rules.source_files import ROOT

from benchmarks.reporting.result_file import BadResult, read_evidence, read_result

SCRIPT = ROOT / "benchmarks" / "run.py"


def started(*options: str) -> "subprocess.CompletedProcess[str]":
    """Run the command to its end, on a wide console."""
    environment = {"COLUMNS": "200", "PATH": "/usr/bin:/bin", "PYTHONPATH": str(ROOT)}
    command = [sys.executable, str(SCRIPT), *options]
    return subprocess.run(command, capture_output=True, text=True, check=False, env=environment)


def test_suites_are_listed() -> None:
    listed = started("--list")
    assert listed.returncode == 0, listed.stderr
    assert "quantisation" in listed.stdout
    assert "only by its name" in listed.stdout


def test_a_quick_run_never_writes_beside_the_evidence() -> None:
    results = str(ROOT / "benchmarks" / "results")
    refused = started("--quick", "--suite", "loading", "--to", results)
    assert refused.returncode == 2
    assert "no evidence" in refused.stderr


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.parametrize(
    "suite", ["overlap", "quantisation", "deep_cache", "speculation", "loading"]
)
def test_a_quick_run_of_a_suite_writes_a_result_that_is_refused(tmp_path: Path, suite: str) -> None:
    """The scripts that statements rest on work, and nothing is made of their quick figures."""
    ended = started("--quick", "--suite", suite, "--to", str(tmp_path))
    assert ended.returncode == 0, ended.stderr[-2000:]
    assert read_result(tmp_path / f"{suite}.json").rows
    with pytest.raises(BadResult, match="of a quick run"):
        read_evidence(tmp_path)
