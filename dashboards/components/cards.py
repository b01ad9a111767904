"""Cards: a chart or table with its title, unit, source and date, downloads, and its query."""

from dataclasses import dataclass
from datetime import datetime
from typing import Any
from urllib.parse import urlencode

import duckdb
import orjson
import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.page import Card, Drawing, Listed, PageView
from dashboards.components.reasons import empty_reason
from dashboards.components.sections import heading
from dashboards.components.theme import Theme
from dashboards.components.time.events import add_events, list_events
from dashboards.components.widgets import (
    format_instant,
    html_attributes,
    simulated_badge,
    simulated_load_badge,
    state,
    with_code,
    without_code,
)
from dashboards.generation_meta import GenerationMeta
from dashboards.generations import OpenGeneration
from dashboards.query import inline

NO_EVENTS = pl.DataFrame()
TIER_SOURCE = "Source: our own tier's telemetry"
GRAPH_CONFIG: Any = {
    "displaylogo": False,
    # The card has the downloads, so Plotly's own tool bar goes.
    "displayModeBar": False,
    "responsive": True,
    "showTips": False,
}


@dataclass(frozen=True)
class CardBody:
    """The middle of a card: a chart, a table, or the reason why there is neither."""

    component: Component
    rows: int = 0
    is_chart: bool = False


def cell_content(view: PageView, each: Listed, is_drawn: bool = True) -> Component:
    """Build a heading, a card, or the title of a card that is drawn when it comes near."""
    if isinstance(each, Card):
        return _card(view, each) if is_drawn else _waiting_card(each)
    return heading(each)


def draw_card(card: Card, generation: OpenGeneration, theme: Theme) -> Drawing:
    """Draw a card's rows; without rows, build the reason."""
    rows = _card_rows(card, generation)
    if not isinstance(rows, pl.DataFrame):
        return rows
    own = theme.with_members(generation.members, generation.names)
    drawing = card.draw(rows, own)
    if not isinstance(drawing, Chart):
        return drawing
    return add_events(drawing, read_events(card, generation), own)


def read_events(card: Card, generation: OpenGeneration) -> pl.DataFrame:
    """Return the events that a card marks; none where an older file lacks their tables."""
    if card.events is None:
        return NO_EVENTS
    try:
        return generation.frame(card.events)
    except duckdb.Error:
        return NO_EVENTS


def source_line(card: Card, meta: GenerationMeta) -> str:
    """Return the source of a card's figures and their date, as the licence asks."""
    if card.half == "tier":
        return f"{TIER_SOURCE}, as of {format_instant(meta.published_at)}."
    market = meta.citation
    if "as of" not in market:
        market = f"{market} As of {format_instant(meta.as_of)}."
    return f"{market} {TIER_SOURCE}." if card.half == "both" else market


def _waiting_card(card: Card) -> Component:
    return html.Section(
        html.H3(card.title, className="card-title"),
        className="card waiting",
        style={"minHeight": f"{card.height + 150}px"},
        **html_attributes(aria_busy="true"),
    )


def _card(view: PageView, card: Card) -> Component:
    body = _card_body(card, view.generation, view.theme)
    source = source_line(card, view.generation.meta)
    middle = html.Div(
        body.component,
        className="card-inside",
        style={"minHeight": f"{card.height if body.is_chart else 80}px"},
    )
    foot = [html.Span(source, className="card-source"), _actions(view, card, body)]
    return html.Section(
        [
            _head(card, view.generation.meta),
            middle,
            *([html.P(with_code(card.note), className="card-note")] if card.note else []),
            html.Div(foot, className="card-foot"),
            _query_details(card),
        ],
        className="card",
        id=f"card-{card.key}",
        **html_attributes(
            aria_labelledby=f"title-{card.key}",
            data_title=card.title,
            data_unit=without_code(card.unit),
            data_source=source,
        ),
    )


def _head(card: Card, meta: GenerationMeta) -> Component:
    head: list[Component] = [html.H3(card.title, id=f"title-{card.key}", className="card-title")]
    if card.unit:
        head.append(html.P(with_code(card.unit), className="card-unit"))
    badges = [simulated_badge()] if meta.is_simulated and card.half != "tier" else []
    if meta.simulated_services and card.half != "market":
        badges.append(simulated_load_badge())
    return html.Div([html.Div(head), html.Div(badges, className="badges")], className="card-head")


