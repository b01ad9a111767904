"""Every page is accessible: axe-core finds nothing serious, in light and dark, full and empty."""

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page
from support.dashboard.browser import (
    dashboard,
    find_serious,
    wait_for_page,
    watch_errors,
    watch_requests,
)
from support.published import published

from dashboards.components.page import Page as PageOfOurs
from dashboards.pages import PAGES
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

# Each opens many pages, and axe reads all of each.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
NARROWEST = 320


def pages_from(first: int) -> pytest.MarkDecorator:
    """Parametrise by every third page from the n-th on, and by all where time is no matter."""
    every = pytest.param(PAGES, id="all", marks=pytest.mark.long)
    return pytest.mark.parametrize("pages", [pytest.param(PAGES[first::3], id="third"), every])


def find_problems(
    page: Page, url: str, check: Callable[[], object], pages: Sequence[PageOfOurs]
) -> dict[str, list[Any]]:
    """Return what axe-core finds, by page; `check` is called on each page too."""
    found = {}
    for each in pages:
        page.goto(url + each.path)
        wait_for_page(page)
        check()
        found[each.name] = find_serious(page)
    return {name: problems for name, problems in found.items() if problems}


@pages_from(2)
def test_full_pages_are_accessible_and_nothing_fails(
    chromium: Browser, whole_url: str, pages: Sequence[PageOfOurs]
) -> None:
    """No card fails, nothing goes wrong in the browser, and nothing leaves the machine."""
    page = chromium.new_page()
    requests, errors = watch_requests(page), watch_errors(page)
    failed: list[str] = []

    def check() -> None:
        failed.extend(page.locator(".state.failed").all_inner_texts())

    assert find_problems(page, whole_url, check, pages) == {}
    assert failed == errors == []
    ours = (whole_url, "data:", "blob:")
    assert [address for address in requests if not address.startswith(ours)] == []


@pages_from(0)
def test_pages_are_accessible_on_a_dark_phone(
    chromium: Browser, whole_url: str, pages: Sequence[PageOfOurs]
) -> None:
    """At 320 pixels a person scrolls one way only (WCAG 1.4.10)."""
    page = chromium.new_page(color_scheme="dark", viewport={"width": NARROWEST, "height": 800})
    widths: list[int] = []

    def check() -> None:
        widths.append(page.evaluate("() => document.documentElement.scrollWidth"))

    assert find_problems(page, whole_url, check, pages) == {}
    assert len(widths) == len(pages)
    assert max(widths) <= NARROWEST


@pages_from(1)
def test_pages_with_little_on_them_are_accessible(
    tmp_path: Path, chromium: Browser, pages: Sequence[PageOfOurs]
) -> None:
    """The reasons in place of cards are checked too."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    with dashboard(settings.published / NEWEST) as url:
        assert find_problems(chromium.new_page(), url, lambda: None, pages) == {}
