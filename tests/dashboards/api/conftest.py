"""A small published home for the addresses of programs, and a dashboard on it."""

from collections.abc import Iterator
from pathlib import Path

import httpx
import pytest
from support.dashboard.browser import context_of, dashboard
from support.published import MARTS, published

from dashboards.generations import GenerationStore, OpenGeneration
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

TABLES = Path(__file__).with_name("tier_and_news.sql").read_text()


@pytest.fixture(scope="session")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return the link to a generation with costs and news."""
    settings = Settings(home=tmp_path_factory.mktemp("api") / "home")
    published(settings, f"{MARTS}; {TABLES}")
    return settings.published / NEWEST


@pytest.fixture(scope="session")
def small_generation(small: Path) -> OpenGeneration:
    """Return that generation, open for queries."""
    found = GenerationStore(context_of(small)).newest()
    assert found
    return found


@pytest.fixture(scope="session")
def client(small: Path) -> Iterator[httpx.Client]:
    """Yield a client of a dashboard on it."""
    with dashboard(small) as url, httpx.Client(base_url=url) as client:
        yield client


@pytest.fixture(scope="session")
def bare(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    """Return a generation without any table of the tier, as an older version's may be."""
    settings = Settings(home=tmp_path_factory.mktemp("bare") / "home")
    published(settings)
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found
