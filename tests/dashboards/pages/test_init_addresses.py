"""Addresses in a real browser: links set the controls, and an address names what is shown."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from support.dashboard.browser import wait_for_page

pytestmark = pytest.mark.slow


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a large screen on the shared home."""
    page = chromium.new_context(base_url=whole_url).new_page()
    yield page
    page.context.close()


def go_to(page: Page, address: str) -> Page:
    page.goto(address)
    return wait_for_page(page)


def test_a_link_to_other_choices_sets_the_controls(page: Page) -> None:
    """On the page that is shown already, too."""
    go_to(page, "/claims")
    page.get_by_role("link", name="Chinese AI tops the US five weeks straight.").click()
    page.wait_for_url("**/claims?claim=five-weeks")
    page.wait_for_function(
        "() => [...document.querySelectorAll('.controls input')].some("
        "input => input.value.startsWith('five-weeks'))"
    )
    assert page.title() == "Claims · Tokentide"


def test_the_address_holds_the_query_after_a_run(page: Page) -> None:
    """A colleague can open it, and a reload runs it again."""
    go_to(page, "/sql")
    page.locator("#sql-text").fill("select 6 * 7 as answer")
    page.locator("#sql-run").click()
    page.wait_for_url("**/sql?q=select+6+*+7+as+answer&run=1")
    page.get_by_text("42", exact=True).first.wait_for(timeout=120_000)
    page.reload()
    page.get_by_text("42", exact=True).first.wait_for(timeout=120_000)


def test_an_unknown_choice_in_an_address_shows_no_other(page: Page) -> None:
    page.goto("/model?family=no-such-family")
    page.get_by_text("there is no “no-such-family”").wait_for()
    assert page.locator("#body .card").count() == 0
    assert page.locator(".controls input").first.input_value() == "no-such-family (unknown)"
    assert page.title() == "Model · Tokentide"
