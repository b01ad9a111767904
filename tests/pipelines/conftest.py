"""One home whose dbt project is parsed for all tests of Dagster, since parsing takes seconds."""

from datetime import UTC, datetime
from pathlib import Path

import dagster as dg
import pytest
from support.simulator import FAST_RETRIES

from pipelines.definitions import define
from pipelines.settings import Settings

NOW = datetime(2026, 6, 20, 11, tzinfo=UTC)


@pytest.fixture(scope="session")
def parsed_home(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a home for which nothing was requested yet."""
    return tmp_path_factory.mktemp("dagster") / "home"


@pytest.fixture(scope="session")
def definitions(parsed_home: Path) -> dg.Definitions:
    """Everything that Dagster runs, on a clock that stands still."""
    return define(Settings(home=parsed_home), FAST_RETRIES, lambda: NOW)
