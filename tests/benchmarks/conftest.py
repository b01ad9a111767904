"""Runs of the benchmarks as a person would start them."""

import json
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

BENCHMARKS = Path(__file__).parents[2] / "benchmarks"
Run = Callable[..., dict[str, Any]]


@pytest.fixture
def run(tmp_path: Path) -> Run:
    """Run a benchmark with options and return its report."""

    def run(script: str, *options: str) -> dict[str, Any]:
        path = tmp_path / "report.json"
        command = [sys.executable, str(BENCHMARKS / script), "--json", str(path), *options]
        ended = subprocess.run(command, capture_output=True, text=True, check=False)
        assert ended.returncode == 0, ended.stderr[-2000:]
        report: dict[str, Any] = json.loads(path.read_text())
        return report

    return run
