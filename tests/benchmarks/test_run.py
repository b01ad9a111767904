"""run.py as a person starts it. What it measures is tested in reporting/."""

import subprocess
import sys

from support.rules.source_files import ROOT

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
