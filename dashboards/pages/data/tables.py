"""Tables and single figures of the data page."""

from typing import Any
from urllib.parse import urlencode

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components import widgets
from dashboards.components.theme import Look

WIDTHS = {
    "fetched_at": 190, "first_at": 190, "last_at": 190, "url": 280, "reason": 200, "detail": 220, "run_id": 220, "sha256": 160,
    "answer_sha256": 160, "source": 170,
}  # fmt: skip
DAGSTER = (
    ("/runs", "Runs"),
    ("/assets", "Assets and their checks"),
    ("/automation", "Schedules and sensors"),
)


def summary(rows: pl.DataFrame, look: Look, dagster_url: str | None = None) -> Component:
    """How complete the data are, and where to see the runs behind them."""
    del look
    row = rows.row(0, named=True)
    tiles = (
        ("Days loaded", f"{row['loaded_days']:,}", f"newest {row['newest_date'] or 'none'}"),
        (
            "Days missing at the source",
            f"{row['missing_days']:,}",
            "asked for, and not there; not zero demand",
        ),
        ("Days restated", f"{row['restated_days']:,}", f"and {row['withdrawn_days']:,} withdrawn"),
        ("Answers kept", f"{row['answers']:,}", f"last {widgets.instant(row['last_fetched_at'])}"),
        (
            "Answers not taken whole",
            f"{row['answers_not_whole']:,}",
            "partial, quarantined, unreadable, refused or broken",
        ),
        ("Things set aside", f"{row['set_aside']:,}", "said by a source and not believed"),
    )
    return html.Div([widgets.tiles(tiles), _dagster(dagster_url)])


def _dagster(url: str | None) -> Component:
    if url is None:
        return html.P("No address of Dagster was given to this dashboard.", className="card-note")
    links = [
        html.A(
            f"{name} ↗",
            href=url.rstrip("/") + path,
            target="_blank",
            rel="noreferrer",
            className="action",
        )
        for path, name in DAGSTER
    ]
    return html.Div(
        [html.Span("In Dagster: ", className="card-note"), *links], className="card-actions"
    )


def checks(rows: pl.DataFrame, look: Look) -> Component:
    """Each identity and whether it holds, in words and a sign."""
    del look
    lines = [
        html.Tr(
            [
                html.Td(
                    "✓ holds"
                    if not row["rows_wrong"]
                    else f"✗ broken by {row['rows_wrong']:,} rows"
                ),
                html.Td(row["claim"]),
                html.Td(html.Code(row["tables"])),
            ]
        )
        for row in rows.to_dicts()
    ]
    head = html.Thead(
        html.Tr([html.Th(name, scope="col") for name in ("Result", "What must hold", "Tables")])
    )
    return html.Div(
        html.Table([head, html.Tbody(lines)], className="plain"), className="scrolled", tabIndex=0
    )


def counted(rows: pl.DataFrame, look: Look) -> Component:
    """A short table as plain text: figures to the right."""
    del look
    head = html.Thead(
        html.Tr([html.Th(name.replace("_", " "), scope="col") for name in rows.columns])
    )
    lines = [
        html.Tr(
            [
                html.Td(_text(value), className="number" if isinstance(value, int) else None)
                for value in row
            ]
        )
        for row in rows.rows()
    ]
    return html.Div(
        html.Table([head, html.Tbody(lines)], className="plain"), className="scrolled", tabIndex=0
    )


def linked(rows: pl.DataFrame, look: Look, sha: str | None = None) -> Component:
    """Rows as a table; a raw answer's hash, where there is one, leads to what is known of it."""
    links = [pl.col(sha).map_elements(_link, return_dtype=pl.String)] if sha else []
    shown = rows.with_columns(links).select(pl.all().name.map(str))
    shown = shown.with_columns(
        pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S")
        for name, kind in shown.schema.items()
        if isinstance(kind, pl.Datetime)
    )
    columns: list[dict[str, Any]] = [
        {
            "field": name,
            "headerName": name.replace("_", " "),
            "minWidth": WIDTHS.get(name, 110),
            "tooltipField": name,
        }
        # The way to the raw answer stands where it is seen without scrolling.
        for name in sorted(shown.columns, key=lambda name: (name != shown.columns[0], name != sha))
    ]
    for column in columns:
        if column["field"] == sha:
            column |= {"cellRenderer": "markdown", "headerName": "raw answer"}
    return widgets.table(shown, look, columns, 340)


def _link(sha: str) -> str:
    return f"[{sha[:12]}…](/data?{urlencode({'answer': sha})})"


def facts(rows: pl.DataFrame, look: Look) -> Component:
    """The newest request that brought an answer, as pairs of name and value."""
    del look
    row = rows.row(0, named=True)
    pairs = [
        (html.Dt(name.replace("_", " ")), html.Dd(_text(value)))
        for name, value in row.items()
        if value is not None
    ]
    again = (
        html.P(
            f"The same bytes came {rows.height} times; this is the newest.", className="card-note"
        )
        if rows.height > 1
        else None
    )
    return html.Div(
        [html.Dl([part for pair in pairs for part in pair], className="facts-list"), again]
    )


def _text(value: Any) -> str:
    if value is None:
        return "unknown"
    return (
        widgets.instant(value)
        if hasattr(value, "hour")
        else f"{value:,}"
        if isinstance(value, int)
        else str(value)
    )
