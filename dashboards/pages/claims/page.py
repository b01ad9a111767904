"""The claims page: public statements about the market, checked against the data basis by basis."""

import re
from collections.abc import Sequence

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed, rows_only
from dashboards.generations import OpenGeneration
from dashboards.pages.claims import figures, tables
from dashboards.pages.claims.verdicts import VERDICTS, format_verdict
from dashboards.query import Query, query

NO_CLAIM = "There is no such claim; `tokentide claims` lists all of them."
NO_VERDICT = "No claim has this verdict. Choose another, or all."
NEEDS = ("claims",)
# The tables of our own half have these prefixes.
TIER_TABLE = re.compile(r"\b(served|local|device)_")


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: the claims of one verdict, or one claim."""
    has_claims = "claims" in generation.tables
    known = generation.frame(query("claims/names")).rows() if has_claims else []
    options = [(name, f"{name}: {statement[:70]}") for name, statement in known]
    verdicts = [(name, format_verdict(name)) for name in VERDICTS]
    return (
        Control(
            name="verdict",
            label="Verdict",
            options=(("all", "All verdicts"), *verdicts),
            default="all",
            kind="select",
        ),
        Control(
            name="claim",
            label="Claim",
            options=(("all", "All claims"), *options),
            default="all",
            kind="select",
        ),
    )


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return all claims, or one claim with the evidence for each of its verdicts."""
    verdicts = query("claims/verdicts", claim=filters["claim"], verdict="all")
    if filters["claim"] != "all" and "claims" in generation.tables:
        return (*_claim_cards(verdicts), *_evidence_cards(verdicts, generation))
    return _list_cards(verdicts, query("claims/verdicts", claim="all", verdict=filters["verdict"]))


def _list_cards(verdicts: Query, chosen: Query) -> Sequence[Listed]:
    return (
        Card(
            key="verdicts",
            title="Verdicts",
            query=verdicts,
            draw=rows_only(tables.counts),
            unit="claims, by verdict",
            width="full",
            height=120,
            empty=NO_CLAIM,
            needs=NEEDS,
        ),
        Card(
            key="ledger",
            title="All claims",
            query=chosen,
            draw=rows_only(tables.claims),
            unit="verdict on each basis; a claim leads to its figures",
            width="full",
            height=140,
            empty=NO_VERDICT,
            needs=NEEDS,
        ),
    )


def _claim_cards(verdicts: Query) -> Sequence[Listed]:
    return (
        Card(
            key="statement",
            title="The claim and its verdicts",
            query=verdicts,
            draw=rows_only(tables.claim),
            width="full",
            height=160,
            empty=NO_CLAIM,
            needs=NEEDS,
        ),
        Card(
            key="said-and-measured",
            title="Claimed and measured",
            query=verdicts,
            draw=figures.claimed_and_measured,
            unit="by basis, in the unit of the claim",
            width="full",
            height=260,
            empty=NO_CLAIM,
            needs=NEEDS,
            note="A basis without a sign has no figure; the table above has the reason.",
        ),
    )


def _evidence_cards(verdicts: Query, generation: OpenGeneration) -> Sequence[Listed]:
    """Return a card for each query behind the verdicts; bases that share a query share a card."""
    found: dict[str, list[str]] = {}
    for row in generation.frame(verdicts).to_dicts():
        if row["evidence_sql"]:
            sql = row["evidence_sql"].strip().rstrip(";")
            found.setdefault(sql, []).append(row["basis"])
    return tuple(
        Card(
            key=f"evidence-{number}",
            title=f"Evidence, basis {', '.join(bases)}",
            query=Query(sql, is_verbatim=True),
            draw=tables.evidence(number),
            unit="the rows behind the verdict, as its query finds them",
            width="full",
            height=600,
            half="both" if TIER_TABLE.search(sql) else "market",
            empty="The query behind the verdict finds no rows in this generation.",
        )
        for number, (sql, bases) in enumerate(found.items(), 1)
    )


CLAIMS = CardPage(
    path="/claims",
    name="Claims",
    about="What is said about the market, checked against the data on each basis.",
    controls=controls,
    cards=cards,
)
