"""Choices that come faster than replies: the page is that of the last choice."""

import random
import re
import time
from collections.abc import Iterator, Sequence

import pytest
from playwright.sync_api import Browser, Page, Route
from support.dashboard.browser import wait_for_page, watch_errors

from dashboards.generations import OpenGeneration
from dashboards.pages import find_page

pytestmark = pytest.mark.slow
TEXTS = "() => [...document.querySelectorAll('.cell')].map(cell => cell.innerText)"

HAS_FIRST = "text => document.querySelector('.cell')?.innerText === text"


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a large screen; nothing may go wrong on it."""
    viewport = {"width": 1400, "height": 1000}
    page = chromium.new_context(base_url=whole_url, viewport=viewport).new_page()  # type: ignore[arg-type]
    errors = watch_errors(page)
    yield page
    assert errors == []
    page.context.close()


def wait_for_requests(page: Page, held: Sequence[Route], count: int) -> None:
    """Wait until this number of requests is held back."""
    end = time.monotonic() + 60
    while len(held) < count:
        assert time.monotonic() < end
        page.wait_for_timeout(50)


def go_to(page: Page, address: str) -> Page:
    page.goto(address)
    return wait_for_page(page)


@pytest.mark.parametrize(
    "path",
    ["/market", *(pytest.param(each, marks=pytest.mark.long) for each in ("/tier", "/efficiency"))],
)
def test_a_page_that_was_changed_is_the_page_built_whole(
    page: Page, generation: OpenGeneration, path: str
) -> None:
    """After six choices in a row every card is what a person sees who follows the link."""
    chance = random.Random(path)
    switches = [each for each in find_page(path).controls(generation) if each.kind == "switch"]
    go_to(page, path)
    for _ in range(6):
        _, label = chance.choice(chance.choice(switches).options)
        page.locator(".controls").get_by_text(label, exact=True).first.click()
        page.wait_for_timeout(chance.choice([0, 30, 400]))
    other = page.context.new_page()
    changed, whole, end = "changed", "whole", time.monotonic() + 60
    while changed != whole and time.monotonic() < end:
        page.wait_for_timeout(500)
        go_to(other, page.url)
        whole, changed = other.evaluate(TEXTS), wait_for_page(page).evaluate(TEXTS)
    assert changed == whole


@pytest.mark.parametrize(
    "is_back",
    [pytest.param(False, marks=pytest.mark.long), True],
    ids=["by another choice", "back"],
)
@pytest.mark.parametrize("order", [(0, 1), (1, 0)], ids=["in order", "the first one last"])
def test_replies_that_come_at_once_leave_the_page_of_the_last_choice(
    page: Page, order: Sequence[int], is_back: bool
) -> None:
    """A choice and the way back while the server is slow: neither reply is taken for the page."""
    go_to(page, "/market?view=stacked")
    texts = page.evaluate(TEXTS)
    held: list[Route] = []

    def hold(route: Route) -> None:
        is_body = "body.children" in (route.request.post_data or "")
        if is_body and len(held) < len(order):
            held.append(route)
        else:
            route.continue_()

    page.route(re.compile("/_dash-update-component"), hold)
    controls = page.locator(".controls")
    controls.get_by_text("Indexed", exact=True).first.click()
    wait_for_requests(page, held, 1)
    if is_back:
        page.evaluate("window.history.back()")
    else:
        controls.get_by_text("Stacked", exact=True).first.click()
    wait_for_requests(page, held, 2)
    replies = [route.fetch() for route in held]
    for place in order:
        held[place].fulfill(response=replies[place])
    # As long as a page waits for a reply that may still come.
    page.wait_for_timeout(4000)
    page.wait_for_function(HAS_FIRST, arg=texts[0])
    assert wait_for_page(page).evaluate(TEXTS) == texts
