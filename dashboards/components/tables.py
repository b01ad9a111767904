"""Tables with known columns, to sort, filter and walk by keyboard."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import dash_ag_grid as dag
import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import NumberFormat

# A table of at most this many rows is as high as its rows.
MAX_SHORT_ROWS = 6
GRID_OPTIONS = {
    "theme": {"function": "themeAlpine"},
    "animateRows": False,
    "enableCellTextSelection": True,
    "ensureDomOrder": True,
}
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
    has_tooltip: bool = False

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
        if self.is_link:
            made["cellRenderer"] = "markdown"
        if self.is_wrapped:
            made |= {"wrapText": True, "autoHeight": True}
        if self.has_tooltip:
            made["tooltipField"] = self.field
        return made


def table(
    rows: pl.DataFrame, columns: Sequence[Column] | None = None, height: int = 320
) -> Component:
    """Build a table of these columns; without them, of every column under its own name."""
    shown = columns or [Column(name) for name in rows.columns]
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
