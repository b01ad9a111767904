"""The state of a query on the SQL page, or its rows with downloads, a link and a chart."""

import time
from urllib.parse import urlencode

import dash_mantine_components as dmc
import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.cards import picture_buttons
from dashboards.components.charts import explore
from dashboards.components.grid import fit_rows, grid
from dashboards.components.widgets import (
    format_instant,
    html_attributes,
    simulated_badge,
    state,
)
from dashboards.pages.sql.figures import MAX_SHOWN_ROWS
from dashboards.pages.sql.queue import MAX_ROWS, QueuedQuery


def show_query(query: QueuedQuery, seconds: float) -> Component:
    """Build the state of a query, its error, or its rows."""
    if query.stage == "waiting":
        limit = f"queries run one at a time, each for at most {seconds:g} s"
        return state("Waiting", f"{query.place} before this one; {limit}.")
    if query.stage == "running":
        took = time.monotonic() - query.began
        return state("Running", f"for {took:.0f} s, at most {seconds:g} s. Stop ends it.")
    if query.outcome.error:
        return html.Div(
            [
                html.Strong("The query failed"),
                html.Pre(query.outcome.error, className="sql-error", tabIndex=0),
            ],
            className="state failed",
            role="alert",
        )
    return _result(query)


def read_rows(query: QueuedQuery) -> pl.DataFrame:
    """Return the first rows, which are shown and drawn."""
    return pl.read_parquet(query.out, n_rows=MAX_SHOWN_ROWS)


def _result(query: QueuedQuery) -> Component:
    rows = read_rows(query)
    content: list[Component] = [_head(query, rows)]
    if rows.is_empty():
        columns = ", ".join(rows.columns)
        text = f"The query ran and found nothing. Its columns: {columns}."
        content.append(state("No rows", text))
    else:
        content += [grid(fit_rows(rows, MAX_SHOWN_ROWS), "sql-grid"), _chart_controls(rows)]
    source = _source(query)
    sql = html.Pre(query.sql, className="query", tabIndex=0)
    details = html.Details([html.Summary("The query that was run"), sql], className="card-query")
    label = "Result of the query"
    return html.Section(
        [*content, html.P(source, className="card-source"), details],
        className="card",
        id="card-sql",
        **html_attributes(aria_label=label, data_title=label, data_unit="", data_source=source),
    )


def _head(query: QueuedQuery, rows: pl.DataFrame) -> Component:
    link = "/sql?" + urlencode({"q": query.sql, "run": "1"})
    downloads = [
        html.A(
            label,
            href=f"/download/sql.{kind}?key={query.key}",
            className="action",
            download="",
        )
        for kind, label in (("csv", "CSV"), ("parquet", "Parquet"))
    ]
    links = [
        html.A("Link", href=link, className="action"),
        html.Button("Copy link", className="action", **html_attributes(data_link=link)),
    ]
    badge = [simulated_badge()] if query.meta.is_simulated else []
    actions = html.Div(
        [*badge, *downloads, *links],
        className="card-actions",
        role="group",
        **html_attributes(aria_label="Downloads and links"),
    )
    count = html.P(count_rows(query, rows), id="sql-count", className="card-unit")
    return html.Div([count, actions], className="card-head")


def count_rows(query: QueuedQuery, rows: pl.DataFrame) -> str:
    """Return how many rows there are, how long they took, and what is cut or not shown."""
    outcome, shown = query.outcome, fit_rows(rows, MAX_SHOWN_ROWS).height
    plural = "" if outcome.rows == 1 else "s"
    text = (
        f"{outcome.rows:,} row{plural} in {outcome.seconds:.2f} s "
        f"from generation {query.meta.generation}"
    )
    if outcome.is_cut:
        text = f"The first {text}; it was cut there, since {MAX_ROWS:,} are the most"
    if shown < outcome.rows:
        return f"{text}. The first {shown:,} are shown; the downloads have all of them."
    return f"{text}."


def _source(query: QueuedQuery) -> str:
    meta = query.meta
    published = format_instant(meta.published_at)
    return f"{meta.citation} Generation {meta.generation}, published {published}."


def _chart_controls(rows: pl.DataFrame) -> Component:
    axes = explore.suggest_axes(rows)
    numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    columns = [
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
        for name, label, options, value in (
            ("x", "Across (x)", rows.columns, axes.x),
            ("y", "Up (y)", numbers, axes.y),
            ("series", "Split by", rows.columns, axes.series),
        )
    ]
    kind = dmc.Select(
        id="sql-kind",
        label="As",
        data=[{"value": value, "label": label} for value, label in explore.KINDS],
        value=axes.kind,
        size="xs",
        allowDeselect=False,
        w=110,
    )
    pictures = html.Div(picture_buttons(), className="card-actions")
    return html.Details(
        [
            html.Summary("Chart it"),
            html.Div([*columns, kind, pictures], className="controls"),
            html.Div(id="sql-chart"),
        ],
        className="card-query",
        open=bool(axes.y),
    )
