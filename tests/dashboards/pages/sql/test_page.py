"""The SQL page as a person uses it: run, see, draw, download, send; refusals say why."""

from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from playwright.sync_api import Browser, Page
from support.dashboard.browser import find_serious, wait_for_page
from support.dashboard.components import find_all, text_of

from dashboards.components.filters import read_filters
from dashboards.generations import OpenGeneration
from dashboards.pages.sql.page import SQL, body, examples
from pipelines.publish import query

pytestmark = pytest.mark.slow
WEEKS = (
    "select week_start, member, share from market_share_weekly "
    "where basis = 'platform' and dimension = 'weights' order by all"
)
PAPER = (
    "getComputedStyle(document.querySelector('.ag-root-wrapper'))"
    ".backgroundColor.match(/[0-9]+/g).map(Number)"
)


@pytest.mark.parametrize(("title", "sql"), examples(), ids=[title[:30] for title, _ in examples()])
def test_every_example_finds_rows(whole: Path, title: str, sql: str) -> None:
    """Each begins with a line that says what it shows."""
    assert sql.startswith(f"-- {title}\n")
    assert query.frame(whole, sql, 30, 100).height > 0


@pytest.mark.parametrize(
    ("search", "sql", "clicks"),
    [
        ("", examples()[0][1], 0),
        ("?q=select 1", "select 1", 0),
        ("?q=select 1&run=1", "select 1", 1),
        ("?run=1", examples()[0][1], 0),
    ],
)
def test_a_link_fills_the_editor_and_may_run_it(
    generation: OpenGeneration, search: str, sql: str, clicks: int
) -> None:
    """Without a query in it, a link runs nothing."""
    made = body(generation, read_filters(search, SQL.controls(generation)))
    [editor] = find_all(made, "Textarea")
    [run] = [button for button in find_all(made, "Button") if text_of(button) == "Run"]
    assert (editor.value, run.n_clicks) == (sql, clicks)


def test_every_table_is_described_beside_the_editor(generation: OpenGeneration) -> None:
    made = body(generation, read_filters("", SQL.controls(generation)))
    summaries = [text_of(each) for each in find_all(made, "Summary")]
    assert len(summaries) == len(generation.tables)
    assert any(text.startswith("market_days  45 rows") for text in summaries)


def run(page: Page, sql: str) -> Page:
    """Type a query, run it by keyboard, and return the page once it has a result."""
    page.locator("#sql-text").fill(sql)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#sql-result .state.failed, #sql-count", timeout=60_000)
    return page


def test_run_see_draw_and_download(whole: Path, whole_url: str, chromium: Browser) -> None:
    """The rows are those of `tokentide sql`, in the chart and in both downloads."""
    expected = query.frame(whole, WEEKS)
    page = chromium.new_page()
    page.goto(f"{whole_url}/sql")
    run(wait_for_page(page), WEEKS)
    assert page.locator("#sql-count").inner_text().startswith(f"{expected.height} rows in ")
    page.wait_for_selector("#sql-chart .main-svg")
    assert "share by week_start, each member by itself" in page.locator("#sql-chart").inner_text()
    page.get_by_label("As", exact=True).first.click()
    page.get_by_role("option", name="Bars").click()
    page.wait_for_selector("#sql-chart .bars .point", timeout=60_000)
    for kind, read in (("CSV", pl.read_csv), ("Parquet", pl.read_parquet)):
        with page.expect_download() as waiting:
            page.locator("#card-sql").get_by_role("link", name=kind).click()
        assert waiting.value.suggested_filename == f"sql-generation-1-simulated.{kind.lower()}"
        rows: Any = read(waiting.value.path())
        assert rows["share"].to_list() == pytest.approx(expected["share"].to_list())
        assert rows["member"].to_list() == expected["member"].to_list()


def test_a_link_shows_the_same_on_a_dark_phone(whole_url: str, chromium: Browser) -> None:
    page = chromium.new_page(color_scheme="dark", viewport={"width": 320, "height": 800})
    page.goto(f"{whole_url}/sql?q={quote(WEEKS)}&run=1")
    page.wait_for_selector("#sql-chart .main-svg", timeout=60_000)
    assert page.locator("#sql-text").input_value() == WEEKS
    assert find_serious(wait_for_page(page)) == []
    assert max(page.evaluate(PAPER)) < 64
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


def test_a_link_without_run_waits(whole_url: str, chromium: Browser) -> None:
    """It fills the editor, and that is all; a table's name goes in at the cursor."""
    page = chromium.new_page()
    page.goto(f"{whole_url}/sql?q={quote('from ')}")
    wait_for_page(page)
    assert page.locator("#sql-result").inner_text() == ""
    page.locator("summary", has_text="market_days").click()
    page.locator("#sql-text").press("End")
    page.get_by_role("button", name="Insert market_days").click()
    assert page.locator("#sql-text").input_value() == "from market_days"


def test_a_refusal_says_why_and_the_next_query_runs(whole_url: str, chromium: Browser) -> None:
    """The reason is text, with nothing of the file that was reached for."""
    page = chromium.new_page()
    page.goto(f"{whole_url}/sql")
    run(wait_for_page(page), "from read_csv('/etc/passwd')")
    error = page.locator(".sql-error").inner_text()
    assert "file system operations are disabled by configuration" in error
    assert "root:x:" not in page.content()
    for sql, reason in (
        ("copy market_days to '/tmp/x.csv'", "That is no query"),
        ("select nothing from market_days", 'Referenced column "nothing" not found'),
    ):
        page.locator("#sql-text").fill(sql)
        page.keyboard.press("Control+Enter")
        page.locator(".sql-error", has_text=reason).wait_for(timeout=60_000)


def test_results_are_text_and_never_markup(whole_url: str, chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(f"{whole_url}/sql")
    sql = """select '<img id="evil" src="x">' as "<b id=evil>name</b>", 1 as n"""
    run(wait_for_page(page), sql)
    page.wait_for_selector("#sql-grid .ag-cell")
    assert '<img id="evil" src="x">' in page.locator("#sql-grid").inner_text()
    assert page.locator("#evil").count() == 0
