"""The data page: which days are there and why not, what moved, and the way from a figure to the bytes that it rests on."""

import hashlib
from collections.abc import Iterator
from datetime import UTC, date, datetime
from pathlib import Path
from typing import Any

import polars as pl
import pytest
import zstandard
from axe_playwright_python.sync_playwright import Axe
from hypothesis import given
from hypothesis import strategies as st
from playwright.sync_api import Page
from support.browser import browser, dashboard, settled

from dashboards.components.filters import read_filters
from dashboards.components.page import Card
from dashboards.components.theme import Look
from dashboards.export.static_html import markup
from dashboards.generations import Generation, Published, Sources
from dashboards.pages.data import figures
from dashboards.pages.data.page import DATA
from dashboards.pages.data.tables import checks, facts, linked, summary
from dashboards.query import query as asked
from pipelines.publish import query
from pipelines.settings import Settings
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
SERIOUS = frozenset({"serious", "critical"})
NOON = datetime(2026, 6, 20, 12, tzinfo=UTC)


def days(*states: tuple[str, str]) -> pl.DataFrame:
    """Rows of the calendar: (day, state)."""
    rows = [
        {
            "date": date.fromisoformat(day),
            "state": state,
            "platform_tokens": None,
            "version": None,
            "as_of": None,
            "answer_sha256": "ab" * 32,
        }
        for day, state in states
    ]
    return pl.DataFrame(
        rows,
        schema_overrides={
            "platform_tokens": pl.Int64,
            "version": pl.Int64,
            "as_of": pl.Datetime("us", "UTC"),
        },
    )


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_each_day_has_a_square_of_its_own(day: date) -> None:
    """Weeks go from Monday; the last of a year has room too."""
    assert 0 <= figures.week_of_year(day) <= 53
    monday = day.weekday() == 0 and day.timetuple().tm_yday > 1
    before = day.toordinal() - 1
    if day.timetuple().tm_yday > 1:
        assert figures.week_of_year(day) - figures.week_of_year(date.fromordinal(before)) == int(
            monday
        )


def test_the_calendar_tells_why_a_day_is_not_there() -> None:
    """A year a row; each state a sign and a count, an unknown total not a 0, and a way to the raw answer."""
    drawn = figures.calendar(
        days(("2025-12-31", "missing"), ("2026-01-01", "restated"), ("2026-01-02", "not asked")),
        Look(),
    )
    [old, new] = [trace for trace in drawn.data if trace.type == "bar"]
    assert (old.text, old.x) == (("m",), (figures.week_of_year(date(2025, 12, 31)),))
    assert [round(base + figures.CELL / 2) for base in new.base] == [3, 4]
    assert (new.x[0], new.hovertext[0]) == (0, "Thu 2026-01-01: restated")
    assert new.customdata[0] == f"/data?answer={'ab' * 32}"
    keys = [trace.name for trace in drawn.data if trace.type == "scatter"]
    assert keys == ["restated (r): 1 days", "missing (m): 1 days", "not asked (·): 1 days"]


@pytest.mark.parametrize(
    ("largest", "form"),
    [(0.25, ".0%"), (0.012, ".1%"), (0.000045, ".4%"), (0.0, ".0%"), (1e-12, ".6%")],
)
def test_percentages_have_the_digits_that_they_need(largest: float, form: str) -> None:
    """A change of 0.0045 % is not drawn on an axis that says 0.00 % everywhere."""
    assert figures.percent(pl.Series([largest, -largest / 2, None])) == form


def test_a_withdrawn_figure_is_no_change_of_size_zero() -> None:
    """It has a sign of its own, which says that it has no size."""
    rows = pl.DataFrame(
        {"date": [date(2026, 6, 1)] * 2, "model_permaslug": ["a", "b"], "change_ratio": [0.01, None], "is_withdrawn": [False, True],
         "answer_sha256": ["ab" * 32] * 2}
    )  # fmt: skip
    drawn = figures.restatements(rows, Look())
    assert [(trace.name, list(trace.text)) for trace in drawn.data] == [
        ("restated", ["a"]),
        ("withdrawn, at 0 for want of a size", ["b"]),
    ]


def test_a_broken_identity_is_counted() -> None:
    """In words and a sign."""
    text = markup(
        checks(
            pl.DataFrame({"claim": ["x", "y"], "tables": ["t", "t"], "rows_wrong": [0, 1234]}),
            Look(),
        )
    )
    assert "✓ holds" in text
    assert "✗ broken by 1,234 rows" in text


def test_hashes_lead_to_their_answer() -> None:
    """And instants are in UTC to the second."""
    table: Any = linked(
        pl.DataFrame({"fetched_at": [NOON], "sha256": ["ab" * 32]}), Look(), "sha256"
    )
    assert table.rowData == [
        {
            "fetched_at": "2026-06-20 12:00:00",
            "sha256": f"[abababababab…](/data?answer={'ab' * 32})",
        }
    ]


