"""Overview, market, model and tier as a person drives them: switch, filter, drill down, download; what changes is what the file says."""

import random
import time
from collections.abc import Iterator
from pathlib import Path

import plotly.graph_objects as go
import polars as pl
import pytest
from playwright.sync_api import Page
from support.browser import browser, dashboard, seen, settled

from dashboards.components.filters import href, read_filters
from dashboards.components.page import Card
from dashboards.components.theme import Look
from dashboards.generations import Generation, Published, Sources
from dashboards.pages import PAGES, page_of
from dashboards.query import Query
from pipelines.publish import query
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
# The y of each trace of a card's chart, by the trace's name.
FIGURES = """key => Object.fromEntries(document.querySelector(`#card-${key} .js-plotly-plot`)._fullData.map(
    trace => [trace.name, Array.from(trace.y)]))"""
TEXTS = "() => [...document.querySelectorAll('.cell')].map(cell => cell.innerText)"


@pytest.fixture(scope="module")
def generation(whole: Path) -> Generation:
    found = Published(Sources(whole, open_published, query.frame)).newest()
    assert found
    return found


@pytest.fixture(scope="module")
def page(whole: Path) -> Iterator[Page]:
    """One browser for all tests here; each goes to its own page first."""
    with dashboard(whole) as url, browser() as chromium:
        page = chromium.new_context(
            base_url=url, viewport={"width": 1400, "height": 1000}
        ).new_page()
        problems: list[str] = []
        page.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" else None,
        )
        yield page
        assert problems == []


def rows(generation: Generation, sql: str) -> pl.DataFrame:
    return generation.frame(Query(sql, is_whole=True))


def at(page: Page, address: str) -> Page:
    page.goto(address)
    return settled(page)


@pytest.mark.parametrize("path", [page.path for page in PAGES if not page.body])
def test_every_choice_of_a_page_can_be_asked_and_drawn(generation: Generation, path: str) -> None:
    """Each option of each control by itself; no card fails, and each is of a kind that the browser can draw."""
    page = page_of(path)
    controls = page.controls(generation)
    addresses = {
        href("", **{control.name: value})
        for control in controls
        for value, _ in control.options[:8]
    } | {""}
    for search in sorted(addresses):
        for card in page.cards_for(read_filters(search, controls), generation):
            if isinstance(card, Card) and (found := generation.frame(card.query)).height:
                drawn = card.draw(found, Look("dark"))
                # The browser's plotly knows no others (docs/decisions/0012).
                assert not isinstance(drawn, go.Figure) or {trace.type for trace in drawn.data} <= {
                    "scatter",
                    "bar",
                    "pie",
                }, card.key


def test_the_overview_says_what_the_file_holds(page: Page, generation: Generation) -> None:
    """The tiles of both halves, and the figures behind a chart as a download."""
    at(page, "/")
    [share] = rows(
        generation,
        "select share from market_share_weekly where basis = 'platform' and attribution = 'releasing_lab' and dimension = 'country' "
        "and member = 'CN' and is_whole_week order by week_start desc limit 1",
    )["share"]
    assert f"China {share:.1%}" in page.locator("#card-week").inner_text()
    with page.expect_download() as waiting:
        page.locator("#card-platform").get_by_role("link", name="CSV").click()
    weeks = pl.read_csv(waiting.value.path(), try_parse_dates=True).drop_nulls("tokens")
    days = rows(
        generation,
        "select date_trunc('week', date)::date as week_start, sum(platform_tokens) as tokens from market_days group by all",
    )
    known = dict(days.rows())
    assert weeks.height > 3
    assert all(known[row["week_start"]] == row["tokens"] for row in weeks.to_dicts())


def test_a_switch_of_the_basis_changes_every_share(page: Page, generation: Generation) -> None:
    """What the chart then has is the mart's on that basis, and the words say which."""
    at(page, "/market")
    page.get_by_text("Top 50", exact=True).click()
    page.wait_for_function(
        "() => document.querySelector('#card-share .card-unit').innerText.includes('50 named models')"
    )
    seen(page)
    shares = rows(
        generation,
        "select share from market_share_weekly where basis = 'top50' and attribution = 'releasing_lab' and dimension = 'author' "
        "and member = 'deepseek' and is_whole_week order by week_start",
    )["share"].to_list()
    assert page.evaluate(FIGURES, "share")["deepseek"] == pytest.approx(shares)


def test_by_country_ranked_and_downloaded(page: Page) -> None:
    """Two switches in a row; the CSV of the card has the chosen dimension, and PNG and SVG are pictures."""
    at(page, "/market")
    page.get_by_text("Country", exact=True).click()
    page.get_by_text("Ranked", exact=True).click()
    page.wait_for_function(
        "() => document.querySelector('#card-share .card-unit').innerText.includes('whiskers')"
    )
    seen(page)
    card = page.locator("#card-share")
    with page.expect_download() as waiting:
        card.get_by_role("link", name="CSV").click()
    assert set(pl.read_csv(waiting.value.path())["dimension"]) == {"country"}
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as waiting:
            card.get_by_role("button", name=kind).click()
        assert waiting.value.path().read_bytes().startswith(begin)


