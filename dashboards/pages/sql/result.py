"""What the SQL page shows of a query: where it stands, or its rows with downloads, a link to it and a chart of it."""

import time
from urllib.parse import urlencode

import dash_mantine_components as dmc
import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components import cards, widgets
from dashboards.components.controls import named
from dashboards.components.grid import grid, shown_rows
from dashboards.components.theme import Look
from dashboards.pages.sql import figures
from dashboards.pages.sql.queue import MAX_ROWS, Asked

SHOWN_ROWS = 10_000
CHART_HEIGHT = 380


def shown(asked: Asked, look: Look, seconds: float) -> Component:
    """How it stands with a query."""
    if asked.stage == "waiting":
        return cards.state(
            "Waiting",
            f"{asked.place} before this one; queries run one at a time, each for at most {seconds:g} s.",
        )
    if asked.stage == "running":
        return cards.state(
            "Running",
            f"for {time.monotonic() - asked.began:.0f} s, at most {seconds:g} s. Stop ends it.",
        )
    if asked.outcome.error:
        return html.Div(
            [
                html.Strong("The query failed"),
                html.Pre(asked.outcome.error, className="sql-error", tabIndex=0),
            ],
            className="state failed",
            role="alert",
        )
    return _rows(asked, look)


def read(asked: Asked) -> pl.DataFrame:
    """The rows that are shown and drawn: the first ones."""
    return pl.read_parquet(asked.out, n_rows=SHOWN_ROWS)


def drawn(rows: pl.DataFrame, look: Look, choice: figures.Choice) -> Component:
    """The chart of these columns, with what it leaves away."""
    if not choice.y:
        return cards.state("Nothing to draw", "Choose a column of numbers for y.")
    said = [
        f"{choice.y} by {choice.x}" + (f", each {choice.series} by itself" if choice.series else "")
    ]
    if hidden := figures.left_out(rows, choice):
        said.append(f"{hidden} smaller ones of {choice.series} are not drawn")
    if rows.height == SHOWN_ROWS:
        said.append(f"of the first {SHOWN_ROWS:,} rows only")
    if figures.is_ambiguous(rows, choice):
        said.append(
            f"several rows share one {choice.x}, so lines jump: tell them apart by another column, or ask for fewer"
        )
    figure = figures.chart(rows, look, choice)
    figure.update_layout(height=CHART_HEIGHT)
    title = "; ".join(said) + "."
    graph = dcc.Graph(
        id={"type": "graph", "key": "sql"},
        figure=figure,
        config={"displayModeBar": False, "responsive": True},
    )
    return html.Div(
        [
            html.P(title, className="card-note"),
            html.Div(graph, role="img", **named(aria_label=f"Chart: {title}")),
        ]
    )


def _rows(asked: Asked, look: Look) -> Component:
    rows = read(asked)
    inside: list[Component] = [_head(asked, rows)]
    if rows.is_empty():
        inside.append(
            cards.state(
                "No rows",
                f"The query ran and found nothing. Its columns: {', '.join(rows.columns)}.",
            )
        )
    else:
        inside += [grid(shown_rows(rows, SHOWN_ROWS), look, "sql-grid"), _chart_it(rows)]
    inside.append(html.P(_source(asked), className="card-source"))
    inside.append(
        html.Details(
            [
                html.Summary("The query that was run"),
                html.Pre(asked.sql, className="query", tabIndex=0),
            ],
            className="card-query",
        )
    )
    label = "Result of the query"
    return html.Section(
        inside,
        className="card",
        id="card-sql",
        **named(aria_label=label, data_title=label, data_unit="", data_source=_source(asked)),
    )


def _head(asked: Asked, rows: pl.DataFrame) -> Component:
    link = "/sql?" + urlencode({"q": asked.sql, "run": "1"})
    downloads = [
        html.A(
            kind.upper() if kind == "csv" else "Parquet",
            href=f"/download/sql.{kind}?key={asked.key}",
            className="action",
            download="",
        )
        for kind in ("csv", "parquet")
    ]
    links = [
        html.A("Link", href=link, className="action"),
        html.Button("Copy link", className="action", **named(data_link=link)),
    ]
    badge = [cards.simulated_badge()] if asked.meta.is_simulated else []
    return html.Div(
        [
            html.P(_counted(asked, rows), id="sql-count", className="card-unit"),
            html.Div(
                [*badge, *downloads, *links],
                className="card-actions",
                role="group",
                **named(aria_label="Downloads and links"),
            ),
        ],
        className="card-head",
    )


def _counted(asked: Asked, rows: pl.DataFrame) -> str:
    outcome, fits = asked.outcome, shown_rows(rows, SHOWN_ROWS).height
    said = f"{outcome.rows:,} row{'' if outcome.rows == 1 else 's'} in {outcome.seconds:.2f} s from generation {asked.meta.generation}"
    if outcome.is_cut:
        said = f"The first {said}; it was cut there, since {MAX_ROWS:,} are the most"
    return said + (
        f". The first {fits:,} are shown; the downloads have all of them."
        if fits < outcome.rows
        else "."
    )


def _source(asked: Asked) -> str:
    meta = asked.meta
    return f"{meta.citation} Generation {meta.generation}, published {widgets.instant(meta.published_at)}."


def _chart_it(rows: pl.DataFrame) -> Component:
    choice = figures.suggested(rows)
    numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    picks = (
        ("x", "Across (x)", rows.columns, choice.x),
        ("y", "Up (y)", numbers, choice.y),
        ("series", "Apart by", rows.columns, choice.series),
    )
    controls = [
        dmc.Select(
            id=f"sql-{name}",
            label=label,
            data=list(options),
            value=value or None,
            size="xs",
            searchable=True,
            clearable=name != "x",
            w=180,
        )
        for name, label, options, value in picks
    ]
    kinds = [{"value": value, "label": label} for value, label in figures.KINDS]
    kind = dmc.Select(
        id="sql-kind",
        label="As",
        data=kinds,
        value=choice.kind,
        size="xs",
        allowDeselect=False,
        w=110,
    )
    pictures = [
        html.Button(kind.upper(), className="action", **named(data_picture=kind))
        for kind in ("png", "svg")
    ]
    return html.Details(
        [
            html.Summary("Chart it"),
            html.Div(
                [*controls, kind, html.Div(pictures, className="card-actions")],
                className="controls",
            ),
            html.Div(id="sql-chart"),
        ],
        className="card-query",
        open=bool(choice.y),
    )
