"""The SQL page: an editor over the published file, its tables beside it, results below."""

from functools import cache
from importlib.resources import files

import polars as pl
from dash import dcc, html
from dash.development.base_component import Component

from dashboards.components.filters import Control, Filters
from dashboards.components.page import CustomPage
from dashboards.components.widgets import html_attributes, with_code
from dashboards.generations import OpenGeneration
from dashboards.pages.sql import callbacks
from dashboards.pages.sql.queue import MAX_ROWS, SECONDS
from dashboards.query import Query, query

LIMITS = (
    "Ctrl+Enter runs it. It can only read this one file, "
    f"for at most {SECONDS:g} s and {MAX_ROWS:,} rows. "
    "A link with run=1 runs by itself, which is safe for the same reason."
)
# A link may set these; they are not drawn, since the query stands in the editor.
CONTROLS = (
    Control(name="q", label="Query", kind="hidden"),
    Control(name="run", label="Run", kind="hidden"),
)


def body(generation: OpenGeneration, filters: Filters) -> Component:
    """Build the editor with the link's query in it; with run=1 the button counts as pressed."""
    is_run = filters["q"] != "" and filters["run"] == "1"
    _, first_example = examples()[0]
    editor = _editor(filters["q"] or first_example, is_run)
    return html.Div([editor, _side(generation)], className="sql-page")


def _editor(sql: str, is_run: bool) -> Component:
    text = dcc.Textarea(
        id="sql-text",
        value=sql,
        className="sql-text",
        spellCheck=False,
        persistence=True,
        persistence_type="session",
    )
    run = html.Button(
        "Run",
        id="sql-run",
        className="sql-run",
        n_clicks=int(is_run),
        title="Run the query (Ctrl+Enter)",
    )
    stop = html.Button(
        "Stop",
        id="sql-stop",
        className="action",
        n_clicks=0,
        title="Stop the query that waits or runs",
    )
    return html.Div(
        [
            html.Label("Query", htmlFor="sql-text", className="control-label"),
            text,
            html.Div([run, stop, html.Span(LIMITS, className="sql-hint")], className="sql-bar"),
            dcc.Store(id="sql-key", storage_type="session"),
            dcc.Store(id="sql-look"),
            dcc.Store(id="sql-looked"),
            html.Div(id="sql-paced", hidden=True),
            html.Div(id="sql-result", **html_attributes(aria_live="polite")),
        ]
    )


def _side(generation: OpenGeneration) -> Component:
    columns = generation.frame(query("sql/tables"))
    tables = columns.partition_by("table_name", maintain_order=True)
    counts = _count_rows(generation, [table["table_name"][0] for table in tables])
    shown = [
        html.Li(
            html.Button(
                title,
                className="sql-name sql-example",
                title="Put it in the editor",
                **html_attributes(data_fill=text),
            )
        )
        for title, text in examples()
    ]
    return html.Aside(
        [
            html.H2("Examples"),
            html.Ul(shown),
            html.H2("Tables"),
            html.P("A click inserts the name at the cursor.", className="sql-comment"),
            *[_table(table, counts) for table in tables],
        ],
        className="sql-side",
        tabIndex=0,
        **html_attributes(aria_label="Examples and tables"),
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
                    **html_attributes(data_insert=column["column_name"]),
                ),
                html.Span(f" {column['data_type'].lower()}", className="sql-kind"),
                html.Div(column["column_comment"] or "", className="sql-comment"),
            ]
        )
        for column in columns.to_dicts()
    ]
    insert = html.Button(f"Insert {name}", className="action", **html_attributes(data_insert=name))
    count = html.Span(f" {counts[name]:,} rows", className="sql-kind")
    comment = html.P(with_code(columns["table_comment"][0] or ""), className="sql-comment")
    return html.Details([html.Summary([name, count]), comment, insert, html.Ul(lines)])


def _count_rows(generation: OpenGeneration, tables: list[str]) -> dict[str, int]:
    if not tables:
        return {}
    # The names are the file's.
    counts = (
        f'select {number} as number, count(*) as rows from marts."{name}"'  # noqa: S608
        for number, name in enumerate(tables)
    )
    rows = generation.frame(Query(" union all ".join(counts), is_verbatim=True)).to_dicts()
    return {tables[row["number"]]: row["rows"] for row in rows}


@cache
def examples() -> tuple[tuple[str, str], ...]:
    """Return each example's title, which is its first line, and its text."""
    folder = files("dashboards") / "pages" / "sql" / "examples"
    found = sorted(folder.iterdir(), key=lambda file: file.name)
    texts = [file.read_text().strip() for file in found if file.name.endswith(".sql")]
    return tuple((text.partition("\n")[0].removeprefix("-- "), text) for text in texts)


SQL = CustomPage(
    path="/sql",
    name="SQL",
    about="SQL on the published file: every table of both halves, each column described.",
    controls=lambda _: CONTROLS,
    body=body,
    register=callbacks.register,
    is_kept=True,
)
