"""Exploring in a real browser: periods, members, comparisons, each with an address."""

from collections.abc import Iterator
from urllib.parse import parse_qs, urlsplit

import pytest
from playwright.sync_api import Browser, Page, expect
from support.dashboard.browser import wait_for_page, watch_errors

from dashboards.generations import OpenGeneration

pytestmark = pytest.mark.slow


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a large screen on the shared home; nothing may go wrong on it."""
    viewport = {"width": 1400, "height": 1000}
    page = chromium.new_context(base_url=whole_url, viewport=viewport).new_page()  # type: ignore[arg-type]
    errors = watch_errors(page)
    yield page
    assert errors == []
    page.context.close()


def go_to(page: Page, address: str) -> Page:
    page.goto(address)
    return wait_for_page(page)


def choices(page: Page) -> dict[str, str]:
    """Return the choices in the address."""
    return {name: values[0] for name, values in parse_qs(urlsplit(page.url).query).items()}


def test_dates_and_presets_are_one_choice_with_an_address(page: Page) -> None:
    """A preset shows its dates, dates take its place, and the way back restores both."""
    go_to(page, "/market?weeks=4")
    first = page.get_by_label("Period, first day")
    expect(first).to_have_value("2026-10-26")
    first.fill("2026-11-09")
    page.wait_for_url("**weeks=2026-11-09..2026-11-24")
    unit = page.locator("#card-share .card-unit")
    expect(unit).to_contain_text("9 Nov 2026 to 24 Nov 2026")
    assert page.locator(".controls").get_by_role("radio", name="4 weeks").is_checked() is False
    page.locator(".controls").get_by_text("All", exact=True).click()
    page.wait_for_url("**weeks=all")
    expect(first).to_have_value("2026-10-11")
    page.go_back()
    expect(first).to_have_value("2026-11-09")
    expect(unit).to_contain_text("9 Nov 2026 to 24 Nov 2026")
    assert choices(page) == {"weeks": "2026-11-09..2026-11-24"}


def wait_for_title(page: Page, key: str, title: str) -> None:
    """Wait until a card, wherever it is on the page, has this title."""
    page.wait_for_function(
        """([key, title]) => {
            document.querySelector('.waiting')?.scrollIntoView();
            return document.querySelector(`#title-${key}`)?.innerText === title;
        }""",
        arg=[key, title],
    )


def click_first_bar(page: Page) -> None:
    """Click the first bar of the share chart."""
    bar = page.locator("#card-share .bars .point path").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


def test_a_lab_leads_to_its_models_and_a_model_to_its_hosts(
    page: Page, generation: OpenGeneration
) -> None:
    """A bar chooses the lab, a cell the family; the way back leads there, choices included."""
    go_to(page, "/market?view=ranked&weeks=4")
    click_first_bar(page)
    page.wait_for_url("**one=author**")
    lab = generation.names.name(choices(page)["one"].removeprefix("author:"))
    assert choices(page).items() >= {"view": "ranked", "weeks": "4"}.items()
    wait_for_title(page, "families", f"Models of {lab}")
    link = page.locator("#card-families .ag-cell a").first
    name = link.inner_text()
    market = page.url
    link.click()
    page.wait_for_url("**/model?**")
    chosen = choices(page)
    assert (generation.names.name(chosen["family"]), chosen["weeks"]) == (name, "4")
    wait_for_title(page, "hosts", f"Hosts of {name}")
    page.go_back()
    page.wait_for_url(market)
    wait_for_title(page, "families", f"Models of {lab}")


def test_a_cell_is_followed_by_the_keyboard_too(page: Page) -> None:
    go_to(page, "/market?one=author:deepseek")
    cell = page.locator("#card-families .ag-cell", has=page.locator("a")).first
    cell.scroll_into_view_if_needed()
    cell.focus()
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Enter")
    page.wait_for_url("**/model?family=deepseek**")


def test_the_period_before_stands_beside_the_chosen_one(page: Page) -> None:
    """As a line behind the member, and as columns; what is not held before is not known."""
    address = "/market?one=author:deepseek&weeks=2026-11-02..2026-11-15"
    go_to(page, address)
    headings = page.locator("#card-changes .ag-header-cell-text")
    assert "change of tokens" not in headings.all_inner_texts()
    page.get_by_text("Period before", exact=True).click()
    page.wait_for_url("**beside=before")
    wait_for_page(page)
    expect(headings.filter(has_text="change of tokens")).to_have_count(1)
    names = page.locator("#card-one .legendtext")
    expect(names.filter(has_text="DeepSeek, 2 weeks before")).to_have_count(1)
    go_to(page, "/market?beside=before&weeks=all")
    row = page.locator("#card-changes .ag-row").first
    expect(row).to_contain_text("weeks before it are not known whole")


def test_marks_name_events_and_can_be_switched_off(page: Page) -> None:
    go_to(page, "/market?weeks=4")
    card = page.locator("#card-share")
    signs = card.locator(".annotation")
    assert signs.count() > 0
    card.get_by_text(" marks: ").click()
    named = card.locator("details li")
    expect(named.first).to_be_visible()
    assert named.count() >= signs.count()
    page.locator(".controls").get_by_text("Off", exact=True).click()
    page.wait_for_url("**marks=off")
    expect(signs).to_have_count(0)
    expect(card.locator(".main-svg").first).to_be_visible()