def test_from_a_family_of_the_market_to_its_own_page(page: Page, generation: Generation) -> None:
    """A click on its bar leads there; another family is chosen there by name."""
    at(page, "/market?dimension=family")
    bar = page.locator("#card-share .bars .point path").first
    bar.scroll_into_view_if_needed()
    box = bar.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**/model?family=**")
    page.wait_for_selector("#card-tokens .main-svg")
    family = page_of("/model").controls(generation)[0].options[5][0]
    page.get_by_role("textbox", name="Family").or_(
        page.get_by_role("combobox", name="Family")
    ).first.click()
    page.get_by_role("option", name=family, exact=True).click()
    page.wait_for_function(
        f"() => document.querySelector('#title-summary')?.innerText === '{family}'"
    )
    settled(page)
    assert family in page.locator("#title-tokens").inner_text()
    with page.expect_download() as waiting:
        page.locator("#card-tokens").get_by_role("link", name="CSV").click()
    known = rows(
        generation,
        f"select max(total_tokens) as most from market_tokens_daily where model_family = '{family}'",
    )["most"][0]
    assert pl.read_csv(waiting.value.path())["tokens"].max() == known


def test_an_author_leads_to_its_share_with_bounds(page: Page) -> None:
    """A click on a bar of the market sets the member to look at closely."""
    at(page, "/market")
    box = page.locator("#card-share .bars .point path").first.bounding_box()
    assert box
    page.mouse.click(box["x"] + box["width"] / 2, box["y"] + box["height"] / 2)
    page.wait_for_url("**one=author**")
    member = page.url.rpartition("author%3A")[2].partition("&")[0]
    page.wait_for_function(
        f"() => document.querySelector('#title-one').innerText.includes('{member}')"
    )


def test_the_tier_of_one_target_by_another_latency(page: Page, generation: Generation) -> None:
    """Only its lines are drawn, and the percentiles are the mart's."""
    target = sorted(rows(generation, "select distinct target from served_tokens_hourly")["target"])[
        1
    ]
    at(page, "/tier")
    for label, option in (("Target", target), ("Latency", "Whole request")):
        page.get_by_role("textbox", name=label).or_(
            page.get_by_role("combobox", name=label)
        ).first.click()
        page.get_by_role("option", name=option, exact=True).click()
    page.wait_for_url(f"**target={target}&latency=e2e**")
    page.wait_for_timeout(500)
    settled(page)
    assert "Whole request" in page.locator("#title-latency").inner_text()
    page.wait_for_function(
        "() => document.querySelector('#card-latency .js-plotly-plot')._fullData.some(trace => trace.name === 'p90')"
    )
    median = rows(
        generation,
        f"select p50_seconds from served_latency_hourly where target = '{target}' and metric = 'e2e' and method = 'histogram' "
        "and hour_at > (select max(hour_at) from served_latency_hourly) - interval 24 hour order by hour_at",
    )["p50_seconds"].drop_nulls()
    drawn = [value for value in page.evaluate(FIGURES, "latency")["p50"] if value is not None]
    assert drawn == pytest.approx(median.to_list())
    assert all(target in name for name in page.evaluate(FIGURES, "memory"))


@pytest.mark.parametrize("path", ["/market", "/tier", "/efficiency"])
def test_a_page_that_was_changed_is_the_page_that_is_made_anew(
    page: Page, generation: Generation, path: str
) -> None:
    """After six choices in a row every card is what somebody sees who follows the link."""
    chance = random.Random(path)
    at(page, path)
    for _ in range(6):
        control = chance.choice(
            [each for each in page_of(path).controls(generation) if each.kind == "switch"]
        )
        page.locator(".controls").get_by_text(
            chance.choice(control.options)[1], exact=True
        ).first.click()
        page.wait_for_timeout(chance.choice([0, 30, 400]))
    made_anew = page.context.new_page()
    changed, anew, end = "changed", "anew", time.monotonic() + 30
    while changed != anew and time.monotonic() < end:
        page.wait_for_timeout(500)
        at(made_anew, page.url)
        anew, changed = made_anew.evaluate(TEXTS), settled(page).evaluate(TEXTS)
    assert changed == anew


def test_what_is_not_near_waits_under_its_title(page: Page) -> None:
    """And is there when a person comes to it."""
    page.goto("/market")
    seen(page)
    waiting = page.locator(".waiting")
    assert waiting.count() > 3
    title = waiting.last.inner_text()
    waiting.last.scroll_into_view_if_needed()
    page.wait_for_function(
        f"() => ![...document.querySelectorAll('.waiting')].some(card => card.innerText === '{title}')"
    )
    assert page.locator(".card", has_text=title).get_by_text("Show the query").count() == 1


ASKED = "() => performance.getEntriesByType('resource').map(entry => entry.name)"


def test_the_first_page_reads_no_script_of_tables(page: Page) -> None:
    """The first table brings it; nor are there polyfills, and what is asked for early is not asked for again."""
    page.goto("/")
    seen(page)
    asked = page.evaluate(ASKED)
    assert not [name for name in asked if "dash_ag_grid" in name or "polyfill" in name]
    assert [
        sum(name.endswith(early) for name in asked)
        for early in ("_dash-layout", "_dash-dependencies")
    ] == [1, 1]
    at(page, "/data")
    page.wait_for_selector("#card-answers .ag-row")
    assert [name for name in page.evaluate(ASKED) if "dash_ag_grid" in name]
