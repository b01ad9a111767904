"""Tables with known columns, to sort, filter and walk by keyboard."""

import json
import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

import dash_ag_grid as dag
import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import NumberFormat
from dashboards.names import NO_NAMES, Names

# A table of at most this many rows is as high as its rows.
MAX_SHORT_ROWS = 6
GRID_OPTIONS = {
    "theme": {"function": "themeAlpine"},
    "animateRows": False,
    "enableCellTextSelection": True,
    "ensureDomOrder": True,
}
# What Markdown, or an address that it would take for a link, begins with.
MARKDOWN = re.compile(r"([\\`*_\[\]()<>&!~|#$:@]|(?i:www)(?=\.))")
ESCAPED = re.compile(r"\\([!-/:-@\[-`{-~])|&#(\d+);")
COLUMN_DEFAULTS = {
    "sortable": True,
    "filter": True,
    "resizable": True,
    "wrapHeaderText": True,
    "autoHeaderHeight": True,
}


@dataclass(frozen=True)
class Column:
    """One column of a table: its field, its heading, and how it shows its values."""

    field: str
    heading: str = ""
    format: NumberFormat | None = None
    min_width: int | None = None
    max_width: int | None = None
    is_link: bool = False
    """True if its values are links in Markdown."""
    is_wrapped: bool = False
    tooltip: str = ""
    """The field with the text on hover."""
    is_slug: bool = False
    """True if its values are slugs or codes: their names are shown, and they on hover."""
    address: Callable[[str], str] | None = None
    """Returns where the name of a slug leads."""

    def definition(self) -> dict[str, Any]:
        """Return the column as ag-grid takes it."""
        made: dict[str, Any] = {
            "field": self.field,
            "headerName": self.heading or self.field.replace("_", " "),
        }
        if self.format:
            made |= self.format.column()
        if self.min_width:
            made["minWidth"] = self.min_width
        if self.max_width:
            made["maxWidth"] = self.max_width
        if self.is_link or self.address:
            made["cellRenderer"] = "markdown"
        if self.is_wrapped:
            made |= {"wrapText": True, "autoHeight": True}
        if tooltip := self.slug_field if self.is_slug else self.tooltip:
            made["tooltipField"] = tooltip
        return made

    @property
    def slug_field(self) -> str:
        """The field that keeps the slugs beside their names."""
        return f"{self.field} slug"

    def name(self, slug: str | None, names: Names) -> str | None:
        """Return the name of a slug, as a link where it leads somewhere."""
        if slug is None:
            return None
        name = names.name(slug)
        if not self.address:
            return name
        return markdown_link(name, self.address(slug))


def markdown_link(text: str, address: str) -> str:
    """Return a link in Markdown whose text is shown as it is, whoever chose it."""
    shown = MARKDOWN.sub(_escape, " ".join(text.split()))
    return f"[{shown}]({address})" if address else shown


def plain_text(markdown: str) -> str:
    """Return the text that `markdown_link` was given, for a file without Markdown."""
    return ESCAPED.sub(lambda found: found[1] or chr(int(found[2])), markdown)


def _escape(found: re.Match[str]) -> str:
    # A letter cannot be escaped by a backslash.
    first, rest = found[0][0], found[0][1:]
    return f"&#{ord(first)};{rest}" if first.isalpha() else f"\\{first}{rest}"


def table(
    rows: pl.DataFrame,
    columns: Sequence[Column] | None = None,
    height: int = 320,
    names: Names = NO_NAMES,
) -> Component:
    """Build a table of these columns; without them, of every column under its own name."""
    shown = columns or [Column(name) for name in rows.columns]
    rows = rows.with_columns(
        part for column in shown if column.is_slug for part in _named(rows, column, names)
    )
    is_short = rows.height <= MAX_SHORT_ROWS
    return dag.AgGrid(
        rowData=json_rows(rows.with_columns(_truth_as_text(rows))),
        columnDefs=[column.definition() for column in shown],
        columnSize="responsiveSizeToFit",
        defaultColDef={**COLUMN_DEFAULTS, "minWidth": 105},
        dashGridOptions={
            **GRID_OPTIONS,
            "domLayout": "autoHeight" if is_short else "normal",
            "rowHeight": 34,
        },
        style={"height": None if is_short else f"{height}px", "width": "100%"},
        dangerously_allow_code=False,
    )


def _named(rows: pl.DataFrame, column: Column, names: Names) -> list[pl.Series]:
    """Return a column with names in place of slugs, and beside it the slugs."""
    slugs = rows[column.field].cast(pl.String)
    shown = [column.name(slug, names) for slug in slugs.to_list()]
    return [pl.Series(column.field, shown, pl.String), slugs.alias(column.slug_field)]


def table_height(rows: pl.DataFrame, max_rows: int = 8) -> int:
    """Return the pixels that this many rows need under a heading of two lines."""
    return 110 + 42 * min(rows.height, max_rows)


def json_rows(rows: pl.DataFrame) -> list[dict[str, Any]]:
    """Return rows as a browser takes them: instants and days are text."""
    return list(json.loads(rows.write_json()))


def _truth_as_text(rows: pl.DataFrame) -> list[pl.Expr]:
    # ag-grid would draw a box for a truth value, which looks empty where the value is not known.
    return [
        pl.when(pl.col(name))
        .then(pl.lit("✓ yes"))
        .when(~pl.col(name))
        .then(pl.lit("✗ no"))
        .otherwise(pl.lit("not known"))
        .alias(name)
        for name, kind in rows.schema.items()
        if kind == pl.Boolean
    ]
