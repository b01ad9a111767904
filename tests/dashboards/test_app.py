"""The frame around the pages: filters in the URL, one generation a page, states that are designed, and nothing from elsewhere."""

from collections.abc import Iterator
from datetime import UTC, datetime
from importlib.resources import files
from pathlib import Path

import httpx
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page
from plotly.offline import get_plotlyjs_version
from support.browser import browser, dashboard, settled
from support.published import published, warehouse_of

from dashboards.components.filters import Control, href, read_filters
from dashboards.query import Query, inlined
from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
SHARES = """
    create table marts.market_share_weekly as
    select
        date '2026-06-01' + 7 * week::integer as week_start, basis, attribution, dimension, member, tokens::bigint as tokens,
        tokens / 100 as share, tokens / 100 as share_low, tokens / 100 as share_high, 1 as rank, true as is_whole_week
    from range(6) as weeks (week),
        (values ('deepseek', 60), ('openai', 40)) as members (member, tokens),
        (values ('platform'), ('top50')) as bases (basis),
        (values ('releasing_lab'), ('base_lab')) as attributions (attribution),
        (values ('author'), ('country'), ('family')) as dimensions (dimension)
"""


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """A home with one generation that has shares."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    with warehouse_of(settings) as con:
        con.execute(SHARES)
    publish(settings, datetime(2026, 6, 20, 10, tzinfo=UTC))
    return settings


@pytest.fixture
def page(settings: Settings) -> Iterator[Page]:
    """A browser on the market page."""
    with dashboard(settings.published / NEWEST) as url, browser() as chromium:
        page = chromium.new_context().new_page()
        page.goto(f"{url}/market")
        yield settled(page)


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """The address of a dashboard on such a home, for tests that need no browser."""
    settings = Settings(home=tmp_path_factory.mktemp("served") / "home")
    published(settings)
    with warehouse_of(settings) as con:
        con.execute(SHARES)
    publish(settings, datetime(2026, 6, 20, 10, tzinfo=UTC))
    with dashboard(settings.published / NEWEST) as url:
        yield url


def test_a_choice_goes_into_the_url_and_comes_back_from_it(page: Page) -> None:
    """What was chosen can be sent to somebody else, and the back button takes it back."""
    page.get_by_text("Top 50", exact=True).click()
    page.wait_for_url("**basis=top50**")
    other = page.context.new_page()
    other.goto(page.url)
    settled(other)
    assert other.get_by_role("radio", name="Top 50").is_checked()
    page.go_back()
    page.wait_for_function(
        "() => document.querySelector('.card-unit').innerText.includes('platform')"
    )


def test_a_new_generation_appears_without_a_reload(page: Page, settings: Settings) -> None:
    """The page asks every few seconds; what it then shows is of the new generation, all of it."""
    assert page.locator("[data-generation]").get_attribute("data-generation") == "2"
    with warehouse_of(settings) as con:
        con.execute(
            "update marts.market_share_weekly set member = 'moonshotai' where member = 'openai'"
        )
    publish(settings, datetime(2026, 6, 20, 11, tzinfo=UTC))
    page.wait_for_selector("[data-generation='3']", timeout=15_000)
    page.wait_for_selector(".legendtext[data-unformatted='moonshotai']")
    assert page.locator(".legendtext[data-unformatted='openai']").count() == 0
    assert "generation=3" in str(
        page.locator("a.action", has_text="CSV").first.get_attribute("href")
    )


def test_nothing_is_asked_of_any_other_machine(settings: Settings) -> None:
    """Scripts, styles, fonts: all from here."""
    asked: list[str] = []
    with dashboard(settings.published / NEWEST) as url, browser() as chromium:
        page = chromium.new_page()
        page.on("request", lambda request: asked.append(request.url))
        problems: list[str] = []
        page.on(
            "console",
            lambda message: problems.append(message.text) if message.type == "error" else None,
        )
        page.goto(f"{url}/market")
        settled(page)
    assert [address for address in asked if not address.startswith((url, "data:", "blob:"))] == []
    assert problems == []


def test_the_browsers_plotly_is_the_one_that_figures_are_made_for() -> None:
    """The small bundle in the assets is of the version that Python's plotly brings whole; docs/decisions/0012 says how to renew it."""
    head = (files("dashboards") / "assets" / "plotly-basic.min.js").read_text()[:200]
    assert f"v{get_plotlyjs_version()}" in head


def test_a_picture_and_the_figures_can_be_downloaded(page: Page) -> None:
    """PNG and SVG are made in the browser; the CSV is what the card's query gives."""
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=kind).first.click()
        assert Path(waiting.value.path()).read_bytes().startswith(begin)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").first.click()
    rows = pl.read_csv(waiting.value.path())
    assert rows["tokens"].sum() == 600


def test_the_query_of_a_card_is_the_one_that_was_run(page: Page, settings: Settings) -> None:
    """A person who copies it gets the same figures."""
    page.get_by_text("Show the query").first.click()
    sql = page.locator("pre.query").first.inner_text()
    con = open_published(settings.published / NEWEST)
    assert con.sql(sql).pl()["tokens"].sum() == 600
    con.close()


def test_dark_and_light(page: Page) -> None:
    """The switch holds over pages and reloads."""
    page.locator("#scheme-switch").click()
    page.wait_for_selector("html[data-mantine-color-scheme=dark]")
    page.reload()
    settled(page)
    assert page.locator("html").get_attribute("data-scheme") == "dark"


