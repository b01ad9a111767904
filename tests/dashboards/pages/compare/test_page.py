"""The page that compares families: the address names them, in a browser and without one."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page
from support.dashboard.browser import find_serious, wait_for_page, watch_errors

from dashboards.components.filters import read_filters
from dashboards.generations import OpenGeneration
from dashboards.pages.compare.page import MAX_MODELS, controls

pytestmark = pytest.mark.slow


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a phone on the shared home; nothing may go wrong on it."""
    viewport = {"width": 400, "height": 900}
    page = chromium.new_context(base_url=whole_url, viewport=viewport).new_page()  # type: ignore[arg-type]
    errors = watch_errors(page)
    yield page
    assert errors == []
    page.context.close()


# Names stand at the ends of lines or in the legend.
HAS_LINES = """names => {
    const chart = document.querySelector('#card-weeks .js-plotly-plot');
    const drawn = new Set((chart?._fullData ?? []).map(line => line.name));
    return drawn.size === names.length && names.every(name => drawn.has(name));
}"""


def wait_for_lines(page: Page, names: list[str]) -> None:
    """Return once the chart has lines of these names and no others."""
    page.wait_for_function(HAS_LINES, arg=names)


def test_two_families_are_compared_and_never_more_than_five(generation: OpenGeneration) -> None:
    models = controls(generation)[0]
    names = [name for name, _ in models.options]
    assert models.default == ",".join(names[:2])
    search = f"?models={','.join(names[: MAX_MODELS + 1])}"
    [unknown] = read_filters(search, controls(generation)).unknown
    assert unknown.text == "Models: choose up to 5, each once."


def test_a_third_family_is_added_and_the_address_shows_all(
    page: Page, generation: OpenGeneration
) -> None:
    """Another browser that opens the address sees the same; the way back takes it out again."""
    slugs = [slug for slug, _ in controls(generation)[0].options][:3]
    first, second, third = slugs
    names = [generation.names.name(slug) for slug in slugs]
    page.goto(f"/model?family={first}")
    page.get_by_role("link", name="Compare it with others").click()
    page.wait_for_url("**/compare?models=**")
    page.goto(f"/compare?models={first},{second}")
    wait_for_page(page)
    page.get_by_role("textbox", name="Models").or_(
        page.get_by_role("combobox", name="Models")
    ).first.click()
    page.get_by_role("option", name=generation.names.full(third), exact=True).click()
    page.wait_for_url("**%2C**%2C**")
    page.keyboard.press("Escape")
    wait_for_lines(page, names)
    other = page.context.new_page()
    other.goto(page.url)
    wait_for_page(other)
    wait_for_lines(other, names)
    assert other.locator("#card-table th").all_inner_texts() == ["", *names]
    assert other.evaluate("() => document.documentElement.scrollWidth") <= 400
    assert find_serious(other) == []
    page.go_back()
    wait_for_lines(page, names[:2])
