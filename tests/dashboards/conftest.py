"""A large home that the tests of pages share: 45 days of a market and a tier of four targets.

All of it is simulated, built and published once.
"""

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import browser, context_of, dashboard
from support.large_home.maker import make_home

from dashboards.generations import GenerationStore, OpenGeneration
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings


@pytest.fixture(scope="session")
def whole_home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of that home; tests only read it."""
    settings = Settings(home=tmp_path_factory.mktemp("whole") / "home")
    make_home(settings, days=45, served_days=2, targets=4)
    return settings


@pytest.fixture(scope="session")
def whole(whole_home: Settings) -> Path:
    """Return the link to the newest generation of that home."""
    return whole_home.published / NEWEST


@pytest.fixture(scope="session")
def generation(whole: Path) -> OpenGeneration:
    """Return that generation, open for queries."""
    found = GenerationStore(context_of(whole)).newest()
    assert found
    return found


@pytest.fixture(scope="session")
def whole_url(whole: Path) -> Iterator[str]:
    """Yield the address of a dashboard on that home."""
    with dashboard(whole) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    """Yield one browser for all tests of a module; each opens its own page."""
    with browser() as launched:
        yield launched


@pytest.fixture(autouse=True)
def closed_pages(request: pytest.FixtureRequest) -> Iterator[None]:
    """Close what a test opened in the browser; a page that is left asks its server for ever."""
    chromium = "chromium" in request.fixturenames and request.getfixturevalue("chromium")
    yield
    for context in chromium.contexts if chromium else ():
        context.close()
