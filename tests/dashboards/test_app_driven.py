"""Pages as a person drives them: what a choice changes on the screen is what the file says."""

from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page, expect
from support.dashboard.browser import (
    choose,
    wait_for_page,
    wait_for_screen,
    watch_errors,
)

from dashboards.chart import Chart
from dashboards.components.cards import draw_card
from dashboards.components.filters import href
from dashboards.components.page import Card, CardPage, PageView
from dashboards.components.theme import Theme
from dashboards.export.static_html import to_html
from dashboards.generations import OpenGeneration
from dashboards.pages import PAGES, find_page
from dashboards.query import Query

pytestmark = pytest.mark.slow
# The y of each trace of a card's chart, by the trace's name.
TRACES = """key => Object.fromEntries(
    document.querySelector(`#card-${key} .js-plotly-plot`)._fullData.map(
        trace => [trace.name, Array.from(trace.y)]))"""
RESOURCES = "() => performance.getEntriesByType('resource').map(entry => entry.name)"
CELLS = """key => [...document.querySelectorAll(`#card-${key} .ag-row`)].map(
    row => [...row.querySelectorAll('.ag-cell')].map(cell => cell.innerText))"""


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a large screen; nothing may go wrong on it."""
    viewport = {"width": 1400, "height": 1000}
    page = chromium.new_context(base_url=whole_url, viewport=viewport).new_page()  # type: ignore[arg-type]
    errors = watch_errors(page)
    yield page
    assert errors == []
    page.context.close()


def rows(generation: OpenGeneration, sql: str) -> pl.DataFrame:
    return generation.frame(Query(sql, is_verbatim=True))


def go_to(page: Page, address: str) -> Page:
    page.goto(address)
    return wait_for_page(page)


def wait_for_unit(page: Page, key: str, words: str) -> None:
    """Wait until the unit of a card has these words."""
    page.wait_for_function(
        "([key, words]) => document.querySelector(`#card-${key} .card-unit`)"
        "?.innerText.includes(words)",
        arg=[key, words],
    )
    wait_for_screen(page)


@pytest.mark.parametrize("path", [page.path for page in PAGES if isinstance(page, CardPage)])
def test_every_choice_of_a_page_draws(generation: OpenGeneration, path: str) -> None:
    """Each option of each control by itself, in kinds of trace that the browser knows."""
    found = find_page(path)
    choices = [
        href("", **{control.name: value})
        for control in found.controls(generation)
        for value, _ in control.options[:8]
    ]
    for search in sorted({"", *choices}):
        for card in PageView(found, generation, Theme(), search).cards():
            if not isinstance(card, Card) or generation.frame(card.query).is_empty():
                continue
            drawing = card.draw(generation.frame(card.query), Theme("dark"))
            if isinstance(drawing, Chart):
                # The browser's Plotly knows no others (docs/decisions/0012).
                assert {trace.type for trace in drawing.data} <= {"scatter", "bar"}, card.key
                # Fixed decimals would write ticks that differ as if they were the same.
                for axis in (drawing.layout.xaxis, drawing.layout.yaxis):
                    form = axis.tickformat or "~"
                    assert "~" in form or form[-1] not in "%fprs", (card.key, form)


def test_the_overview_shows_what_the_file_holds(page: Page, generation: OpenGeneration) -> None:
    """A tile, and the rows behind a chart as a download."""
    go_to(page, "/")
    [share] = rows(
        generation,
        "select share from market_share_weekly where basis = 'platform' "
        "and attribution = 'releasing_lab' and dimension = 'country' and member = 'CN' "
        "and is_whole_week order by week_start desc limit 1",
    )["share"]
    assert f"China {share:.1%}" in page.locator("#card-week").inner_text()
    with page.expect_download() as waiting:
        page.locator("#card-platform").get_by_role("link", name="CSV").click()
    weeks = pl.read_csv(waiting.value.path(), try_parse_dates=True).drop_nulls("tokens")
    by_week = rows(
        generation,
        "select date_trunc('week', date)::date as week_start, sum(platform_tokens) as tokens "
        "from market_days group by all",
    )
    known = dict(by_week.rows())
    assert weeks.height > 3
    assert all(known[row["week_start"]] == row["tokens"] for row in weeks.to_dicts())


def test_a_switch_of_the_basis_changes_every_share(page: Page, generation: OpenGeneration) -> None:
    """The chart has the mart's shares on that basis, and the words name it."""
    go_to(page, "/market")
    page.get_by_text("Top 50", exact=True).click()
    wait_for_unit(page, "share", "50 named models")
    shares = rows(
        generation,
        "select share from market_share_weekly where basis = 'top50' "
        "and attribution = 'releasing_lab' and dimension = 'author' and member = 'deepseek' "
        "and is_whole_week order by week_start",
    )["share"].to_list()
    assert page.evaluate(TRACES, "share")["DeepSeek"] == pytest.approx(shares)


@pytest.mark.long
def test_two_switches_in_a_row_and_a_download(page: Page) -> None:
    """The CSV has the chosen dimension, and PNG and SVG are pictures."""
    go_to(page, "/market")
    page.get_by_text("Country", exact=True).click()
    page.get_by_text("Ranked", exact=True).click()
    wait_for_unit(page, "share", "whiskers")
    card = page.locator("#card-share")
    with page.expect_download() as waiting:
        card.get_by_role("link", name="CSV").click()
    assert set(pl.read_csv(waiting.value.path())["dimension"]) == {"country"}
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as waiting:
            card.get_by_role("button", name=kind).click()
        assert waiting.value.path().read_bytes().startswith(begin)


