"""A table of whatever columns a query gave: whole numbers exact, nulls said, links and code never run."""

import json
from typing import Any

import dash_ag_grid as dag
import polars as pl
from dash.development.base_component import Component

from dashboards.components.theme import Look

# The largest whole number that a browser's numbers hold exactly.
EXACT = 2**53
MAX_CELLS = 400_000


def shown_rows(rows: pl.DataFrame, most: int) -> pl.DataFrame:
    """As many rows as a browser can take: at most so many, fewer where there are many columns."""
    return rows.head(min(most, MAX_CELLS // max(rows.width, 1)))


def grid(rows: pl.DataFrame, look: Look, name: str, height: int = 420) -> Component:
    """The rows to sort, filter and walk by keyboard. Columns are numbered, since a name may be anything, dots included."""
    plain = rows.select(_plain(column).alias(f"c{place}") for place, column in enumerate(rows))
    return dag.AgGrid(
        id=name,
        rowData=json.loads(plain.write_json()),
        columnDefs=[_column(column, f"c{place}") for place, column in enumerate(rows)],
        defaultColDef={
            "sortable": True,
            "filter": True,
            "resizable": True,
            "minWidth": 110,
            "maxWidth": 420,
            "wrapHeaderText": True,
            "autoHeaderHeight": True,
        },
        columnSize="autoSize",
        dashGridOptions={
            "theme": look.grid_theme,
            "animateRows": False,
            "enableCellTextSelection": True,
            "ensureDomOrder": True,
            "suppressFieldDotNotation": True,
        },
        style={"height": f"{height}px", "width": "100%"},
        dangerously_allow_code=False,
    )


def _column(column: pl.Series, field: str) -> dict[str, Any]:
    made: dict[str, Any] = {
        "field": field,
        "headerName": column.name,
        "valueFormatter": {"function": "tokentideCell(params)"},
    }
    if column.dtype.is_numeric():
        made |= {"type": "rightAligned", "filter": "agNumberColumnFilter"}
    return made


def _plain(column: pl.Series) -> pl.Series:
    kind = column.dtype
    if kind.is_integer() and column.len() and _is_beyond(column):
        return column.cast(pl.String)
    if kind.is_decimal():
        return column.cast(pl.Float64)
    if isinstance(kind, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d %H:%M:%S%.f" + (" UTC" if kind.time_zone else ""))
    if kind == pl.Binary:
        return column.bin.encode("hex")
    if kind.is_nested() or kind in {pl.Object, pl.Duration, pl.Time}:
        return pl.Series(
            column.name,
            [None if value is None else str(value) for value in column.to_list()],
            pl.String,
        )
    return column


def _is_beyond(column: pl.Series) -> bool:
    least, most = column.min(), column.max()
    return any(isinstance(value, int) and abs(value) > EXACT for value in (least, most))


def flat(rows: pl.DataFrame) -> pl.DataFrame:
    """Nested values as JSON text, since CSV has none; decimals as they are."""
    nested = [name for name, kind in rows.schema.items() if kind.is_nested()]
    return rows.with_columns(
        pl.col(name).map_elements(str, return_dtype=pl.String) for name in nested
    )
