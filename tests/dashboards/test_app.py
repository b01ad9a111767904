"""The app in a browser: choices in the URL, new generations, downloads, no requests elsewhere."""

from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path

import httpx
import polars as pl
import pytest
from playwright.sync_api import Browser, Page
from support.dashboard.browser import (
    dashboard,
    wait_for_page,
    watch_errors,
    watch_requests,
)
from support.published import MARTS, published, warehouse_of

from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings
from warehouse.connection import open_published

SHARES = Path(__file__).with_name("shares.sql").read_text()


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home with one generation that has shares."""
    settings = Settings(home=tmp_path / "home")
    published(settings, f"{MARTS}; {SHARES}")
    return settings


@pytest.fixture
def url(settings: Settings) -> Iterator[str]:
    with dashboard(settings.published / NEWEST) as url:
        yield url


@pytest.fixture
def page(url: str, chromium: Browser) -> Page:
    """Return a browser's page on the market."""
    page = chromium.new_context().new_page()
    page.goto(f"{url}/market")
    return wait_for_page(page)


@pytest.mark.parametrize(
    ("old", "new"),
    [
        ("/statements", "/claims"),
        ("/statements?claim=five_weeks", "/claims?claim=five_weeks"),
        ("/statements?verdict=a%26b", "/claims?verdict=a%26b"),
    ],
)
def test_the_old_path_of_a_page_leads_to_the_new_one(url: str, old: str, new: str) -> None:
    """Links that were sent keep working, with the choices in them."""
    response = httpx.get(url + old)
    assert (response.status_code, response.headers["location"]) == (301, new)
    assert httpx.get(url + old, follow_redirects=True).status_code == 200


def test_assets_are_served_the_small_plotly_among_them(url: str) -> None:
    index = httpx.get(url).text
    for name in ("tokentide.js", "sql.js", "grid.js", "charts.js"):
        [script] = [part for part in index.split('"') if part.startswith(f"/assets/{name}")]
        assert httpx.get(url + script).status_code == 200
    # It is preloaded, and named for the script that runs it.
    plotly = [part for part in index.split('"') if part.startswith("/assets/vendor/plotly-basic")]
    assert len(plotly) == 2
    assert httpx.get(url + plotly[0]).status_code == 200
    assert '<html lang="en">' in index


@pytest.mark.slow
def test_a_choice_goes_into_the_url_and_comes_back_from_it(page: Page) -> None:
    """A link can be sent to somebody else, and the back button undoes the choice."""
    page.get_by_text("Top 50", exact=True).click()
    page.wait_for_url("**basis=top50**")
    other = page.context.new_page()
    other.goto(page.url)
    wait_for_page(other)
    assert other.get_by_role("radio", name="Top 50").is_checked()
    page.go_back()
    page.wait_for_function(
        "() => document.querySelector('.card-unit')?.innerText.includes('platform')"
    )


@pytest.mark.slow
def test_a_new_generation_appears_without_a_reload(page: Page, settings: Settings) -> None:
    """The page asks every few seconds, and then everything on it is of the new generation."""
    assert page.locator("[data-generation]").get_attribute("data-generation") == "1"
    change = "update marts.market_share_weekly set member = 'moonshotai' where member = 'openai'"
    with warehouse_of(settings) as con:
        con.execute(change)
    publish(settings, datetime(2026, 6, 20, 11, tzinfo=UTC))
    page.wait_for_selector("[data-generation='2']", timeout=30_000)
    page.wait_for_selector(".legendtext[data-unformatted='moonshotai']")
    assert page.locator(".legendtext[data-unformatted='openai']").count() == 0
    csv = page.locator("a.action", has_text="CSV").first
    assert "generation=2" in str(csv.get_attribute("href"))


@pytest.mark.slow
def test_nothing_is_requested_of_another_machine(url: str, chromium: Browser) -> None:
    """Scripts, styles and fonts are all ours."""
    page = chromium.new_page()
    requests, errors = watch_requests(page), watch_errors(page)
    page.goto(f"{url}/market")
    wait_for_page(page)
    ours = (url, "data:", "blob:")
    assert [address for address in requests if not address.startswith(ours)] == []
    assert errors == []


@pytest.mark.slow
def test_pictures_and_figures_can_be_downloaded(page: Page) -> None:
    """PNG and SVG are made in the browser; the CSV is the result of the card's query."""
    for kind, begin in (("PNG", b"\x89PNG"), ("SVG", b"<svg")):
        with page.expect_download() as waiting:
            page.get_by_role("button", name=kind).first.click()
        assert Path(waiting.value.path()).read_bytes().startswith(begin)
    with page.expect_download() as waiting:
        page.get_by_role("link", name="CSV").first.click()
    assert pl.read_csv(waiting.value.path())["tokens"].sum() == 600


@pytest.mark.slow
def test_the_query_of_a_card_is_the_one_that_was_run(page: Page, settings: Settings) -> None:
    """A person who copies it gets the same figures."""
    page.get_by_text("Show the query").first.click()
    sql = page.locator("pre.query").first.inner_text()
    with open_published(settings.published / NEWEST) as con:
        assert con.sql(sql).pl()["tokens"].sum() == 600


@pytest.mark.slow
def test_the_colour_scheme_holds_over_reloads(page: Page) -> None:
    page.locator("#scheme-switch").click()
    # The browser has stored the choice once the page knows of it.
    page.wait_for_selector("html[data-mantine-color-scheme=dark][data-scheme=dark]")
    page.reload()
    wait_for_page(page)
    page.wait_for_selector("html[data-scheme=dark]")


@pytest.mark.slow
def test_the_first_generation_appears_by_itself(tmp_path: Path, chromium: Browser) -> None:
    """Before it, the page says what to run."""
    settings = Settings(home=tmp_path / "empty")
    settings.published.mkdir(parents=True)
    with dashboard(settings.published / NEWEST) as url:
        page = chromium.new_page()
        page.goto(f"{url}/market")
        page.get_by_text("Nothing is published yet").wait_for()
        published(settings)
        page.wait_for_selector("[data-generation='1']", timeout=30_000)


@pytest.mark.slow
def test_a_generation_that_lacks_tables_shows_the_rest(page: Page) -> None:
    """Each card without its table says so."""
    assert page.get_by_text("Not in this generation").count() > 3
    assert page.locator("#card-share .main-svg").count() > 0


@pytest.mark.slow
def test_a_narrow_page_does_not_scroll_sideways(url: str, chromium: Browser) -> None:
    """At 320 pixels everything is there, one below the other."""
    page = chromium.new_page(viewport={"width": 320, "height": 700})
    page.goto(f"{url}/market")
    wait_for_page(page)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320