def _card_body(card: Card, generation: OpenGeneration, theme: Theme) -> CardBody:
    rows = _card_rows(card, generation)
    if not isinstance(rows, pl.DataFrame):
        return CardBody(rows)
    own = theme.with_members(generation.members, generation.names)
    events = read_events(card, generation)
    marked = tuple(events.rows())
    key = (inline(card.query), card.draw, card.title, card.unit, card.height, own, marked)
    return generation.rendered.get(key, rows, lambda: _draw_body(card, rows, events, own))


def _draw_body(card: Card, rows: pl.DataFrame, events: pl.DataFrame, theme: Theme) -> CardBody:
    drawing = card.draw(rows, theme)
    if not isinstance(drawing, Chart):
        return CardBody(drawing, rows.height)
    graph = _graph(card, add_events(drawing, events, theme))
    body = html.Div([graph, list_events(events)]) if events.height else graph
    return CardBody(body, rows.height, is_chart=True)


def _card_rows(card: Card, generation: OpenGeneration) -> pl.DataFrame | Component:
    """Return the rows of a card, or the reason why there are none."""
    if missing := sorted(set(card.needs) - generation.tables):
        text = (
            f"It was built by a version without {', '.join(missing)}. "
            "Run `tokentide publish` to build a new one."
        )
        return state("Not in this generation", text)
    try:
        rows = generation.frame(card.query)
    except duckdb.Error as error:
        return state("This could not be computed", str(error).partition("\n")[0], is_failed=True)
    return state("Nothing to show", empty_reason(card, generation)) if rows.is_empty() else rows


def _graph(card: Card, figure: Chart) -> Component:
    figure.update_layout(height=card.height)
    if _shows_instants(figure):
        figure.update_xaxes(hoverformat="%d %b %Y %H:%M UTC")
    graph = dcc.Graph(
        id={"type": "graph", "key": card.key},
        # Text that is kept and sent as it is: a chart is the larger part of a response, and Dash
        # would look at each of its values again for every viewer.
        figure=orjson.Fragment(figure.to_json()),
        config=GRAPH_CONFIG,
        style={"height": f"{card.height}px"},
    )
    label = f"Chart: {card.title}, {without_code(card.unit)}. The CSV below has its figures."
    return html.Div(graph, role="img", **html_attributes(aria_label=label))


def _shows_instants(figure: Chart) -> bool:
    firsts = (trace.get("x", ())[:1] for trace in figure.traces)
    return any(isinstance(x, datetime) for first in firsts for x in first)


def _actions(view: PageView, card: Card, body: CardBody) -> Component:
    if not body.rows:
        return html.Span()
    address = urlencode(
        {
            "page": view.page.path,
            "card": card.key,
            "generation": view.generation.meta.generation,
            "search": view.search,
        }
    )
    csv = html.A(
        "CSV",
        href=f"/download/card.csv?{address}",
        className="action",
        title="Download the figures",
        download="",
    )
    links = [dcc.Link(label, href=address, className="action") for label, address in card.links]
    return html.Div(
        [*links, *(picture_buttons() if body.is_chart else ()), csv],
        className="card-actions",
        role="group",
        **html_attributes(aria_label=f"Links and downloads of {card.title}"),
    )


def picture_buttons() -> list[Component]:
    """Build the buttons that download a chart as a picture."""
    return [
        html.Button(
            kind.upper(),
            className="action",
            title=f"Download as {kind.upper()}",
            **html_attributes(data_picture=kind),
        )
        for kind in ("png", "svg")
    ]


def _query_details(card: Card) -> Component:
    sql = inline(card.query)
    link = dcc.Link(
        "Open in the SQL page", href=f"/sql?{urlencode({'q': sql})}", className="action"
    )
    copy = html.Button("Copy", className="action", **html_attributes(data_copy=sql))
    return html.Details(
        [
            html.Summary("Show the query"),
            html.Pre(sql, className="query", tabIndex=0),
            html.Div([copy, link], className="card-actions"),
        ],
        className="card-query",
    )
