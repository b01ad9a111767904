"""Fixtures for verbs: a console to print on, and homes with a small published market."""

import pytest
from support.cli.markets import CLAIM, MARKET, TELEMETRY
from support.cli.paper import Paper
from support.published import published

from pipelines.settings import Settings


@pytest.fixture
def paper() -> Paper:
    """Return a console for a function that prints."""
    return Paper()


@pytest.fixture(scope="session")
def market(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish ten days of a market, one of them missing, without telemetry. Tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("market") / "home")
    published(settings, MARKET)
    return settings


@pytest.fixture(scope="session")
def market_with_tier(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish the same days with two minutes of one target. Tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("market-with-tier") / "home")
    published(settings, MARKET + TELEMETRY)
    return settings


@pytest.fixture(scope="session")
def claims(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish one claim on two bases. Tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("claims") / "home")
    published(settings, CLAIM)
    return settings
