"""The statements page: the ledger by verdict, and behind each verdict its figures, its query and who said it."""

from collections.abc import Iterator
from datetime import date
from pathlib import Path
from typing import Any

import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from dashboards.pages.statements import figures
from dashboards.pages.statements.page import STATEMENTS
from dashboards.pages.statements.tables import counts, ledger, number
from playwright.sync_api import Page
from support.browser import browser, dashboard, settled

from dashboards.components.filters import read_filters
from dashboards.components.page import Card
from dashboards.components.theme import Look
from dashboards.export.static_html import markup
from dashboards.generations import Generation, Published, Sources
from pipelines.publish import query
from warehouse.connection import open_published

pytestmark = pytest.mark.slow
OWN_VERDICTS = "from claims qualify row_number() over (partition by claim_id order by basis != 'all', basis) = 1 order by claim_id"
SERIOUS = frozenset({"serious", "critical"})


def claims(*lines: tuple[str, str, str]) -> pl.DataFrame:
    """Rows of the ledger: (statement, basis, verdict)."""
    said = {"said_by": None, "said_on": date(2026, 4, 6)}
    return pl.DataFrame(
        [
            {"claim_id": name, "statement": name, "basis": basis, "verdict": verdict, **said}
            for name, basis, verdict in lines
        ]
    )


LINES = claims(
    ("first", "all", "depends_on_basis"),
    ("first", "top50", "supported"),
    ("first", "platform", "contradicted"),
    ("second", "report", "unverifiable"),
)


def test_a_statement_counts_once_by_its_own_verdict() -> None:
    """That over all bases, or the one on its only basis; a verdict that none has is said as 0, with its meaning."""
    text = markup(counts(LINES, Look()))
    for name, count in {
        "depends on basis": 1,
        "unverifiable": 1,
        "supported": 0,
        "contradicted": 0,
    }.items():
        assert f'{name}</div><div class="tile-value">{count}</div>' in text


def test_the_ledger_says_each_basis_and_who_is_unknown() -> None:
    """In words and signs, so that no colour is needed; a basis without a verdict is not listed."""
    text = markup(ledger(LINES, Look()))
    assert (
        '<li>platform: <span class="verdict">✗ contradicted</span></li><li>top50: <span class="verdict">✓ supported</span></li>'
        in text
    )
    assert '<td>unknown</td><td class="day">2026-04-06</td>' in text
    assert "one basis only" in text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0.0, "0"),
        (0.123456, "0.1235"),
        (1234.5, "1,234"),
        (140e12, "140,000,000,000,000"),
    ],
)
def test_a_figure_that_is_not_known_is_not_zero(value: float | None, text: str) -> None:
    """Whatever its size."""
    assert number(value) == text


def test_what_is_not_known_has_no_mark() -> None:
    """A statement without a figure draws an empty chart, not a 0."""
    rows = pl.DataFrame(
        {"basis": ["a"], "unit": ["share"], "measured": [None], "expected": [None]},
        schema_overrides={"measured": pl.Float64},
    )
    drawn = figures.said_and_measured(rows, Look())
    assert [list(trace.x) for trace in drawn.data if trace.x] == []


@pytest.fixture(scope="module")
def generation(whole: Path) -> Generation:
    found = Published(Sources(whole, open_published, query.frame)).newest()
    assert found
    return found


def test_every_statement_has_its_cards(generation: Generation) -> None:
    """Each query behind a verdict runs on the published file, and what it finds can be drawn."""
    for claim in generation.frame(query_of("select distinct claim_id from claims"))[
        "claim_id"
    ].to_list():
        filters = read_filters(f"?claim={claim}", STATEMENTS.controls(generation))
        for card in STATEMENTS.cards_for(filters, generation):
            if isinstance(card, Card) and (rows := generation.frame(card.query)).height:
                assert card.draw(rows, Look()) is not None, (claim, card.key)


def query_of(sql: str) -> Any:
    from dashboards.query import Query

    return Query(sql, is_whole=True)


@pytest.mark.parametrize("verdict", figures.VERDICTS)
def test_the_filter_chooses_by_the_statements_own_verdict(
    generation: Generation, verdict: str
) -> None:
    """The same count as above the ledger."""
    filters = read_filters(f"?verdict={verdict}", STATEMENTS.controls(generation))
    [shown] = [
        card
        for card in STATEMENTS.cards_for(filters, generation)
        if isinstance(card, Card) and card.key == "ledger"
    ]
    own = generation.frame(query_of(OWN_VERDICTS)).filter(pl.col("verdict") == verdict)
    assert sorted(set(generation.frame(shown.query)["claim_id"])) == own["claim_id"].to_list()


@pytest.fixture(scope="module")
def page(whole: Path) -> Iterator[Page]:
    with dashboard(whole) as url, browser() as chromium:
        page = chromium.new_context(
            base_url=url, permissions=["clipboard-read", "clipboard-write"]
        ).new_page()
        page.goto("/statements")
        yield settled(page)


def test_from_a_verdict_to_the_query_behind_it(page: Page, generation: Generation) -> None:
    """Choose a verdict, open a statement, see who said it and what was measured, copy the query, run it in the SQL page."""
    expected = generation.frame(query_of(OWN_VERDICTS)).filter(pl.col("verdict") == "contradicted")
    page.get_by_role("combobox", name="Verdict").or_(
        page.get_by_role("textbox", name="Verdict")
    ).first.click()
    page.get_by_role("option", name="✗ contradicted").click()
    page.wait_for_url("**verdict=contradicted**")
    page.wait_for_function(
        f"() => document.querySelectorAll('#card-ledger tbody tr').length === {expected.height}"
    )
    statement = expected["statement"][0]
    page.locator("#card-ledger").get_by_role("link", name=statement).click()
    page.wait_for_selector("#card-statement")
    settled(page)
    assert page.locator(".quote").inner_text() == statement
    assert "✗ contradicted" in page.locator("#card-statement table").inner_text()
    card = page.locator("#card-evidence-1")
    card.get_by_text("Show the query").click()
    sql = card.locator("pre.query").inner_text()
    card.get_by_role("button", name="Copy", exact=True).click()
    assert page.evaluate("navigator.clipboard.readText()") == sql
    problems = Axe().run(page).response["violations"]
    assert [problem["id"] for problem in problems if problem["impact"] in SERIOUS] == []
    card.get_by_role("link", name="Open in the SQL page").click()
    page.wait_for_selector("#sql-text")
    assert page.locator("#sql-text").input_value() == sql
    page.locator("#sql-run").click()
    page.wait_for_selector("#sql-count", timeout=20_000)
