"""The statements page: what is said of the market, and what the data say to it, basis by basis."""

import re
from collections.abc import Sequence
from functools import partial

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, Heading, Page
from dashboards.generations import Generation
from dashboards.pages.statements import figures, tables
from dashboards.query import Query, query

CLAIMS = Query(
    "select claim_id, any_value(statement) as statement from claims group by claim_id order by claim_id"
)
EMPTY = "The ledger has no such statement; `tokentide claims` lists those that it has."
NONE_OF_IT = "No statement has this verdict. Choose another, or all."
NEEDS = ("claims",)
# The tables of our own half are named so.
TIER = re.compile(r"\b(served|local|device)_")


def controls(generation: Generation) -> Sequence[Control]:
    """Those of one verdict, one statement, or all."""
    known = generation.frame(CLAIMS).rows() if "claims" in generation.tables else []
    options = [(claim, f"{claim}: {statement[:70]}") for claim, statement in known]
    verdicts = [(name, figures.verdict(name)) for name in figures.VERDICTS]
    return (
        Control("verdict", "Verdict", (("all", "All verdicts"), *verdicts), "all", "select"),
        Control("claim", "Statement", (("all", "All statements"), *options), "all", "select"),
    )


def cards(filters: Filters, generation: Generation) -> Sequence[Card | Heading]:
    """The ledger, or one statement with what is behind each of its verdicts."""
    verdicts = query("statements/verdicts", claim=filters["claim"], verdict="all")
    chosen = query("statements/verdicts", claim="all", verdict=filters["verdict"])
    if filters["claim"] == "all" or "claims" not in generation.tables:
        return (
            Card(
                "verdicts", "Verdicts", verdicts, tables.counts, unit="statements, by verdict", width="full", height=120, empty=EMPTY,
                needs=NEEDS,
            ),
            Card(
                "ledger", "The ledger", chosen, tables.ledger, unit="verdict on each basis; a statement leads to its figures",
                width="full", height=140, empty=NONE_OF_IT, needs=NEEDS,
            ),
        )  # fmt: skip
    return (*_one(verdicts), *_evidence(verdicts, generation))


def _one(verdicts: Query) -> Sequence[Card | Heading]:
    return (
        Card("statement", "The statement and its verdicts", verdicts, tables.statement, width="full", height=160, empty=EMPTY, needs=NEEDS),
        Card(
            "said-and-measured", "Said and measured", verdicts, figures.said_and_measured, unit="by basis, in the unit of the statement",
            width="full", height=260, empty=EMPTY, needs=NEEDS, note="A basis without a mark has no figure; the table above says why.",
        ),
    )  # fmt: skip


def _evidence(verdicts: Query, generation: Generation) -> Sequence[Card | Heading]:
    """A card for each query behind the verdicts; bases that share one share the card."""
    found: dict[str, list[str]] = {}
    for row in generation.frame(verdicts).to_dicts():
        if row["evidence_sql"]:
            found.setdefault(row["evidence_sql"].strip().rstrip(";"), []).append(row["basis"])
    return tuple(
        Card(
            f"evidence-{place}", f"Evidence, basis {', '.join(bases)}", Query(sql, is_whole=True), partial(tables.evidence, place=place),
            unit="the rows behind the verdict, as its query gives them", width="full", height=600,
            half="both" if TIER.search(sql) else "market",
            empty="The query behind the verdict finds no rows in this generation.",
        )
        for place, (sql, bases) in enumerate(found.items(), 1)
    )  # fmt: skip


STATEMENTS = Page(
    "/statements",
    "Statements",
    "What is said of the market, and what the data say to it, on each basis.",
    controls,
    lambda _: (),
    cards_from=cards,
)
