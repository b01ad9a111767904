"""Tiles and tables of the data page."""

from typing import Any
from urllib.parse import urlencode

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.tables import Column, markdown_link, table
from dashboards.components.widgets import Tile, format_instant, plain_table, tiles

WIDTHS = {
    "fetched_at": 190,
    "first_at": 190,
    "last_at": 190,
    "url": 280,
    "reason": 200,
    "detail": 220,
    "run_id": 220,
    "sha256": 160,
    "answer_sha256": 160,
    "source": 170,
}
DAGSTER_LINKS = (
    ("/runs", "Runs"),
    ("/assets", "Assets and their checks"),
    ("/automation", "Schedules and sensors"),
)


def summary(rows: pl.DataFrame, dagster_url: str | None = None) -> Component:
    """Build how complete the data are, with links to the runs behind them."""
    row = rows.row(0, named=True)
    last_fetched = format_instant(row["last_fetched_at"])
    made = (
        Tile("Days loaded", f"{row['loaded_days']:,}", f"newest {row['newest_date'] or 'none'}"),
        Tile(
            "Days missing at the source",
            f"{row['missing_days']:,}",
            "asked for, and not there; not zero demand",
        ),
        Tile(
            "Days restated", f"{row['restated_days']:,}", f"and {row['withdrawn_days']:,} withdrawn"
        ),
        Tile("Answers kept", f"{row['answers']:,}", f"last {last_fetched}"),
        Tile(
            "Answers not loaded whole",
            f"{row['answers_not_whole']:,}",
            "partial, quarantined, unreadable, refused or broken",
        ),
        Tile("Values quarantined", f"{row['quarantined']:,}", "sent by a source, but not valid"),
    )
    return html.Div([tiles(made), _dagster(dagster_url)])


def _dagster(url: str | None) -> Component:
    if url is None:
        text = "This dashboard was given no address of Dagster."
        return html.P(text, className="card-note")
    links = [
        html.A(
            f"{name} ↗",
            href=url.rstrip("/") + path,
            target="_blank",
            rel="noreferrer",
            className="action",
        )
        for path, name in DAGSTER_LINKS
    ]
    label = html.Span("In Dagster: ", className="card-note")
    return html.Div([label, *links], className="card-actions")


def checks(rows: pl.DataFrame) -> Component:
    """Build each identity and whether it holds, in words and a sign."""
    lines = [
        [_format_check(row["rows_wrong"]), row["claim"], html.Code(row["tables"])]
        for row in rows.to_dicts()
    ]
    return plain_table(("Result", "What must hold", "Tables"), lines, "Identities")


def _format_check(rows_wrong: int) -> str:
    return f"✗ broken by {rows_wrong:,} rows" if rows_wrong else "✓ holds"


def short_table(rows: pl.DataFrame) -> Component:
    """Build a short table as plain text, with whole numbers to the right."""
    lines = [
        [
            html.Td(_text(value), className="number" if isinstance(value, int) else None)
            for value in row
        ]
        for row in rows.rows()
    ]
    return plain_table([name.replace("_", " ") for name in rows.columns], lines)


def linked_table(rows: pl.DataFrame, sha: str | None = None) -> Component:
    """Build rows as a table; the hash of a raw answer, in the column `sha`, leads to the answer."""
    links = [pl.Series(sha, [_link(value) for value in rows[sha]], pl.String)] if sha else []
    instants = [name for name, kind in rows.schema.items() if isinstance(kind, pl.Datetime)]
    shown = rows.with_columns(links).with_columns(
        pl.col(name).dt.strftime("%Y-%m-%d %H:%M:%S") for name in instants
    )
    # The link stands second, where it is visible without scrolling.
    names = sorted(shown.columns, key=lambda name: (name != shown.columns[0], name != sha))
    columns = [
        Column(
            name,
            "raw answer" if name == sha else "",
            min_width=WIDTHS.get(name, 110),
            is_link=name == sha,
            tooltip=name,
        )
        for name in names
    ]
    return table(shown, columns, 340)


def _link(sha: str) -> str:
    return markdown_link(f"{sha[:12]}…", f"/data?{urlencode({'answer': sha})}")


def answer_facts(rows: pl.DataFrame) -> Component:
    """Build the newest request that fetched an answer, as pairs of name and value."""
    row = rows.row(0, named=True)
    known = {name: value for name, value in row.items() if value is not None}
    pairs: list[Any] = []
    for name, value in known.items():
        pairs += [html.Dt(name.replace("_", " ")), html.Dd(_text(value))]
    repeated = None
    if rows.height > 1:
        text = f"The same bytes came {rows.height} times; this is the newest."
        repeated = html.P(text, className="card-note")
    return html.Div([html.Dl(pairs, className="facts-list"), repeated])


def _text(value: Any) -> str:
    if value is None:
        return "unknown"
    if hasattr(value, "hour"):
        return format_instant(value)
    return f"{value:,}" if isinstance(value, int) else str(value)
