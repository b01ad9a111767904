"""The table of price changes in a real browser: its rows are there when its card is."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, Route
from support.dashboard.browser import dashboard, wait_for_page, watch_errors
from support.published import published

from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

pytestmark = pytest.mark.slow

SQL = """
create schema if not exists marts;
create table main.last_build as select 'passed' as outcome, 0 as wrong_nodes;
create table marts.market_days as
select
    day::date as date,
    day::timestamptz + interval 1 day as as_of,
    'data_api' as origin,
    false as is_missing,
    1000::bigint as platform_tokens
from generate_series(date '2026-03-01', date '2026-06-19', interval 1 day) as days (day);
create table marts.market_share_weekly as
select
    date '2026-03-02' as week_start,
    true as is_whole_week,
    'author' as dimension,
    'lab' as member,
    1000::bigint as tokens;
create table marts.price_events as
select
    date '2026-03-05' + number::integer as date,
    'lab/model-' || number as model_id,
    'list' as kind,
    2.0 as old_prompt_usd_per_mtok,
    1.0 as new_prompt_usd_per_mtok,
    4.0 as old_completion_usd_per_mtok,
    2.0 as new_completion_usd_per_mtok,
    -0.5::double as change_ratio,
    1000::bigint as tokens_before,
    -1.5::double as elasticity,
    -2.0::double as elasticity_low,
    -1.0::double as elasticity_high,
    null::varchar as reason,
    'openrouter' as source,
    'licence' as licence,
    'citation' as citation
from range(100) as numbers (number);
"""
# Rows that the browser lays out with a height, and how many of their cells have text.
ROWS = """() => [...document.querySelectorAll('#card-events .ag-center-cols-container .ag-row')]
    .map(row => [row.getBoundingClientRect().height > 0,
        [...row.querySelectorAll('.ag-cell')].filter(cell => cell.innerText.trim()).length])"""


@pytest.fixture(scope="module")
def prices_url(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """Yield the address of a dashboard on a hundred changes of prices."""
    settings = Settings(home=tmp_path_factory.mktemp("prices") / "home")
    published(settings, SQL)
    with dashboard(settings.published / NEWEST) as url:
        yield url


@pytest.fixture
def page(prices_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page on which nothing may go wrong."""
    context = chromium.new_context(base_url=prices_url, viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    errors = watch_errors(page)
    yield page
    assert errors == []


def test_the_changes_are_there_once_the_page_is(page: Page) -> None:
    """A page counts as drawn only when its tables have their rows."""
    page.goto("/prices")
    wait_for_page(page)
    rows = page.evaluate(ROWS)
    assert len(rows) >= 8
    assert all(is_laid_out and texts >= 8 for is_laid_out, texts in rows[:8])


def test_a_late_script_leaves_words_and_no_empty_box(page: Page) -> None:
    """The frame has the height of the table, so that nothing moves when its rows come."""
    held: list[Route] = []

    def hold(route: Route) -> None:
        held.append(route)

    page.route("**/dash_ag_grid/**", hold)
    page.goto("/prices")
    frame = page.locator("#card-events .grid-frame")
    frame.scroll_into_view_if_needed()
    page.wait_for_function("() => document.querySelector('#card-events .grid-frame')")
    words = "frame => getComputedStyle(frame, '::before').content"
    assert "being drawn" in frame.evaluate(words)
    height = frame.evaluate("frame => frame.getBoundingClientRect().height")
    while not page.evaluate(ROWS):
        for route in held:
            route.continue_()
        held.clear()
        page.wait_for_timeout(50)
    assert frame.evaluate(words) == "none"
    assert frame.evaluate("frame => frame.getBoundingClientRect().height") == height > 400
