"""A card around each figure: what it shows, in which unit, from where and as of when, what to download, and the query behind it."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import dash_mantine_components as dmc
import duckdb
import plotly.graph_objects as go
import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components.controls import named
from dashboards.components.page import Card, Drawn, Heading, Page
from dashboards.components.theme import Look
from dashboards.components.widgets import instant
from dashboards.generations import Generation, Meta
from dashboards.query import inlined

TWELFTHS = {"third": 4, "half": 6, "full": 12}
TIER = "Source: our own tier's telemetry"


def grid(
    cells: Sequence[tuple[dict[str, Any], Component]], cards: Sequence[Card | Heading]
) -> Component:
    """All cards of a page, each in a cell of its own that can be filled anew."""
    # No component of the grid's kind: each would bring a style sheet of its own, which a browser takes a millisecond or two to make.
    columns = [
        html.Div(
            inside, id=name, className=f"cell {width(each)}", **named(data_place=str(name["place"]))
        )
        for (name, inside), each in zip(cells, cards, strict=True)
    ]
    return html.Div(columns, className="cells")


def cell(whole: str, place: int) -> dict[str, Any]:
    """The id of the cell at this place of a body that was made as a whole under this name."""
    return {"type": "cell", "whole": whole, "place": place}


def width(each: Card | Heading) -> str:
    """How wide it is, by the name that the style sheet knows."""
    return "full" if isinstance(each, Heading) else each.width


def twelfths(each: Card | Heading) -> int:
    """How wide it is on a large screen."""
    return TWELFTHS[width(each)]


def inside(
    page: Page,
    each: Card | Heading,
    generation: Generation,
    look: Look,
    search: str,
    is_drawn: bool = True,
) -> Component:
    """What stands in a cell: a heading, a card, or the title of a card that is drawn when it comes near."""
    if isinstance(each, Card):
        return _card(page, each, generation, look, search) if is_drawn else _waiting(each)
    below = [html.P(each.below, className="page-about")] if each.below else []
    return html.Div([dmc.Title(each.text, order=2, size="h4", mt="sm"), *below])


def _waiting(card: Card) -> Component:
    title = html.H3(card.title, className="card-title")
    return html.Section(
        title,
        className="card waiting",
        style={"minHeight": f"{card.height + 150}px"},
        **named(aria_busy="true"),
    )


def _card(page: Page, card: Card, generation: Generation, look: Look, search: str) -> Component:
    inside, rows, is_drawn = _inside(card, generation, look)
    source = source_line(card, generation.meta)
    head: list[Component] = [html.H3(card.title, id=f"title-{card.key}", className="card-title")]
    if card.unit:
        head.append(html.P(card.unit, className="card-unit"))
    note = [html.P(card.note, className="card-note")] if card.note else []
    badge = [simulated_badge()] if generation.meta.is_simulated and card.half != "tier" else []
    return html.Section(
        [
            html.Div([html.Div(head), *badge], className="card-head"),
            html.Div(
                inside,
                className="card-inside",
                style={"minHeight": f"{card.height if is_drawn else 80}px"},
            ),
            *note,
            html.Div(
                [
                    html.Span(source, className="card-source"),
                    _actions(page, card, generation, search, rows, is_drawn),
                ],
                className="card-foot",
            ),
            _shown_query(card),
        ],
        className="card",
        id=f"card-{card.key}",
        **named(
            aria_labelledby=f"title-{card.key}",
            data_title=card.title,
            data_unit=card.unit,
            data_source=source,
        ),
    )


def _inside(card: Card, generation: Generation, look: Look) -> tuple[Component, int, bool]:
    """What is shown, of how many rows, and whether it is a figure, of which pictures can be made."""
    rows = _rows(card, generation)
    if not isinstance(rows, pl.DataFrame):
        return rows, 0, False
    key = (inlined(card.query), card.draw, card.title, card.unit, card.height, look)
    return generation.drawings.of(key, rows, lambda: _drawn(card, rows, look))


def _drawn(card: Card, rows: pl.DataFrame, look: Look) -> tuple[Component, int, bool]:
    drawn = card.draw(rows, look)
    return (
        (graph(card, drawn), rows.height, True)
        if isinstance(drawn, go.Figure)
        else (drawn, rows.height, False)
    )


def found(card: Card, generation: Generation, look: Look) -> tuple[Drawn, int]:
    """What a card draws and of how many rows; of none, what is amiss."""
    rows = _rows(card, generation)
    return (card.draw(rows, look), rows.height) if isinstance(rows, pl.DataFrame) else (rows, 0)


def _rows(card: Card, generation: Generation) -> pl.DataFrame | Component:
    """What a card draws, or what is amiss."""
    if missing := sorted(set(card.needs) - generation.tables):
        text = f"It was made by a version without {', '.join(missing)}. Run `tokentide publish`, which builds it anew."
        return state("Not in this generation", text)
    try:
        rows = generation.frame(card.query)
    except duckdb.Error as error:
        return state("This could not be computed", str(error).partition("\n")[0], is_failed=True)
    return state("Nothing to show", card.empty) if rows.is_empty() else rows


def graph(card: Card, figure: go.Figure) -> Component:
    """A figure in the page; its own tool bar is left away, since the card has the downloads."""
    figure.update_layout(height=card.height)
    if any(
        isinstance(x, datetime)
        for trace in figure.data
        for x in list(getattr(trace, "x", None) or ())[:1]
    ):
        figure.update_xaxes(hoverformat="%d %b %Y %H:%M UTC")
    config: Any = {
        "displaylogo": False,
        "displayModeBar": False,
        "responsive": True,
        "showTips": False,
    }
    return html.Div(
        dcc.Graph(
            id={"type": "graph", "key": card.key},
            figure=figure.to_plotly_json(),
            config=config,
            style={"height": f"{card.height}px"},
        ),
        role="img",
        **named(aria_label=f"Chart: {card.title}, {card.unit}. The CSV below has its figures."),
    )


def state(title: str, text: str, is_failed: bool = False) -> Component:
    """In place of what cannot be shown: what is amiss and what to do."""
    return html.Div(
        [html.Strong(title), html.P(text)],
        className="state failed" if is_failed else "state",
        role="status",
    )


def source_line(card: Card, meta: Meta) -> str:
    """Where the figures come from, as of when, as their licence asks."""
    if card.half == "tier":
        return f"{TIER}, as of {instant(meta.published_at)}."
    market = (
        meta.citation
        if "as of" in meta.citation
        else f"{meta.citation} As of {instant(meta.as_of)}."
    )
    return f"{market} {TIER}." if card.half == "both" else market


def simulated_badge() -> Component:
    """Nobody must take the stand-in's figures for real ones."""
    return html.Span(
        "simulated", className="simulated", title="Made up by the stand-in market; no real figure"
    )


