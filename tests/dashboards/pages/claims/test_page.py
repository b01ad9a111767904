"""The claims page: claims by verdict, and behind each verdict its figures and its query."""

from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import choose, find_serious, wait_for_page

from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.claims.page import CLAIMS
from dashboards.pages.claims.verdicts import VERDICTS
from dashboards.query import Query

pytestmark = pytest.mark.slow
OWN_VERDICTS = (
    "from claims qualify row_number() over "
    "(partition by claim_id order by basis != 'all', basis) = 1 order by claim_id"
)


def rows(generation: OpenGeneration, sql: str) -> pl.DataFrame:
    return generation.frame(Query(sql, is_verbatim=True))


def cards(generation: OpenGeneration, search: str) -> dict[str, Card]:
    listed = PageView(CLAIMS, generation, Theme(), search).cards()
    return {card.key: card for card in listed if isinstance(card, Card)}


def test_every_claim_has_its_cards(generation: OpenGeneration) -> None:
    """Each query behind a verdict runs on the published file, and its rows can be drawn."""
    for claim in rows(generation, "select distinct claim_id from claims")["claim_id"].to_list():
        for card in cards(generation, f"?claim={claim}").values():
            found = generation.frame(card.query)
            assert found.is_empty() or card.draw(found, Theme()) is not None, (claim, card.key)


@pytest.mark.parametrize("verdict", VERDICTS)
def test_the_filter_chooses_by_the_claims_own_verdict(
    generation: OpenGeneration, verdict: str
) -> None:
    """The counts above the list are the same."""
    found = cards(generation, f"?verdict={verdict}")
    listed = [card for key, card in found.items() if key.startswith("ledger")]
    shown = [name for card in listed for name in {*generation.frame(card.query)["claim_id"]}]
    own = rows(generation, OWN_VERDICTS).filter(pl.col("verdict") == verdict)
    assert sorted(shown) == own["claim_id"].to_list()


def test_claims_are_grouped_by_article(whole_url: str, chromium: Browser) -> None:
    """Each subject is a section with its statements; the links at the top name all of them."""
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    page.goto(f"{whole_url}/claims")
    text = wait_for_page(page).locator("main, body").first.inner_text()
    titles = ["Who serves more tokens", "Open models", "CANN as open source"]
    places = [text.index(title) for title in titles]
    assert places == sorted(places)
    # A statement stands in the section of its article.
    first = page.locator("#card-ledger")
    assert first.get_by_text("Chinese AI tops the US five weeks straight.").count() == 1
    assert first.get_by_text("CANN has opened 65 projects").count() == 0
    page.close()


def test_bases_that_share_a_query_share_a_card(generation: OpenGeneration) -> None:
    claim = rows(generation, "select claim_id from claims group by all having count(*) > 2")
    name = claim["claim_id"].sort()[0]
    evidence = [card for key, card in cards(generation, f"?claim={name}").items() if "evid" in key]
    assert len({card.query.sql for card in evidence}) == len(evidence)


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Any:
    permissions = ["clipboard-read", "clipboard-write"]
    page = chromium.new_context(base_url=whole_url, permissions=permissions).new_page()
    page.goto("/claims")
    return wait_for_page(page)


def test_from_a_verdict_to_the_query_behind_it(page: Any, generation: OpenGeneration) -> None:
    """Choose a verdict, open a claim, copy its query, run it in the SQL page."""
    expected = rows(generation, OWN_VERDICTS).filter(pl.col("verdict") == "contradicted")
    choose(page, "Verdict", "✗ contradicted")
    page.wait_for_url("**verdict=contradicted**")
    page.wait_for_function(
        "count => document.querySelectorAll('#card-ledger tbody tr').length === count",
        arg=expected.height,
    )
    statement = expected["statement"][0]
    page.locator("#card-ledger").get_by_role("link", name=statement).click()
    page.wait_for_selector("#card-statement")
    wait_for_page(page)
    assert page.locator(".quote").inner_text() == statement
    assert "✗ contradicted" in page.locator("#card-statement table").inner_text()
    card = page.locator("#card-evidence-1")
    card.get_by_text("Show the query").click()
    sql = card.locator("pre.query").inner_text()
    card.get_by_role("button", name="Copy", exact=True).click()
    assert page.evaluate("navigator.clipboard.readText()") == sql
    assert find_serious(page) == []
    card.get_by_role("link", name="Open in the SQL page").click()
    page.wait_for_selector("#sql-text")
    assert page.locator("#sql-text").input_value() == sql
    page.locator("#sql-run").click()
    page.wait_for_selector("#sql-count")
