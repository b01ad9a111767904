"""The SQL page: an editor over the published file, with its tables beside it and what a query found below."""

from functools import cache
from importlib.resources import files

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components.controls import named
from dashboards.components.filters import Control, Filters
from dashboards.components.page import Page
from dashboards.components.theme import Look
from dashboards.generations import Generation
from dashboards.pages.sql import callbacks
from dashboards.pages.sql.queue import MAX_ROWS, SECONDS
from dashboards.query import Query, query

FIRST = "select date, platform_tokens\nfrom market_days\nwhere not is_missing\norder by date"
LIMITS = (
    f"Ctrl+Enter runs it. It can only read this one file, for at most {SECONDS:g} s and {MAX_ROWS:,} rows. "
    "A link with run=1 runs by itself, which is safe for the same reason."
)


def controls(generation: Generation) -> tuple[Control, ...]:
    """What a link may say; nothing of it is drawn, since the query stands in the editor."""
    del generation
    return Control("q", "Query", kind="hidden"), Control("run", "Run", kind="hidden")


def body(generation: Generation, filters: Filters, look: Look) -> Component:
    """The editor with the link's query in it; with run=1 the button counts as pressed."""
    del look
    return html.Div(
        [
            _editor(filters["q"] or FIRST, filters["q"] != "" and filters["run"] == "1"),
            _side(generation),
        ],
        className="sql-page",
    )


def _editor(sql: str, is_run: bool) -> Component:
    text = dcc.Textarea(
        id="sql-text",
        value=sql,
        className="sql-text",
        spellCheck=False,
        persistence=True,
        persistence_type="session",
    )
    bar = [
        html.Button(
            "Run",
            id="sql-run",
            className="sql-run",
            n_clicks=int(is_run),
            title="Run the query (Ctrl+Enter)",
        ),
        html.Button(
            "Stop",
            id="sql-stop",
            className="action",
            n_clicks=0,
            title="Stop the query that waits or runs",
        ),
        html.Span(LIMITS, className="sql-hint"),
    ]
    return html.Div(
        [
            html.Label("Query", htmlFor="sql-text", className="control-label"),
            text,
            html.Div(bar, className="sql-bar"),
            dcc.Store(id="sql-key", storage_type="session"),
            dcc.Store(id="sql-done"),
            dcc.Interval(id="sql-clock", interval=callbacks.LOOK_MS, disabled=True),
            html.Div(id="sql-result", **named(aria_live="polite")),
        ]
    )


def _side(generation: Generation) -> Component:
    columns = generation.frame(query("sql/tables"))
    tables = columns.partition_by("table_name", maintain_order=True)
    counts = _row_counts(generation, [table["table_name"][0] for table in tables])
    shown = [
        html.Li(
            html.Button(
                title,
                className="sql-name sql-example",
                title="Put it in the editor",
                **named(data_fill=text),
            )
        )
        for title, text in examples()
    ]
    return html.Aside(
        [
            html.H2("Examples"),
            html.Ul(shown),
            html.H2("Tables"),
            html.P("A name goes into the query where the cursor is.", className="sql-comment"),
            *[_table(table, counts) for table in tables],
        ],
        className="sql-side",
        tabIndex=0,
        **named(aria_label="Examples and tables"),
    )


def _table(columns: pl.DataFrame, counts: dict[str, int]) -> Component:
    name = columns["table_name"][0]
    lines = [
        html.Li(
            [
                html.Button(
                    column["column_name"],
                    className="sql-name",
                    title=column["column_comment"],
                    **named(data_insert=column["column_name"]),
                ),
                html.Span(f" {column['data_type'].lower()}", className="sql-kind"),
                html.Div(column["column_comment"] or "", className="sql-comment"),
            ]
        )
        for column in columns.to_dicts()
    ]
    insert = html.Button(f"Insert {name}", className="action", **named(data_insert=name))
    summary = html.Summary([name, html.Span(f" {counts[name]:,} rows", className="sql-kind")])
    return html.Details(
        [
            summary,
            html.P(columns["table_comment"][0] or "", className="sql-comment"),
            insert,
            html.Ul(lines),
        ]
    )


def _row_counts(generation: Generation, tables: list[str]) -> dict[str, int]:
    # The names are the file's own.
    counts = (
        f'select {place} as place, count(*) as rows from marts."{name}"'  # noqa: S608
        for place, name in enumerate(tables)
    )
    rows = (
        generation.frame(Query(" union all ".join(counts), is_whole=True)).to_dicts()
        if tables
        else []
    )
    return {tables[row["place"]]: row["rows"] for row in rows}


@cache
def examples() -> tuple[tuple[str, str], ...]:
    """Each example's title, which is its first line, and its text."""
    found = sorted(
        (files("dashboards") / "pages" / "sql" / "examples").iterdir(), key=lambda file: file.name
    )
    texts = [file.read_text().strip() for file in found if file.name.endswith(".sql")]
    return tuple((text.partition("\n")[0].removeprefix("-- "), text) for text in texts)


SQL = Page(
    "/sql",
    "SQL",
    "Ask the published file yourself: every table of both halves, each column described.",
    controls,
    lambda filters: (),
    body=body,
    register=callbacks.register,
    is_kept=True,
)
