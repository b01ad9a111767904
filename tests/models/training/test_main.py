"""The command's help."""

import subprocess
import sys

import pytest


@pytest.mark.slow
def test_help_names_both_options() -> None:
    """Training itself takes most of an hour, so only its help is tested."""
    command = [sys.executable, "-m", "models.training", "--help"]
    ended = subprocess.run(command, capture_output=True, text=True, check=True)
    assert "--out" in ended.stdout
    assert "--card" in ended.stdout
