"""The data page on a whole home: it agrees with itself, and figures lead to their bytes."""

import hashlib
from typing import Any

import polars as pl
import pytest
import zstandard
from playwright.sync_api import Browser
from support.dashboard.browser import choose, dashboard, find_serious, wait_for_page

from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.data.page import DATA
from dashboards.query import query
from pipelines.settings import Settings

pytestmark = pytest.mark.slow


def cards(generation: OpenGeneration, search: str = "") -> dict[str, Card]:
    listed = PageView(DATA, generation, Theme(), search).cards()
    return {card.key: card for card in listed if isinstance(card, Card)}


def test_restated_days_are_the_same_everywhere(generation: OpenGeneration) -> None:
    """In the summary, in the calendar and in their chart."""
    restated = generation.frame(query("data/summary"))["restated_days"][0]
    assert restated > 0
    days = generation.frame(query("data/days"))
    assert days.filter(pl.col("state") == "restated").height == restated
    assert generation.frame(query("data/restated_days")).height == restated


def test_every_identity_holds(generation: OpenGeneration) -> None:
    assert generation.frame(query("data/checks"))["rows_wrong"].to_list() == [0] * 7


def test_a_figure_leads_to_its_bytes(generation: OpenGeneration, whole_home: Settings) -> None:
    """A day leads to its answer's hash and file; the bytes of that file have the hash."""
    days = generation.frame(query("data/days")).filter(pl.col("state") == "restated")
    day = days.row(0, named=True)
    sha = day["answer_sha256"]
    answer = generation.frame(query("data/answer", answer=sha)).row(0, named=True)
    packed = (whole_home.home / answer["kept_in"]).read_bytes()
    content = zstandard.ZstdDecompressor().decompressobj().decompress(packed)
    assert hashlib.sha256(content).hexdigest() == sha
    assert len(content) == answer["bytes"]


def test_a_day_is_among_the_rows_of_its_answer(generation: OpenGeneration) -> None:
    days = generation.frame(query("data/days")).filter(pl.col("state") == "restated")
    day = days.row(0, named=True)
    tables = generation.frame(query("data/rests_on", answer=day["answer_sha256"]))
    row = tables.filter(pl.col("table_name") == "market_days").row(0, named=True)
    assert row["first_date"] <= day["date"] <= row["last_date"]


def test_an_answer_that_is_not_there_is_named_and_never_sql(generation: OpenGeneration) -> None:
    card = cards(generation, "?answer=';drop table x;--")["answer"]
    assert generation.frame(card.query).is_empty()
    assert "No answer has the hash ';drop table x;--" in card.empty


def test_without_a_chosen_answer_its_cards_are_not_there(generation: OpenGeneration) -> None:
    assert "answer" not in cards(generation)


def test_a_source_narrows_the_answers(generation: OpenGeneration) -> None:
    card = cards(generation, "?source=rankings_daily")["answers"]
    assert set(generation.frame(card.query)["source"]) == {"rankings_daily"}


@pytest.fixture
def page(whole: Any, chromium: Browser) -> Any:
    with dashboard(whole, dagster_url="http://127.0.0.1:3000") as url:
        page = chromium.new_context(base_url=url).new_page()
        page.goto("/data")
        yield wait_for_page(page)


def test_from_a_table_to_the_raw_answer(page: Any) -> None:
    """A chosen source narrows the table and its CSV; a hash leads to the request."""
    page.get_by_role("link", name="Runs ↗").wait_for()
    choose(page, "Source", "rankings_daily")
    page.wait_for_url("**source=rankings_daily**")
    page.wait_for_timeout(500)
    wait_for_page(page)
    page.wait_for_function(
        "() => [...document.querySelectorAll('#card-answers .ag-cell[col-id=source]')]"
        ".every(cell => cell.textContent === 'rankings_daily')"
    )
    with page.expect_download() as waiting:
        page.locator("#card-answers").get_by_role("link", name="CSV").click()
    rows = pl.read_csv(waiting.value.path())
    assert set(rows["source"]) == {"rankings_daily"}
    page.locator("#card-answers .ag-cell a").first.click()
    page.wait_for_selector("#card-answer dl")
    sha = page.url.partition("answer=")[2].partition("&")[0]
    facts = page.locator("#card-answer dl").inner_text()
    assert f"raw/bodies/{sha[:2]}/{sha}.zst" in facts
    assert rows.filter(pl.col("sha256") == sha)["url"][0] in facts
    assert "market_" in page.locator("#card-rests-on table").inner_text()
    assert find_serious(wait_for_page(page)) == []