def _actions(
    page: Page, card: Card, generation: Generation, search: str, rows: int, is_drawn: bool
) -> Component:
    if not rows:
        return html.Span()
    asked = urlencode(
        {
            "page": page.path,
            "card": card.key,
            "generation": generation.meta.generation,
            "search": search,
        }
    )
    pictures = [
        html.Button(
            kind.upper(),
            className="action",
            title=f"Download as {kind.upper()}",
            **named(data_picture=kind),
        )
        for kind in ("png", "svg")
    ]
    table = html.A(
        "CSV",
        href=f"/download/card.csv?{asked}",
        className="action",
        title="Download the figures",
        download="",
    )
    links = [*pictures, table] if is_drawn else [table]
    return html.Div(
        links,
        className="card-actions",
        role="group",
        **named(aria_label=f"Downloads of {card.title}"),
    )


def _shown_query(card: Card) -> Component:
    sql = inlined(card.query)
    open_there = dcc.Link(
        "Open in the SQL page", href=f"/sql?{urlencode({'q': sql})}", className="action"
    )
    copy = html.Button("Copy", className="action", **named(data_copy=sql))
    return html.Details(
        [
            html.Summary("Show the query"),
            html.Pre(sql, className="query", tabIndex=0),
            html.Div([copy, open_there], className="card-actions"),
        ],
        className="card-query",
    )
