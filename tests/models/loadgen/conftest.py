"""The load generator's command, run in the test's process."""

import json
from collections.abc import Callable
from typing import Any

import pytest

from models.loadgen.__main__ import main


@pytest.fixture
def load(capsys: pytest.CaptureFixture[str]) -> Callable[..., dict[str, Any]]:
    """Return a function that runs the command, checks its exit code and parses its report."""

    def run(url: str, *options: str, code: int = 0) -> dict[str, Any]:
        assert main(["--url", url, "--json", *options]) == code
        report: dict[str, Any] = json.loads(capsys.readouterr().out)
        return report

    return run
