"""Fixtures of tests that need the services of the lake: a plugin of pytest that `make lake` names.

Both services are started once for all tests.
"""

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import pytest
from support.lake.services import LakeServices, lake_services

from pipelines.lake.connection import open_lake
from pipelines.settings import Settings, read_settings

NUMBERS = count(1)
ROWS = 30_000_000


def pytest_addoption(parser: pytest.Parser) -> None:
    """Add the size of the test that kills loaders; docs/lake.md has what 30,000,000 took."""
    parser.addoption(
        "--lake-rows", type=int, default=ROWS, help="rows that killed loaders load (default: 30 M)"
    )


@pytest.fixture(scope="session")
def services() -> Iterator[LakeServices]:
    """Run a Postgres and an S3 store for all tests."""
    with lake_services() as running:
        yield running


@pytest.fixture
def lake_settings(services: LakeServices, tmp_path: Path) -> Settings:
    """Return settings of a fresh home, and an empty lake for it."""
    name = f"lake{next(NUMBERS)}"
    services.create_database(name)
    settings = settings_of(services, name, tmp_path / "home")
    with open_lake(settings, is_new=True):
        return settings


def settings_of(services: LakeServices, name: str, home: Path) -> Settings:
    """Return settings of a home that uses the lake of this name."""
    tier = home / "tier.toml"
    given = {"TOKENTIDE_HOME": str(home), "TOKENTIDE_TIER": str(tier), **services.variables(name)}
    return read_settings(env=given, dotenv=Path("/nonexistent/.env"))
