"""Ways to take a claim along: citation, address, and one zip for each query."""

import polars as pl
from support.dashboard.components import find_all, text_of

from dashboards.components.theme import Theme
from dashboards.pages.claims.take_along import claim_address, evidence_address, take_along_card

META = pl.DataFrame({"generation": [3], "published_at": [None], "citation": ["Source: a."]})
ROWS = [
    {
        "claim_id": "five-weeks",
        "statement": "Five weeks.",
        "basis": basis,
        "verdict": "supported",
        "evidence_sql": sql,
    }
    for basis, sql in (("all", "sum"), ("top9", "one"), ("top50", "one"), ("platform", "two"))
]


def test_bases_that_share_a_query_share_a_bundle() -> None:
    """The sum over all bases has none."""
    card = take_along_card(ROWS, claim_address("five-weeks"), has_evidence=True)
    made = card.draw(META, Theme())
    links = [link.href for link in find_all(made, "A")]
    assert links == [
        evidence_address("five-weeks:top9"),
        evidence_address("five-weeks:platform"),
    ]
    assert links[0] == "/download/evidence.zip?claim=five-weeks%3Atop9"
    assert "python recompute.py" in text_of(made)


def test_citation_bibtex_and_address_can_be_copied() -> None:
    """An address is copied with the host that shows it."""
    card = take_along_card(ROWS, claim_address("five-weeks"), has_evidence=False, extra=("run me",))
    made = card.draw(META, Theme())
    assert find_all(made, "A") == []
    buttons = [button.to_plotly_json()["props"] for button in find_all(made, "Button")]
    assert [button["aria-label"] for button in buttons] == [
        "Copy: Citation",
        "Copy: BibTeX",
        "Copy: Address",
        "Copy: Command",
    ]
    assert [button["data-copy"] for button in buttons[2:]] == [
        "/claims?claim=five-weeks",
        "run me",
    ]
    assert ["data-address" in button for button in buttons] == [False, False, True, False]
    assert "“Five weeks.” True whichever way you count" in text_of(made)


def test_the_same_claim_is_the_same_card() -> None:
    assert take_along_card(ROWS, "/x", has_evidence=True) == take_along_card(
        ROWS, "/x", has_evidence=True
    )
