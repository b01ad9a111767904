"""Fixtures for alerts."""

from pathlib import Path

import pytest

from pipelines.settings import Settings


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Return a home without an alerts file."""
    return Settings(home=tmp_path / "home", alerts=tmp_path / "alerts.toml")