def click_first_bar(page: Page) -> None:
    """Click the first bar of the share chart."""
    bar = page.locator("#card-share .bars .point path").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)


@pytest.mark.long
def test_a_family_of_the_market_leads_to_its_page(page: Page, generation: OpenGeneration) -> None:
    """Another family is chosen there by name."""
    go_to(page, "/market?dimension=family")
    click_first_bar(page)
    page.wait_for_url("**/model?family=**")
    page.wait_for_selector("#card-tokens .main-svg")
    family, label = find_page("/model").controls(generation)[0].options[5]
    choose(page, "Family", label)
    name = generation.names.name(family)
    page.wait_for_function(
        "name => document.querySelector('#title-summary')?.innerText === name", arg=name
    )
    wait_for_page(page)
    assert name in page.locator("#title-tokens").inner_text()
    with page.expect_download() as waiting:
        page.locator("#card-tokens").get_by_role("link", name="CSV").click()
    largest = rows(
        generation,
        "select max(total_tokens) as tokens from market_tokens_daily "
        f"where model_family = '{family}'",
    )["tokens"][0]
    assert pl.read_csv(waiting.value.path())["tokens"].max() == largest


@pytest.mark.long
def test_an_author_leads_to_its_share_with_bounds(page: Page, generation: OpenGeneration) -> None:
    """A click on a bar chooses the member below."""
    go_to(page, "/market")
    click_first_bar(page)
    page.wait_for_url("**one=author**")
    member = generation.names.name(page.url.rpartition("author%3A")[2].partition("&")[0])
    wait_for_page(page)
    assert member in page.locator("#title-one").inner_text()


def test_one_target_by_another_latency(page: Page, generation: OpenGeneration) -> None:
    """Only its lines are drawn, and the percentiles are the mart's."""
    targets = rows(generation, "select distinct target from served_tokens_hourly order by all")
    target = targets["target"][1]
    go_to(page, "/tier")
    choose(page, "Target", target)
    choose(page, "Latency", "Whole request")
    page.wait_for_url(f"**target={target}&latency=e2e**")
    page.wait_for_timeout(500)
    wait_for_page(page)
    assert "Whole request" in page.locator("#title-latency").inner_text()
    page.wait_for_function(
        "() => document.querySelector('#card-latency .js-plotly-plot')._fullData.some("
        "trace => trace.name === 'p90')"
    )
    median = rows(
        generation,
        f"select p50_seconds from served_latency_hourly where target = '{target}' "
        "and metric = 'e2e' and method = 'histogram' and hour_at > "
        "(select max(hour_at) from served_latency_hourly) - interval 24 hour order by hour_at",
    )["p50_seconds"].drop_nulls()
    drawn = [value for value in page.evaluate(TRACES, "latency")["p50"] if value is not None]
    assert drawn == pytest.approx(median.to_list())
    assert all(target in name for name in page.evaluate(TRACES, "memory"))


def test_cards_far_down_wait_under_their_titles(page: Page) -> None:
    """They are there when a person comes to them."""
    # Before tables have their rows the page is shorter, so that more of it is near a large window.
    page.set_viewport_size({"width": 1400, "height": 400})
    page.goto("/tier")
    wait_for_screen(page)
    waiting = page.locator(".section[open] .waiting")
    expect(waiting).not_to_have_count(0)
    title = waiting.last.inner_text()
    waiting.last.scroll_into_view_if_needed()
    page.wait_for_function(
        "title => ![...document.querySelectorAll('.waiting')].some("
        "card => card.innerText === title)",
        arg=title,
    )
    drawn = page.locator(".card", has_text=title).get_by_text("Show the query")
    expect(drawn).to_have_count(1)


def test_the_first_page_reads_no_script_of_tables(page: Page) -> None:
    """The first table fetches it, and preloads are not requested twice."""
    page.goto("/")
    wait_for_screen(page)
    requested = page.evaluate(RESOURCES)
    assert not [name for name in requested if "dash_ag_grid" in name]
    for early in ("_dash-layout", "_dash-dependencies"):
        assert sum(name.endswith(early) for name in requested) == 1
    go_to(page, "/data")
    page.wait_for_selector("#card-answers .ag-row")
    assert [name for name in page.evaluate(RESOURCES) if "dash_ag_grid" in name]


def test_charts_are_drawn_by_the_small_plotly(page: Page) -> None:
    """Dash fetches its own, four times as large, only where none is there."""
    go_to(page, "/")
    requested = page.evaluate(RESOURCES)
    assert [name for name in requested if "plotly" in name and "/assets/vendor/" in name]
    assert not [name for name in requested if "plotly" in name and "/assets/" not in name]


@pytest.mark.long
def test_numbers_in_a_report_are_those_of_the_page(page: Page, generation: OpenGeneration) -> None:
    """One format writes both: d3 in the browser, Python in the file."""
    go_to(page, "/market")
    view = PageView(find_page("/market"), generation, Theme(), "")
    cards = {card.key: card for card in view.cards() if isinstance(card, Card)}
    for key in ("crossovers", "apps", "new"):
        page.locator(f"#card-{key}").scroll_into_view_if_needed()
        page.wait_for_selector(f"#card-{key} .ag-row")
        drawing: Any = draw_card(cards[key], generation, Theme())
        static = to_html(drawing)
        shown = [text for row in page.evaluate(CELLS, key)[:5] for text in row]
        assert shown
        assert [text for text in shown if f">{text}</td>" not in static] == []
