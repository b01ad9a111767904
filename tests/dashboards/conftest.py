"""A whole home for the pages: a market of 45 days and a tier of four targets, all of it simulated, built and published once."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

MAKER = Path(__file__).resolve().parents[2] / "benchmarks" / "large_home.py"


@pytest.fixture(scope="session")
def whole_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """The settings of that home; tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("whole") / "home")
    size = ["--days", "45", "--served-days", "2", "--targets", "4"]
    inherited = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("TOKENTIDE_", "OPENROUTER_"))
    }
    made = subprocess.run(
        [sys.executable, str(MAKER), "--home", str(settings.home), *size],
        capture_output=True,
        text=True,
        check=False,
        env=inherited,
    )
    assert made.returncode == 0, made.stdout + made.stderr
    return settings


@pytest.fixture(scope="session")
def whole(whole_home: Settings) -> Path:
    """The link to the newest generation of that home."""
    return whole_home.published / NEWEST
