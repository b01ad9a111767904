"""Small pieces of HTML: instants, tiles, plain tables. Nothing here knows of pages or data."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any, NamedTuple

import dash_mantine_components as dmc
from dash import dcc, html
from dash.development.base_component import Component


class Tile(NamedTuple):
    """A single figure: its name, its value, and a line below that says how to read it."""

    name: str
    value: str
    note: str


def html_attributes(**attributes: str) -> dict[str, Any]:
    """Return attributes whose names have dashes: `aria_label` becomes `aria-label`."""
    return {name.replace("_", "-"): value for name, value in attributes.items()}


def with_code(text: str) -> Any:
    """Return a text with what stands between backticks as code: commands, columns, identifiers."""
    parts = text.split("`")
    if len(parts) < 3:
        return text
    return [html.Code(part) if number % 2 else part for number, part in enumerate(parts) if part]


def without_code(text: str) -> str:
    """Return a text without backticks, where nothing can be marked as code."""
    return text.replace("`", "")


def format_instant(at: datetime | None) -> str:
    """Return an instant as text, in UTC."""
    return at.strftime("%Y-%m-%d %H:%M UTC") if at else "unknown"


def instant(at: datetime | None) -> Component:
    """Build an instant in UTC that shows the viewer's time zone on hover."""
    return html.Time(format_instant(at), dateTime=at.isoformat() if at else "", className="moment")


def tiles(rows: Sequence[Tile]) -> Component:
    """Build single figures side by side."""
    return dmc.SimpleGrid(
        [
            html.Div(
                [
                    html.Div(tile.name, className="tile-name"),
                    html.Div(tile.value, className="tile-value"),
                    html.Div(tile.note, className="tile-below"),
                ]
            )
            for tile in rows
        ],
        cols={"base": 1, "sm": 2, "md": min(len(rows), 4)},
        className="tiles",
    )


def plain_table(
    headings: Sequence[str], rows: Sequence[Sequence[Any]], label: str = "Table"
) -> Component:
    """Build an HTML table that scrolls sideways. A cell is text, a component, or a whole `Td`."""
    head = html.Thead(html.Tr([html.Th(heading, scope="col") for heading in headings]))
    lines = [
        html.Tr([cell if isinstance(cell, html.Td) else html.Td(cell) for cell in row])
        for row in rows
    ]
    return html.Div(
        html.Table([head, html.Tbody(lines)], className="plain"),
        className="scrolled",
        tabIndex=0,
        role="region",
        **html_attributes(aria_label=label),
    )


def state(title: str, text: str, is_failed: bool = False) -> Component:
    """Build what stands in place of something that cannot be shown: the reason and what to do."""
    return html.Div(
        [html.Strong(title), html.P(with_code(text))],
        className="state failed" if is_failed else "state",
        role="status",
    )


def suggestions(title: str, text: str, links: Sequence[tuple[str, str]]) -> Component:
    """Build what stands in place of something unknown: the nearest that there is, as links."""
    listed = [html.Li(dcc.Link(label, href=address)) for address, label in links]
    near = [html.P("The nearest that there is:"), html.Ul(listed)] if listed else []
    return html.Div(
        [html.Strong(title), html.P(with_code(text)), *near],
        className="state failed",
        role="status",
    )


def simulated_load_badge() -> Component:
    """Build the badge of figures of a server that a load generator asks."""
    return html.Span(
        "simulated load", className="simulated", title="A load generator asked; nobody was served"
    )


def simulated_badge() -> Component:
    """Build the badge that keeps simulated figures from being taken for real ones."""
    return html.Span(
        "simulated", className="simulated", title="From the simulated market; no real figure"
    )
