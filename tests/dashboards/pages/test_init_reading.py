"""Pages to read: no longer than four screens, sections that fold."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from support.dashboard.browser import wait_for_screen, watch_errors

from dashboards.generations import OpenGeneration
from dashboards.pages import PAGES

# Some open every page.
pytestmark = [pytest.mark.slow, pytest.mark.timeout(900)]
SCREEN = {"width": 1400, "height": 900}
MAX_SCREENS = 4
# Draw what a viewer sees who scrolls down, and nothing that is folded.
DRAW_UNFOLDED = """async () => {
    const waiting = () => [...document.querySelectorAll('.waiting')].find(
        card => !card.closest('details.section:not([open])'));
    for (const end = performance.now() + 60000; waiting() && performance.now() < end;) {
        waiting().scrollIntoView();
        await new Promise(done => setTimeout(done, 50));
    }
    window.scrollTo(0, 0);
}"""
HEIGHT = "() => document.documentElement.scrollHeight"
DEVICES = "#section-devices"
NAMES = """() => document.querySelector('#card-share .js-plotly-plot')._fullData.map(
    trace => trace.name)"""


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a usual screen; nothing may go wrong on it."""
    page = chromium.new_context(base_url=whole_url, viewport=SCREEN).new_page()  # type: ignore[arg-type]
    errors = watch_errors(page)
    yield page
    assert errors == []
    page.context.close()


def open_page(page: Page, path: str) -> Page:
    page.goto(path)
    wait_for_screen(page)
    page.evaluate(DRAW_UNFOLDED)
    return wait_for_screen(page)


@pytest.mark.long
def test_no_page_is_longer_than_four_screens(page: Page) -> None:
    """As it opens: with its defaults, and before anybody opens a section."""
    heights = {each.path: open_page(page, each.path).evaluate(HEIGHT) for each in PAGES}
    most = MAX_SCREENS * SCREEN["height"]
    assert {path: height for path, height in heights.items() if height > most} == {}


def test_a_section_asks_once_it_is_opened_and_stays_open(page: Page) -> None:
    """The browser remembers it, over a reload and on that page alone."""
    open_page(page, "/tier")
    section = page.locator(DEVICES)
    assert section.locator(".waiting").count() == 3
    section.locator("> summary").click()
    page.wait_for_selector(f"{DEVICES} #card-power .main-svg")
    page.reload()
    page.wait_for_selector(f"{DEVICES}[open]")
    page.goto("/market")
    wait_for_screen(page)
    assert page.locator("details.section:not([open])").count() == 4


def test_a_link_to_a_section_opens_it(page: Page) -> None:
    """It is at the top of the page; others may send it."""
    open_page(page, "/tier")
    page.get_by_role("navigation", name="Sections").get_by_text("Devices and counts").click()
    page.wait_for_selector(f"{DEVICES}[open] #card-power .main-svg")
    assert page.url.endswith("/tier#section-devices")
    other = page.context.browser.new_context().new_page()  # type: ignore[union-attr]
    other.goto(page.url)
    other.wait_for_selector(f"{DEVICES}[open] #card-power .main-svg")
    other.context.close()


def test_a_click_leads_to_the_bar_under_it_though_the_hover_has_all(
    page: Page, generation: OpenGeneration
) -> None:
    """One hover for the column: shares with bounds, tokens, ranks and slugs of all members."""
    open_page(page, "/market")
    bars = page.locator("#card-share .bars .point path")
    names = page.evaluate(NAMES)
    bar = bars.nth(2 * (bars.count() // len(names)) + 1)
    name = bar.evaluate("node => node.closest('.trace').__data__[0].trace.name")
    box = bar.bounding_box()
    assert box
    page.mouse.move(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_selector("#card-share .hoverlayer .legendtext")
    hover = page.locator("#card-share .hoverlayer .legendtext").all_text_contents()
    assert len(hover) == len(names)
    assert any(text.startswith("DeepSeek : ") and "rank 1 · deepseek" in text for text in hover)
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**one=author**")
    member = page.url.rpartition("author%3A")[2].partition("&")[0]
    assert generation.names.name(member) == name
