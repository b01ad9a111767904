"""Tables of the statements page: the ledger, one statement, and the rows behind a verdict."""

from typing import Any

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components import widgets
from dashboards.components.controls import named
from dashboards.components.filters import href
from dashboards.components.grid import grid
from dashboards.components.theme import Look
from dashboards.pages.statements import figures

EVIDENCE_HEIGHT = 320


def ledger(rows: pl.DataFrame, look: Look) -> Component:
    """One line a statement: the verdict over all bases, and that on each basis on which it can be judged."""
    del look
    head = html.Tr(
        [
            html.Th(name, scope="col")
            for name in ("Statement", "Said by", "Said on", "Over all bases", "On each basis")
        ]
    )
    lines = [_line(claim) for claim in rows.partition_by("claim_id", maintain_order=True)]
    table = html.Table([html.Thead(head), html.Tbody(lines)], className="plain")
    return html.Div(
        [
            _key(),
            html.Div(
                table,
                className="scrolled",
                tabIndex=0,
                **named(aria_label="The ledger"),
                role="region",
            ),
        ]
    )


def _key() -> Component:
    said = "; ".join(
        f"{figures.verdict(name)}: {meaning}" for name, (_, meaning) in figures.VERDICTS.items()
    )
    return html.P(said + ".", className="card-note")


def _basis(basis: str) -> str:
    return "over all bases" if basis == "all" else basis.replace("_", " ")


def _line(claim: pl.DataFrame) -> Component:
    first = claim.row(0, named=True)
    verdicts = dict(claim.select("basis", "verdict").iter_rows())
    whole = verdicts.pop("all", None)
    each = [
        html.Li(
            [f"{_basis(basis)}: ", html.Span(figures.verdict(verdicts[basis]), className="verdict")]
        )
        for basis in sorted(verdicts)
    ]
    return html.Tr(
        [
            html.Td(
                dcc.Link(first["statement"], href=href("/statements", claim=first["claim_id"]))
            ),
            html.Td(first["said_by"] or "unknown"),
            html.Td(str(first["said_on"] or "unknown"), className="day"),
            html.Td(
                figures.verdict(whole) if whole else "one basis only",
                className="verdict" if whole else None,
            ),
            html.Td(html.Ul(each, className="bases")),
        ]
    )


def statement(rows: pl.DataFrame, look: Look) -> Component:
    """What was said, by whom, of which tokens, and the verdict on each basis with its figures and its reason."""
    del look
    first = rows.row(0, named=True)
    who, when = first["said_by"] or "unknown", first["said_on"] or "on an unknown day"
    said = f"{who}, {when}. Speaks of: {first['population'] or 'nothing that it names'}."
    head = html.Tr(
        [
            html.Th(name, scope="col")
            for name in ("Basis", "Verdict", "Said", "Measured", "Unit", "Why")
        ]
    )
    lines = [_verdict_line(row) for row in rows.to_dicts()]
    return html.Div(
        [
            html.Blockquote(first["statement"], className="quote"),
            html.P([said, " ", *_source(first["source_url"])], className="card-note"),
            html.Div(
                html.Table([html.Thead(head), html.Tbody(lines)], className="plain"),
                className="scrolled",
                tabIndex=0,
            ),
        ]
    )


def _source(url: str | None) -> list[Component]:
    # Only what is an address of the web becomes a link.
    if not url or not url.startswith(("https://", "http://")):
        return []
    return [html.A("Where it was said ↗", href=url, target="_blank", rel="noreferrer")]


def _verdict_line(row: dict[str, Any]) -> Component:
    measured = row["measured_text"] or number(row["measured"])
    return html.Tr(
        [
            html.Td(_basis(row["basis"])),
            html.Td(figures.verdict(row["verdict"]), className="verdict"),
            html.Td(number(row["expected"]), className="number"),
            html.Td(measured, className="number"),
            html.Td(row["unit"] or ""),
            html.Td([row["reason"] or "", *_missing(row["missing_days"])]),
        ]
    )


def _missing(days: Any) -> list[Component]:
    if not days:
        return []
    text = days if isinstance(days, str) else ", ".join(map(str, days))
    return [html.Details([html.Summary("Days that are missing"), text])]


def number(value: float | None) -> str:
    """A figure of any size, said as unknown where it is."""
    if value is None:
        return "unknown"
    return f"{value:,.0f}" if abs(value) >= 1000 else f"{value:,.4g}"


def evidence(rows: pl.DataFrame, look: Look, place: int = 1) -> Component:
    """The rows behind a verdict: drawn, and as they are."""
    figure = figures.evidence(rows, look)
    table = grid(rows.head(2_000), look, f"evidence-grid-{place}", 260)
    if figure is None:
        return table
    figure.update_layout(height=EVIDENCE_HEIGHT)
    config: Any = {"displayModeBar": False, "responsive": True}
    graph = dcc.Graph(
        id={"type": "graph", "key": f"evidence-rows-{place}"}, figure=figure, config=config
    )
    return html.Div(
        [html.Div(graph, role="img", **named(aria_label="Chart of the rows below")), table]
    )


def counts(rows: pl.DataFrame, look: Look) -> Component:
    """How many statements have each verdict: the one over all bases where there is one, else the only one."""
    del look
    one = rows.sort(pl.col("basis") != "all").unique("claim_id", keep="first", maintain_order=True)
    found = dict(one.group_by("verdict").len().iter_rows())
    return widgets.tiles(
        [
            (figures.verdict(name), str(found.get(name, 0)), meaning)
            for name, (_, meaning) in figures.VERDICTS.items()
        ]
    )