def test_the_same_bytes_that_came_twice_are_told_once() -> None:
    """With the newest request, and that there were two."""
    text = markup(
        facts(
            pl.DataFrame(
                {"fetched_at": [NOON, NOON], "url": ["<b>u</b>"] * 2, "reason": [None, None]}
            ),
            Look(),
        )
    )
    assert "<dd>2026-06-20 12:00 UTC</dd>" in text
    assert "&lt;b&gt;u&lt;/b&gt;" in text
    assert "came 2 times" in text


def test_links_to_dagster_only_where_one_runs(generation: Generation) -> None:
    """Else it is said that no address was given."""
    rows = generation.frame(asked("data/summary"))
    assert "No address of Dagster" in markup(summary(rows, Look()))
    there = str(summary(rows, Look(), "http://127.0.0.1:3000/"))
    assert [path in there for path in ("http://127.0.0.1:3000/runs", "/assets", "/automation")] == [
        True
    ] * 3


@pytest.fixture(scope="module")
def generation(whole: Path) -> Generation:
    found = Published(Sources(whole, open_published, query.frame)).newest()
    assert found
    return found


def test_the_page_agrees_with_itself(generation: Generation) -> None:
    """Restated days in the summary, in the calendar and in their chart are the same; each identity holds."""
    restated = generation.frame(asked("data/summary"))["restated_days"][0]
    assert restated > 0
    assert (
        generation.frame(asked("data/days")).filter(pl.col("state") == "restated").height
        == restated
    )
    assert generation.frame(asked("data/restated_days")).height == restated
    assert generation.frame(asked("data/checks"))["rows_wrong"].sum() == 0


def test_every_figure_leads_to_the_bytes_that_it_rests_on(
    generation: Generation, whole_home: Settings
) -> None:
    """From a day to its answer's hash, URL, instant and file; the file's bytes have that hash, and the day is among what rests on it."""
    row = (
        generation.frame(asked("data/days"))
        .filter(pl.col("state") == "restated")
        .row(0, named=True)
    )
    answer = generation.frame(asked("data/answer", answer=row["answer_sha256"])).row(0, named=True)
    kept = (
        zstandard.ZstdDecompressor()
        .decompressobj()
        .decompress((whole_home.home / answer["kept_in"]).read_bytes())
    )
    assert hashlib.sha256(kept).hexdigest() == row["answer_sha256"]
    assert len(kept) == answer["bytes"]
    resting = generation.frame(asked("data/rests_on", answer=row["answer_sha256"])).filter(
        pl.col("table_name") == "market_days"
    )
    assert resting["first_date"][0] <= row["date"] <= resting["last_date"][0]


def test_an_answer_that_is_not_there_is_said_so(generation: Generation) -> None:
    """Whatever the URL says: no answer has that hash, and it is no SQL either."""
    filters = read_filters("?answer=';drop table x;--", DATA.controls(generation))
    [card] = [
        card
        for card in DATA.cards_for(filters, generation)
        if isinstance(card, Card) and card.key == "answer"
    ]
    assert generation.frame(card.query).is_empty()
    assert "No answer has the hash ';drop table x;--" in card.empty


@pytest.fixture(scope="module")
def page(whole: Path) -> Iterator[Page]:
    with dashboard(whole, dagster_url="http://127.0.0.1:3000") as url, browser() as chromium:
        page = chromium.new_context(base_url=url).new_page()
        page.goto("/data")
        yield settled(page)


def test_from_a_table_to_the_raw_answer(page: Page) -> None:
    """A hash leads to the request and to what rests on it; a source chosen narrows the answers; the CSV has what is shown."""
    page.get_by_role("link", name="Runs ↗").wait_for()
    page.get_by_role("combobox", name="Source").or_(
        page.get_by_role("textbox", name="Source")
    ).first.click()
    page.get_by_role("option", name="rankings_daily", exact=True).click()
    page.wait_for_url("**source=rankings_daily**")
    page.wait_for_timeout(500)
    settled(page)
    page.wait_for_function(
        "() => [...document.querySelectorAll('#card-answers .ag-cell[col-id=source]')].every(cell => cell.textContent === 'rankings_daily')"
    )
    with page.expect_download() as waiting:
        page.locator("#card-answers").get_by_role("link", name="CSV").click()
    rows = pl.read_csv(waiting.value.path())
    assert set(rows["source"]) == {"rankings_daily"}
    page.locator("#card-answers .ag-cell a").first.click()
    page.wait_for_selector("#card-answer dl")
    sha = page.url.partition("answer=")[2].partition("&")[0]
    said = page.locator("#card-answer dl").inner_text()
    assert f"raw/bodies/{sha[:2]}/{sha}.zst" in said
    assert rows.filter(pl.col("sha256") == sha)["url"][0] in said
    assert "market_" in page.locator("#card-rests-on table").inner_text()
    problems = Axe().run(settled(page)).response["violations"]
    assert [problem["id"] for problem in problems if problem["impact"] in SERIOUS] == []
