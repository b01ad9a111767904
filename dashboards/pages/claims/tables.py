"""Tables of the claims page: all claims, one claim, and the rows behind a verdict."""

from collections.abc import Callable, Sequence
from datetime import date
from functools import cache
from typing import Any

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components.charts import explore
from dashboards.components.filters import href
from dashboards.components.grid import grid
from dashboards.components.theme import Theme
from dashboards.components.widgets import Tile, html_attributes, plain_table, tiles
from dashboards.pages.claims.verdicts import VERDICTS, format_verdict
from dashboards.statements.judging import OVERALL
from dashboards.statements.wording import basis_words, plain_sentence

EVIDENCE_HEIGHT = 320
MAX_EVIDENCE_ROWS = 2_000
# A reason that only lists the verdicts below it begins so.
BY_BASIS = "By basis:"
# More bases of a claim are folded in the list.
MAX_BASES = 5
LINES_OF_LEGEND = 3
LEGEND_PIXELS = 20
CLAIM_HEADINGS = ("Claim", "Said by", "Said on", "Over all bases", "On each basis")
OwnClaim = tuple[str, str, str, date | None]
"""A claim of the home: its id, statement, sentence, and since when its verdict was published."""
VERDICT_HEADINGS = ("Basis", "Verdict", "Claimed", "Measured", "Unit", "Why")
LAYERS = {
    "measured": "measured",
    "predicted": "predicted, not measured",
    "document": "by a document",
    "both": "measured, and by documents",
}


def claims(rows: pl.DataFrame) -> Component:
    """Build one line a claim: its verdict over all bases, and on each basis that can be checked."""
    lines = [_claim_line(claim) for claim in rows.partition_by("claim_id", maintain_order=True)]
    meanings = [f"{format_verdict(name)}: {meaning}" for name, (_, meaning) in VERDICTS.items()]
    return html.Div(
        [
            html.P(f"{'; '.join(meanings)}.", className="card-note"),
            html.Div(plain_table(CLAIM_HEADINGS, lines, "Claims"), className="statements"),
        ]
    )


def _claim_line(claim: pl.DataFrame) -> list[Any]:
    first = claim.row(0, named=True)
    rows = {row["basis"]: row for row in claim.iter_rows(named=True)}
    verdicts = {basis: row["verdict"] for basis, row in rows.items()}
    overall = verdicts.pop(OVERALL, None)
    bases = [
        html.Li([f"{basis_words(basis)}: ", _verdict(verdict), _document(rows[basis])])
        for basis, verdict in sorted(verdicts.items())
    ]
    return [
        html.Td(
            [
                dcc.Link(first["statement"], href=href("/claims", claim=first["claim_id"])),
                html.Div(plain_sentence(claim.to_dicts()), className="sentence"),
            ]
        ),
        first["said_by"] or "unknown",
        html.Td(str(first["said_on"] or "unknown"), className="day"),
        html.Td([format_verdict(overall), *_since(rows[OVERALL])], className="verdict")
        if overall
        else "one basis only",
        _bases(bases, [*verdicts.values()]),
    ]


def _bases(bases: Sequence[Component], verdicts: list[str]) -> Component:
    """Build the list of bases; a long one is folded behind the number of each verdict."""
    listed = html.Ul(bases, className="bases")
    if len(bases) <= MAX_BASES:
        return listed
    counts = [
        f"{verdicts.count(name)} {name.replace('_', ' ')}" for name in VERDICTS if name in verdicts
    ]
    return html.Details([html.Summary(f"{len(bases)} bases: {', '.join(counts)}"), listed])


def _since(row: dict[str, Any]) -> list[Component]:
    """Build since when a verdict stands, and the one before; a file of the past knows neither."""
    began_at, before = row.get("began_at"), row.get("previous_verdict")
    if began_at is None:
        return []
    was = f", before {before.replace('_', ' ')}" if before else ""
    return [html.Div(f"since {began_at:%Y-%m-%d}{was}", className="since")]


def _document(row: dict[str, Any]) -> str:
    """Say so where a verdict rests on what a document says."""
    words = {"document": " (by a document)", "predicted": " (predicted)"}
    return words.get(str(row.get("layer")), "")


def _verdict(name: str | None) -> Component:
    # The list of bases is narrow; the verdict over all of them has the rest of the words.
    return html.Span(format_verdict(name).partition(":")[0], className="verdict")


def claim(rows: pl.DataFrame) -> Component:
    """Build one claim: who made it and of which tokens, and the verdict on each basis."""
    first = rows.row(0, named=True)
    who, when = first["said_by"] or "Nobody named", first["said_on"] or "on an unknown day"
    population = first["population"] or "none named"
    return html.Div(
        [
            html.Blockquote(first["statement"], className="quote"),
            html.P(plain_sentence(rows.to_dicts()), className="verdict-sentence"),
            html.P(
                [f"{who}, {when}. Population: {population}. ", *_source(first["source_url"])],
                className="card-note",
            ),
            _holds_if(first.get("holds_if")),
            plain_table(
                VERDICT_HEADINGS, [_verdict_line(row) for row in rows.to_dicts()], "Verdicts"
            ),
        ]
    )


