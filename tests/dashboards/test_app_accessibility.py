"""Every page for people who see, hear and type differently: axe-core finds nothing serious, in light and in dark, full and empty."""

from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser, Page
from support.browser import browser, dashboard, settled
from support.published import published

from dashboards.pages import PAGES
from pipelines.publish.generations import NEWEST
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


def test_pages_are_accessible_whole_and_keep_to_themselves(chromium: Browser, full: str) -> None:
    """With everything built: axe finds nothing serious, no card fails, nothing goes wrong in the browser, nothing leaves the machine."""
    page = chromium.new_page()
    wrong: list[str] = []
    page.on("pageerror", lambda error: wrong.append(str(error)))
    page.on("console", lambda said: wrong.append(said.text) if said.type == "error" else None)
    page.on(
        "request",
        lambda asked: (
            wrong.append(asked.url) if not asked.url.startswith((full, "data:", "blob:")) else None
        ),
    )
    assert (
        problems_of(
            page, full, lambda: wrong.extend(page.locator(".state.failed").all_inner_texts())
        )
        == {}
    )
    assert wrong == []


def test_pages_are_accessible_in_the_dark_on_a_small_telephone(
    chromium: Browser, full: str
) -> None:
    """At 320 pixels nothing sticks out either: a person scrolls one way only (WCAG 1.4.10)."""
    page = chromium.new_page(color_scheme="dark", viewport={"width": NARROWEST, "height": 800})
    widths: list[int] = []
    assert (
        problems_of(
            page,
            full,
            lambda: widths.append(page.evaluate("() => document.documentElement.scrollWidth")),
        )
        == {}
    )
    assert len(widths) == len(PAGES)
    assert max(widths) <= NARROWEST


def test_pages_with_little_in_them_are_as_accessible(tmp_path: Path, chromium: Browser) -> None:
    """What stands in place of a card that cannot be drawn is checked too."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    with dashboard(settings.published / NEWEST) as url:
        assert problems_of(chromium.new_page(), url, lambda: None) == {}


def problems_of(page: Page, url: str, look: Callable[[], object]) -> dict[str, list[Any]]:
    """What axe finds, by page; `look` sees each page too."""
    found = {}
    for each in PAGES:
        page.goto(url + each.path)
        settled(page)
        look()
        violations = Axe().run(page).response["violations"]
        found[each.name] = [
            (problem["id"], node["target"], node["failureSummary"])
            for problem in violations
            for node in problem["nodes"]
            if problem["impact"] in SERIOUS
        ]
    return {name: problems for name, problems in found.items() if problems}
