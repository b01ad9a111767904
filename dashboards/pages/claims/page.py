"""The claims page: public statements about the market, checked against the data basis by basis."""

import re
from collections.abc import Callable, Sequence
from datetime import date
from functools import cache

import polars as pl
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.page import Card, CardPage, Listed, PageSection, rows_only
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.claims import figures, tables
from dashboards.pages.claims.comparison import EVIDENCE, comparison_cards, judge_claim
from dashboards.pages.claims.take_along import META, claim_address, take_along_card
from dashboards.pages.claims.verdicts import VERDICTS, format_verdict
from dashboards.pages.claims.weeks import COUNTRIES, normalise, week_cards
from dashboards.query import Query, query
from dashboards.statements.wording import basis_words, plain_sentence

NO_CLAIM = "There is no such claim; `tokentide claims` lists all of them."
NO_VERDICT = "No claim has this verdict. Choose another, or all."
NEEDS = ("claims", "claim_verdicts", "claim_articles")
MAX_OWN = 50
# Stands where there is none, so that the page says why.
NO_ARTICLE = {"article": "all", "title": "All claims", "about": "", "claims": 0}
# The tables of our own half have these prefixes.
TIER_TABLE = re.compile(r"\b(served|local|device)_")


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: the claims of one verdict, or one claim."""
    has_claims = "claims" in generation.tables
    known = generation.frame(query("claims/names")).rows() if has_claims else []
    own = [(each.claim_id, each.text) for each in generation.saved_claims]
    options = [
        (name, f"{name}: {statement[:70]}") for name, statement in (dict(own) | dict(known)).items()
    ]
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
    verdicts = query("claims/verdicts", claim=filters["claim"], verdict="all", article="all")
    chosen = filters["claim"]
    has_claims = generation.tables.issuperset(NEEDS)
    rows = generation.frame(verdicts) if has_claims else pl.DataFrame()
    if chosen != "all" and not rows.is_empty():
        return (
            *_claim_cards(verdicts),
            *_week_cards(rows, generation),
            take_along_card(
                rows.to_dicts(), claim_address(chosen), has_evidence=generation.claims is not None
            ),
            *_evidence_cards(verdicts, generation),
        )
    for own in generation.saved_claims:
        if own.claim_id == chosen:
            return comparison_cards(own, generation, is_saved=True)
    return (
        *_count_cards(verdicts),
        *_article_cards(filters["verdict"], generation if has_claims else None),
        *_own_cards(generation),
    )


def _own_cards(generation: OpenGeneration) -> Sequence[Listed]:
    """Return the card of the claims of the home, each with its sentence."""
    if generation.claims is None:
        return ()
    began = _saved_began(generation)
    found = []
    for own in generation.saved_claims[:MAX_OWN]:
        rows = judge_claim(own, generation)
        since = began.get((own.claim_id, rows[0]["verdict"]))
        found.append((own.claim_id, own.text, plain_sentence(rows), since))
    return (
        Card(
            key="own",
            title="Your own claims",
            query=META,
            draw=_draw_own(tuple(found)),
            unit=f"the first {MAX_OWN} files of the folder claims in the home",
            width="full",
            height=120,
        ),
    )


def _saved_began(generation: OpenGeneration) -> dict[tuple[str, str], date]:
    """Return since when the published verdict on each claim of the home is what it is."""
    if "claim_verdicts" not in generation.tables:
        return {}
    rows = generation.frame(query("claims/saved_began")).iter_rows()
    return {(claim_id, verdict): began_on for claim_id, verdict, began_on in rows}


@cache
def _draw_own(
    found: tuple[tables.OwnClaim, ...],
) -> Callable[[pl.DataFrame, Theme], Component]:
    return lambda rows, theme: tables.own_claims(found)


def _week_cards(rows: pl.DataFrame, generation: OpenGeneration) -> Sequence[Listed]:
    """Return the weeks and both sides of a claim whose evidence has weeks of two sides."""
    own = rows.filter(pl.col("basis") != "all")
    sql = next((text for text in own["evidence_sql"].to_list() if text), None)
    if sql is None or "week_start" not in sql:
        return ()
    asked = _evidence_query(sql)
    weeks = normalise(generation.frame(asked))
    return () if weeks is None else week_cards(asked, own["basis"].to_list(), COUNTRIES)


def _evidence_query(sql: str) -> Query:
    return Query(sql.strip().rstrip(";"), is_verbatim=True)


def _count_cards(verdicts: Query) -> Sequence[Listed]:
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
    )


def _article_cards(verdict: str, generation: OpenGeneration | None) -> Sequence[Listed]:
    """Return a section for each subject of the articles, with the claims of this verdict."""
    asked = query("claims/articles", verdict=verdict)
    articles = [] if generation is None else generation.frame(asked).to_dicts()
    found: list[Listed] = []
    for number, article in enumerate(articles or [NO_ARTICLE]):
        title = f"{article['title']} ({article['claims']})" if articles else article["title"]
        found += [
            PageSection(title, article["about"], key=article["article"], is_folded=number > 1),
            Card(
                key="ledger" if number == 0 else f"ledger-{article['article']}",
                title="Statements",
                query=query(
                    "claims/verdicts", claim="all", verdict=verdict, article=article["article"]
                ),
                draw=rows_only(tables.claims),
                unit="verdict on each basis; a claim leads to its figures",
                width="full",
                height=140,
                empty=NO_VERDICT,
                needs=NEEDS,
            ),
        ]
    return found


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
            found.setdefault(_evidence_query(row["evidence_sql"]).sql, []).append(row["basis"])
    found_cards = tuple(
        Card(
            key=f"evidence-{number}",
            title=f"Evidence: {', '.join(map(basis_words, bases))}",
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
    return (EVIDENCE, *found_cards) if found_cards else ()


CLAIMS = CardPage(
    path="/claims",
    name="Claims",
    about="What is said about the market, checked against the data on each basis.",
    controls=controls,
    cards=cards,
)