def _holds_if(words: str | None) -> Component | None:
    return html.P(f"It is true if: {words}", className="card-note") if words else None


def _source(url: str | None) -> list[Component]:
    # Only an address of the web becomes a link.
    if not url or not url.startswith(("https://", "http://")):
        return []
    return [html.A("Source of the claim ↗", href=url, target="_blank", rel="noreferrer")]


def _verdict_line(row: dict[str, Any]) -> list[Any]:
    # Over all bases the words would only list the rows below.
    is_listed = row["basis"] == OVERALL and row["measured"] is None
    measured = "" if is_listed else row["measured_text"] or format_figure(row["measured"])
    return [
        html.Td([basis_words(row["basis"]), *_layer(row)]),
        html.Td([format_verdict(row["verdict"]), *_since(row)], className="verdict"),
        html.Td(format_figure(row["expected"]), className="number"),
        html.Td(measured, className="number"),
        row["unit"] or "",
        html.Td(
            [
                _reason(row, is_listed),
                *_true_dates(row.get("true_dates")),
                *_missing_days(row["missing_days"]),
            ]
        ),
    ]


def _layer(row: dict[str, Any]) -> list[Component]:
    """Build whether a machine measured it or a document says it, if that is stated."""
    layer = LAYERS.get(row.get("layer") or "")
    return [html.Div(layer, className="since")] if layer else []


def _true_dates(spans: Any) -> list[Component]:
    """Build the days on which the statement was true; nothing where it has no dates."""
    if spans is None:
        return []
    words = ", ".join(str(span).replace("..", " to ") for span in spans)
    text = f"True from {words}." if words else "True on no day that is loaded."
    return [html.Div(text, className="since")]


def _reason(row: dict[str, Any], is_listed: bool) -> str:
    reason: str = row["reason"] or ""
    return "" if is_listed and reason.startswith(BY_BASIS) else reason


def _missing_days(days: Any) -> list[Component]:
    if not days:
        return []
    text = days if isinstance(days, str) else ", ".join(map(str, days))
    return [html.Details([html.Summary("Days that are missing"), text])]


def format_figure(value: float | None) -> str:
    """Return a figure of any size; one that is not known is not 0."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


@cache
def evidence(number: int) -> Callable[[pl.DataFrame, Theme], Component]:
    """Return a function that builds the rows behind a verdict, with a chart where one makes sense.

    The number tells the tables of one page apart.
    """
    return lambda rows, theme: _evidence(rows, theme, number)


def plain_evidence(rows: pl.DataFrame) -> Component:
    """Build the rows behind a verdict without a chart, where another card draws them."""
    return grid(rows.head(MAX_EVIDENCE_ROWS), "evidence-grid", 260)


def _evidence(rows: pl.DataFrame, theme: Theme, number: int) -> Component:
    table = grid(rows.head(MAX_EVIDENCE_ROWS), f"evidence-grid-{number}", 260)
    axes = explore.suggest_axes(rows)
    if not axes.y or rows.height < 2:
        return table
    if rows[axes.y].is_null().all():
        text = f"No chart: {axes.y} is unknown in every row."
        return html.Div([html.P(text, className="card-note"), table])
    chart = explore.chart(rows, theme, axes)
    lines = len(chart.traces) // LINES_OF_LEGEND
    chart.update_layout(height=EVIDENCE_HEIGHT + LEGEND_PIXELS * lines)
    graph = dcc.Graph(
        id={"type": "graph", "key": f"evidence-rows-{number}"},
        figure=chart,
        config={"displayModeBar": False, "responsive": True},
    )
    label = html_attributes(aria_label="Chart of the rows below")
    return html.Div([html.Div(graph, role="img", **label), table])


def own_claims(claims: Sequence[OwnClaim]) -> Component:
    """Build the claims of the home, and the way to a new one."""
    new = dcc.Link("Make a new claim", href="/claims/new", className="action")
    lines = [
        [
            dcc.Link(statement, href=href("/claims", claim=claim_id)),
            sentence,
            str(began_on or "the next generation"),
        ]
        for claim_id, statement, sentence, began_on in claims
    ]
    headings = ("Claim", "What the figures say", "Since")
    table = plain_table(headings, lines, "Your own claims")
    none = html.P("None is kept yet.", className="card-note")
    return html.Div([table if lines else none, new])


def counts(rows: pl.DataFrame) -> Component:
    """Build how many claims have each verdict: the one over all bases, else the only one."""
    own = rows.sort(pl.col("basis") != "all").unique("claim_id", keep="first", maintain_order=True)
    found = dict(own.group_by("verdict").len().iter_rows())
    return tiles(
        [
            Tile(format_verdict(name), str(found.get(name, 0)), meaning)
            for name, (_, meaning) in VERDICTS.items()
        ]
    )
