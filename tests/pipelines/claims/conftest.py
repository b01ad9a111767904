"""A home with three whole weeks of shares of two countries, on three bases. Tests only read it."""

import pytest
from support.published import published
from support.statements.shares import SHARES

from pipelines.settings import Settings


@pytest.fixture(scope="session")
def shares(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish the weeks of 2, 9 and 16 March 2026."""
    settings = Settings(home=tmp_path_factory.mktemp("shares") / "home")
    published(settings, SHARES)
    return settings
