"""The SQL page as a person uses it: ask, see, draw, take away, send; and what is refused says why."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from urllib.parse import quote

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Page
from support.browser import browser, dashboard, settled

from dashboards.components.grid import grid, shown_rows
from dashboards.components.theme import Look
from dashboards.pages.sql import figures
from dashboards.pages.sql.page import examples
from pipelines.publish import query

pytestmark = pytest.mark.slow
WEEKS = "select week_start, member, share from market_share_weekly where basis = 'platform' and dimension = 'weights' order by all"
SERIOUS = frozenset({"serious", "critical"})


@pytest.mark.parametrize(("title", "sql"), examples(), ids=[title[:30] for title, _ in examples()])
def test_every_example_finds_rows(whole: Path, title: str, sql: str) -> None:
    """On a home in which everything is; each begins with a line that says what it shows."""
    assert sql.startswith(f"-- {title}\n")
    assert query.frame(whole, sql, 30, 100).height > 0


def test_whole_numbers_beyond_a_browsers_stay_exact() -> None:
    """2^53 + 1 is not a number of JavaScript's, so it is shown as text; a column may be called anything."""
    rows = pl.DataFrame({"a.b": [2**53 + 1], "c": [7], "d": [None]})
    table: Any = grid(rows, Look(), "t")
    assert table.rowData == [{"c0": "9007199254740993", "c1": 7, "c2": None}]
    assert [column["headerName"] for column in table.columnDefs] == ["a.b", "c", "d"]


def test_a_wide_result_shows_fewer_rows() -> None:
    """A browser takes so many cells, not so many rows."""
    assert (
        shown_rows(
            pl.DataFrame({f"c{number}": range(5_000) for number in range(100)}), 10_000
        ).height
        == 4_000
    )


def test_what_is_drawn_first_is_sensible() -> None:
    """Time across, numbers up, names apart; without numbers nothing."""
    rows = pl.DataFrame(
        {"member": ["a", "b"], "week": ["2026-06-01"] * 2, "share": [0.25, None]}
    ).with_columns(pl.col("week").str.to_date())
    assert figures.suggested(rows) == figures.Choice("week", "share", "member")
    assert figures.suggested(rows.select("member")) == figures.Choice()
    drawn = figures.chart(rows, Look(), figures.suggested(rows))
    assert {trace.name: list(trace.y) for trace in drawn.data} == {"a": [0.25], "b": [None]}


@pytest.fixture(scope="module")
def served(whole: Path) -> Iterator[str]:
    with dashboard(whole) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Any]:
    with browser() as launched:
        yield launched


def ask(page: Page, sql: str) -> Page:
    """Type a query and run it by keyboard; the page once there is an answer to it."""
    page.locator("#sql-text").fill(sql)
    page.keyboard.press("Control+Enter")
    page.wait_for_selector("#sql-result .state.failed, #sql-count", timeout=20_000)
    return page


def test_ask_see_draw_take_away_and_send(whole: Path, served: str, chromium: Any) -> None:
    """Ctrl+Enter runs it; the rows are those of `tokentide sql`, in the chart, both downloads and behind the link, also on a telephone."""
    expected = query.frame(whole, WEEKS)
    page = chromium.new_page()
    page.goto(f"{served}/sql")
    ask(settled(page), WEEKS)
    assert page.locator("#sql-count").inner_text().startswith(f"{expected.height} rows in ")
    page.wait_for_selector("#sql-chart .main-svg")
    assert "share by week_start, each member by itself" in page.locator("#sql-chart").inner_text()
    page.get_by_label("As", exact=True).first.click()
    page.get_by_role("option", name="Bars").click()
    page.wait_for_selector("#sql-chart .bars .point")
    for kind, read in (("CSV", pl.read_csv), ("Parquet", pl.read_parquet)):
        with page.expect_download() as waiting:
            page.locator("#card-sql").get_by_role("link", name=kind).click()
        assert waiting.value.suggested_filename == f"sql-generation-1-simulated.{kind.lower()}"
        rows: Any = read(waiting.value.path())
        assert rows["share"].to_list() == pytest.approx(expected["share"].to_list())
        assert rows["member"].to_list() == expected["member"].to_list()
    link = page.locator("#card-sql").get_by_role("link", name="Link").get_attribute("href")
    other = chromium.new_page(color_scheme="dark", viewport={"width": 320, "height": 800})
    other.goto(served + str(link))
    other.wait_for_selector("#sql-chart .main-svg", timeout=20_000)
    assert other.locator("#sql-text").input_value() == WEEKS
    assert serious(settled(other)) == []
    paper = "getComputedStyle(document.querySelector('.ag-root-wrapper')).backgroundColor.match(/[0-9]+/g).map(Number)"
    assert max(other.evaluate(paper)) < 64
    assert other.evaluate("document.documentElement.scrollWidth") <= 320


def serious(page: Page) -> list[Any]:
    """What axe finds that keeps somebody out."""
    found = Axe().run(page).response["violations"]
    return [
        (problem["id"], node["target"])
        for problem in found
        for node in problem["nodes"]
        if problem["impact"] in SERIOUS
    ]


def test_a_link_without_run_waits_to_be_asked(served: str, chromium: Any) -> None:
    """It fills the editor, and that is all; a table's name goes in where the cursor is."""
    page = chromium.new_page()
    page.goto(f"{served}/sql?q={quote('from ')}")
    settled(page)
    assert page.locator("#sql-result").inner_text() == ""
    page.locator("summary", has_text="market_days").click()
    page.locator("#sql-text").press("End")
    page.get_by_role("button", name="Insert market_days").click()
    assert page.locator("#sql-text").input_value() == "from market_days"


def test_what_is_refused_says_why_and_the_next_query_runs(served: str, chromium: Any) -> None:
    """The reason is DuckDB's or ours, as text, with nothing of the file that was reached for; results are text and never markup."""
    page = chromium.new_page()
    page.goto(f"{served}/sql")
    ask(settled(page), "from read_csv('/etc/passwd')")
    assert (
        "file system operations are disabled by configuration"
        in page.locator(".sql-error").inner_text()
    )
    assert "root:x:" not in page.content()
    ask_again(page, "copy market_days to '/tmp/x.csv'", "That is no query")
    ask_again(page, "select nothing from market_days", 'Referenced column "nothing" not found')
    ask(page, """select '<img id="evil" src="x">' as "<b id=evil>name</b>", 1 as n""")
    page.wait_for_selector("#sql-grid .ag-cell")
    assert '<img id="evil" src="x">' in page.locator("#sql-grid").inner_text()
    assert page.locator("#evil").count() == 0


def ask_again(page: Page, sql: str, said: str) -> None:
    page.locator("#sql-text").fill(sql)
    page.keyboard.press("Control+Enter")
    page.locator(".sql-error", has_text=said).wait_for(timeout=20_000)