def test_before_anything_is_published_the_page_says_what_to_do(tmp_path: Path) -> None:
    """And the first generation appears by itself."""
    settings = Settings(home=tmp_path / "home")
    settings.published.mkdir(parents=True)
    with dashboard(settings.published / NEWEST) as url, browser() as chromium:
        page = chromium.new_page()
        page.goto(f"{url}/market")
        page.get_by_text("Nothing is published yet").wait_for()
        published(settings)
        page.wait_for_selector("[data-generation='1']", timeout=15_000)


def test_a_generation_that_lacks_a_table_says_so(tmp_path: Path) -> None:
    """The card says what is amiss; the rest of the page stands."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    with dashboard(settings.published / NEWEST) as url, browser() as chromium:
        page = chromium.new_page()
        page.goto(f"{url}/market")
        settled(page)
        assert page.locator(".card .state").count() >= 1


def test_a_narrow_page_does_not_scroll_sideways(settings: Settings) -> None:
    """At 320 pixels everything is there, one below the other."""
    with dashboard(settings.published / NEWEST) as url, browser() as chromium:
        page = chromium.new_page(viewport={"width": 320, "height": 700})
        page.goto(f"{url}/market")
        settled(page)
        assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.parametrize(
    "asked",
    [
        "card=no-such",
        "page=/market&card=nothing",
        "page=/market&card=share&generation=99",
        "generation=x&card=y",
    ],
)
def test_a_download_of_what_is_not_there_says_so(settings: Settings, asked: str) -> None:
    """A crooked link is answered in a line, not with a trace."""
    with dashboard(settings.published / NEWEST) as url:
        answer = httpx.get(f"{url}/download/card.csv?{asked}")
    assert answer.status_code in (404, 410)
    assert "Traceback" not in answer.text


SHOWN = {
    "path": "/market",
    "generation": 2,
    "scheme": "light",
    "search": "",
    "whole": "w",
    "before": None,
}


def asking(url: str, of: str, **told: object) -> httpx.Response:
    """Send what a browser would send for the callback that has this input or output, but with these values."""
    [found] = [
        each
        for each in httpx.get(f"{url}/_dash-dependencies").json()
        if each["clientside_function"] is None
        and (
            of in each["output"]
            or of in [f"{given['id']}.{given['property']}" for given in each["inputs"]]
        )
    ]
    named = (
        [name.rpartition(".") for name in found["output"].strip(".").split("...")]
        if found["output"].startswith("..")
        else []
    )
    sent = {
        "output": found["output"], "outputs": [{"id": name, "property": kind} for name, _, kind in named], "changedPropIds": [],
        **{
            part: [{**given, "value": told.get(f"{given['id']}_{given['property']}", told.get(given["id"]))} for given in found[part]]
            for part in ("inputs", "state")
        },
    }  # fmt: skip
    return httpx.post(f"{url}/_dash-update-component", json=sent)


@pytest.mark.parametrize(
    "shown",
    [
        None,
        "x",
        [],
        {"path": "/market"},
        SHOWN,
        SHOWN | {"scheme": "<b>"},
        SHOWN | {"generation": "../../x"},
    ],
)
@pytest.mark.parametrize("places", [None, "x", {"0": 1}, [0, 0, -1, 10**30, "1", None, [2]]])
def test_what_a_browser_says_of_itself_is_anybodys(
    served: str, shown: object, places: object
) -> None:
    """Whatever it says is shown, seen or wanted: an answer, never a trace, and a path is never made of it."""
    filled = asking(served, "wanted.data", wanted=places, shown=shown)
    assert filled.status_code in (200, 204)
    assert ("card-share" in filled.text) == (shown == SHOWN and isinstance(places, list))
    given = {
        "url_pathname": "/market",
        "url_search": "?basis=top50",
        "generation": "../../x",
        "scheme": "light",
    }
    made = asking(served, "body.children", **given, shown=shown, seen=places)
    assert made.status_code == 200
    assert made.json()


CONTROLS = (
    Control("basis", "Basis", (("a", "A"), ("b", "B")), "a"),
    Control("load", "Load", default="0.5", kind="slider"),
)


@given(st.text())
def test_a_url_is_anybodys_text(search: str) -> None:
    """Whatever stands there, each control has one of its own values."""
    filters = read_filters("?" + search, CONTROLS)
    assert filters["basis"] in ("a", "b")
    assert 0 <= filters.number("load") <= 1


@given(st.sampled_from(["a", "b"]), st.floats(0, 1))
def test_a_link_holds_what_was_chosen(basis: str, load: float) -> None:
    """What goes into the URL comes out of it."""
    filters = read_filters(href("", basis=basis, load=load), CONTROLS)
    assert (filters["basis"], filters.number("load")) == (basis, load)


@given(
    st.text(),
    st.integers(),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none() | st.dates(),
)
def test_a_value_is_never_sql(
    text: str, number: int, real: float, truth: bool, day: object
) -> None:
    """Quotes, comments, `$names`: what a filter holds comes out of the query as it went in."""
    import duckdb

    con = duckdb.connect()
    text, number = text.replace("\x00", ""), number % 2**62
    made = Query(
        "select $text, $number, $real, $truth, $day",
        {"text": text, "number": number, "real": real, "truth": truth, "day": day},
    )
    assert con.sql(inlined(made)).fetchall() == [(text, number, pytest.approx(real), truth, day)]
