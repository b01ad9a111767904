"""The page of a new claim: who, above whom, from when to when, on which bases; and its verdicts.

The controls are the form. Every choice is in the address, which therefore shows the claim again.
"""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from itertools import combinations
from typing import Any

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters, href
from dashboards.components.page import Card, CardPage, Heading, Listed, PageSection, rows_only
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.claims import tables
from dashboards.pages.claims.take_along import claim_address, take_along_card
from dashboards.pages.claims.weeks import Sides, week_cards
from dashboards.query import inline, query
from dashboards.statements.comparison import (
    ATTRIBUTIONS,
    BASES,
    DIMENSIONS,
    WEEK,
    BadComparisonError,
    Comparison,
    SavedClaim,
    member_words,
    propose_id,
    values_of,
)
from dashboards.statements.judging import OVERALL, judge

PATH = "/claims/new"
BASIS_LABELS = {"platform": "All traffic", "top50": "Top 50", "top9": "Nine on the chart"}
ATTRIBUTION_LABELS = {"releasing_lab": "Releasing lab", "base_lab": "Base lab"}
KIND_LABELS = {
    "country": "country",
    "author": "lab",
    "family": "model family",
    "weights": "open or closed",
    "price_class": "free or paid",
    "size": "total parameters",
}
DEFAULT_WEEKS = 5
# The first week that the source has figures of.
FIRST_WEEK = date(2024, 12, 30)
EVIDENCE = PageSection(
    "Evidence",
    "The rows behind each verdict, as its query finds them.",
    key="evidence",
    is_folded=True,
)
NOTHING = "There is no market in this generation yet. `tokentide ingest market` fetches one."
STRICT = (
    "A week counts as true only if it is so whoever owns the tokens that are not attributed: "
    "cloaked models, and on all traffic the models beyond the top 50."
)


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the form: two members, two weeks, the bases and the attribution."""
    members, weeks = _members(generation), _weeks(generation)
    above, below = _default_sides([value for value, _ in members])
    last = _default_last(weeks)
    first = weeks[max(0, weeks.index(last) - DEFAULT_WEEKS + 1)] if weeks else ""
    days = _mondays(weeks)
    bases = [
        (".".join(found), " + ".join(BASIS_LABELS[basis] for basis in found))
        for size in range(len(BASES), 0, -1)
        for found in combinations(BASES, size)
    ]
    return (
        _select("above", "Who", members, above),
        _select("below", "Above whom", members, below),
        _select("from", "First week (Monday)", days, first),
        _select("to", "Last week (Monday)", days, last),
        _select("basis", "If you count", bases, bases[0][0]),
        _select(
            "attribution", "Whose a fine-tune is", _labels(ATTRIBUTION_LABELS), ATTRIBUTIONS[0]
        ),
    )


def cards(filters: Filters, generation: OpenGeneration) -> Sequence[Listed]:
    """Return the claim of these choices with its verdicts, or the reason why there is none."""
    if not generation.comparable:
        return (_nothing_card(),)
    try:
        comparison = Comparison.read(filters.values)
        claim = SavedClaim(claim_id=propose_id(comparison), comparison=comparison)
        return comparison_cards(claim, generation, is_saved=False)
    except BadComparisonError as error:
        return (Heading("These two cannot be compared", str(error)),)


def _nothing_card() -> Card:
    """Return the card that says why there is nothing to compare."""
    return Card(
        key="statement",
        title="The claim and its verdicts",
        query=query("statements/weeks"),
        draw=rows_only(tables.plain_evidence),
        width="full",
        empty=NOTHING,
        needs=("market_share_weekly",),
    )


def comparison_cards(
    claim: SavedClaim, generation: OpenGeneration, *, is_saved: bool
) -> Sequence[Listed]:
    """Return the cards of a comparison: sentence and verdicts, weeks, sides, citation, evidence."""
    comparison = claim.comparison
    try:
        asked = comparison.query(generation.comparable)
    except BadComparisonError as error:
        return (Heading(claim.text, f"It cannot be judged here. {error}"),)
    rows = judge_claim(claim, generation)
    sides = Sides.of(comparison)
    address = claim_address(claim.claim_id) if is_saved else href(PATH, **comparison.choices)
    may_save = not is_saved and generation.claims is not None
    return (
        Card(
            key="statement",
            title="The claim and its verdicts",
            query=asked,
            draw=_verdicts(claim, generation.meta.is_simulated, generation.meta.as_of, may_save),
            unit="by basis",
            width="full",
            height=160,
            note=STRICT,
        ),
        *week_cards(asked, comparison.bases, sides),
        take_along_card(
            rows,
            address,
            has_evidence=is_saved and generation.claims is not None,
            extra=() if is_saved else (_command(comparison),),
        ),
        EVIDENCE,
        Card(
            key="evidence-1",
            title=f"Evidence, basis {', '.join(comparison.bases)}",
            query=asked,
            draw=rows_only(tables.plain_evidence),
            unit="the rows behind the verdict, as its query finds them",
            width="full",
            height=320,
        ),
    )


def judge_claim(claim: SavedClaim, generation: OpenGeneration) -> list[dict[str, Any]]:
    """Return the verdicts on a claim of the home, with the columns of `marts.claims`."""
    meta, bases = generation.meta, claim.comparison.bases
    try:
        asked = claim.comparison.query(generation.comparable)
    except BadComparisonError as error:
        open_row = {"basis": OVERALL, "verdict": "unverifiable", "reason": str(error)}
        return [{**values_of(claim), **open_row}]
    weeks = generation.frame(asked)
    found = judge(weeks, bases, is_simulated=meta.is_simulated, as_of=meta.as_of)
    return [{**values_of(claim), **row, "evidence_sql": inline(asked)} for row in found]


@cache
def _verdicts(
    claim: SavedClaim, is_simulated: bool, as_of: Any, may_save: bool
) -> Callable[[pl.DataFrame, Theme], Component]:
    def draw(weeks: pl.DataFrame, _: Theme) -> Component:
        rows = judge(weeks, claim.comparison.bases, is_simulated=is_simulated, as_of=as_of)
        about = values_of(claim)
        found = tables.claim(
            pl.DataFrame([{**about, **row} for row in rows], infer_schema_length=None)
        )
        return html.Div([found, _save_form(claim.comparison)]) if may_save else found

    return draw


def _save_form(comparison: Comparison) -> Component:
    """Build the button that keeps the claim as a file of the home."""
    action = href("/claims/save", **comparison.choices)
    button = html.Button(
        "Keep this claim", type="submit", className="action", title="Write it into a file"
    )
    return html.Form([button], action=action, method="POST")


def _command(comparison: Comparison) -> str:
    given = comparison.choices
    bases = "".join(f" --basis {basis}" for basis in comparison.bases)
    return (
        f"tokentide claims new '{given['above']}' '{given['below']}' "
        f"--from {given['from']} --to {given['to']}{bases} --attribution {given['attribution']}"
    )


def _select(name: str, label: str, options: Sequence[tuple[str, str]], default: str) -> Control:
    return Control(name=name, label=label, options=options, default=default, kind="select")


def _labels(labels: dict[str, str]) -> list[tuple[str, str]]:
    return list(labels.items())


def _members(generation: OpenGeneration) -> list[tuple[str, str]]:
    """Return the members to choose from, kind by kind, the largest first."""
    if not generation.comparable:
        return []
    rows, names = list(generation.frame(query("statements/members")).iter_rows()), generation.names
    rows.sort(key=lambda row: DIMENSIONS.index(row[0]))
    return [
        (f"{kind}:{member}", f"{names.name(member_words(kind, member))} ({KIND_LABELS[kind]})")
        for kind, member in rows
    ]


def _default_sides(values: Sequence[str]) -> tuple[str, str]:
    if {"country:CN", "country:US"} <= {*values}:
        return "country:CN", "country:US"
    for dimension in DIMENSIONS:
        found = [value for value in values if value.startswith(f"{dimension}:")]
        if len(found) > 1:
            return found[0], found[1]
    return "", ""


def _weeks(generation: OpenGeneration) -> list[str]:
    if not generation.comparable:
        return []
    found = generation.frame(query("statements/weeks"))["week_start"].to_list()
    return [week.isoformat() for week in found]


def _mondays(weeks: Sequence[str]) -> list[tuple[str, str]]:
    """Return every week that a link may name; those without figures say so."""
    if not weeks:
        return []
    known, last = {*weeks}, date.fromisoformat(weeks[-1])
    first = min(date.fromisoformat(weeks[0]), FIRST_WEEK)
    mondays = [last - WEEK * back for back in range((last - first) // WEEK, -1, -1)]
    return [(str(day), str(day) if str(day) in known else f"{day} (not loaded)") for day in mondays]


def _default_last(weeks: Sequence[str]) -> str:
    """Return the last week that may be whole: the newest one seldom is."""
    if not weeks:
        return ""
    return weeks[-2] if len(weeks) > 1 else weeks[-1]


NEW_CLAIM = CardPage(
    path=PATH,
    name="New claim",
    about="Say who was above whom, and see in which weeks that was true, basis by basis.",
    controls=controls,
    cards=cards,
)
