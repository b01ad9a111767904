"""Every page for people who see, hear and type differently: axe-core finds nothing serious, in light and in dark, full and empty."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_support import browser, dashboard, settled
from playwright.sync_api import Browser, Page
from published_support import published

from dashboards.pages import PAGES
from pipelines.publish import NEWEST
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
SERIOUS = frozenset({"serious", "critical"})
NARROWEST = 320


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.fixture(scope="module")
def full(whole: Path) -> Iterator[str]:
    with dashboard(whole) as url:
        yield url


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(chromium: Browser, full: str, scheme: Any) -> None:
    """Names, contrast, order, roles: on each page with all its cards."""
    assert problems_of(chromium.new_page(color_scheme=scheme), full) == {}


def test_pages_with_little_in_them_are_as_accessible(tmp_path: Path, chromium: Browser) -> None:
    """What stands in place of a card that cannot be drawn is checked too."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    with dashboard(settings.published / NEWEST) as url:
        assert problems_of(chromium.new_page(), url) == {}


def test_no_page_is_wider_than_a_small_telephone(chromium: Browser, full: str) -> None:
    """At 320 pixels nothing sticks out: a person scrolls one way only (WCAG 1.4.10)."""
    page = chromium.new_page(viewport={"width": NARROWEST, "height": 800})
    widths = {}
    for each in PAGES:
        page.goto(full + each.path)
        widths[each.name] = settled(page).evaluate("() => document.documentElement.scrollWidth")
    assert {name: width for name, width in widths.items() if width > NARROWEST} == {}


def test_no_card_fails_and_none_asks_elsewhere(chromium: Browser, full: str) -> None:
    """With everything built, no card says that it could not be computed, nothing goes wrong in the browser, nothing leaves the machine."""
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on("request", lambda asked: wrong.append(asked.url) if not asked.url.startswith((full, "data:", "blob:")) else None)
    for each in PAGES:
        page.goto(full + each.path)
        settled(page)
        wrong += [f"{each.name}: {text}" for text in page.locator(".state.failed").all_inner_texts()]
    assert wrong == []


def problems_of(page: Page, url: str) -> dict[str, list[Any]]:
    """What axe finds, by page."""
    found = {}
    for each in PAGES:
        page.goto(url + each.path)
        violations = Axe().run(settled(page)).response["violations"]
        found[each.name] = [
            (problem["id"], node["target"], node["failureSummary"])
            for problem in violations
            for node in problem["nodes"]
            if problem["impact"] in SERIOUS
        ]
    return {name: problems for name, problems in found.items() if problems}
