"""Tables of unknown columns: whole numbers stay exact, nulls are visible, text is never run."""

import json
import re
from collections.abc import Callable
from typing import Any

import dash_ag_grid as dag
import polars as pl
from dash.development.base_component import Component

from dashboards.components.tables import COLUMN_DEFAULTS, GRID_OPTIONS, json_rows

# The largest whole number that a browser's numbers hold exactly.
MAX_EXACT = 2**53
MAX_CELLS = 400_000
# Beginnings that a spreadsheet takes for a formula; wide ones where it was set to Japanese.
FORMULA = "^[=+\\-@\t\r\n\uff1d\uff0b\uff0d\uff20]"


def fit_rows(rows: pl.DataFrame, max_rows: int) -> pl.DataFrame:
    """Return the first rows that a browser can take: fewer where there are many columns."""
    return rows.head(min(max_rows, MAX_CELLS // max(rows.width, 1)))


def grid(rows: pl.DataFrame, name: str, height: int = 420) -> Component:
    """Build a table of all columns. Fields are numbered, since a column's name may hold dots."""
    plain = rows.select(_plain(column).alias(f"c{number}") for number, column in enumerate(rows))
    return dag.AgGrid(
        id=name,
        rowData=json_rows(plain),
        columnDefs=[_column(column, f"c{number}") for number, column in enumerate(rows)],
        defaultColDef={**COLUMN_DEFAULTS, "minWidth": 110, "maxWidth": 420},
        columnSize="autoSize",
        dashGridOptions={**GRID_OPTIONS, "suppressFieldDotNotation": True},
        style={"height": f"{height}px", "width": "100%"},
        dangerously_allow_code=False,
    )


def flatten(rows: pl.DataFrame) -> pl.DataFrame:
    """Write nested values as JSON, since CSV has none; decimals stay as they are."""
    nested = [column for column in rows if column.dtype.is_nested()]
    return rows.with_columns(_as_text(column, _to_json) for column in nested)


def write_csv(rows: pl.DataFrame, *, include_header: bool = True) -> str:
    """Write CSV for a spreadsheet, which would run a text that begins like a formula.

    Such a text gets an apostrophe, which spreadsheets take for "this is text".
    """
    flat = flatten(rows)
    texts = [column for column in flat if column.dtype == pl.String]
    safe = flat.with_columns(
        pl.when(column.str.contains(FORMULA)).then("'" + column).otherwise(column).alias(name)
        for column, name in ((pl.col(each.name), each.name) for each in texts)
    )
    names = {name: f"'{name}" for name in flat.columns if re.match(FORMULA, name)}
    return safe.rename(names).write_csv(include_header=include_header)


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
    """Return the values as JSON can hold them."""
    kind = column.dtype
    if kind.is_integer() and column.len() and _is_beyond_exact(column):
        return column.cast(pl.String)
    if kind.is_decimal():
        return column.cast(pl.Float64)
    if isinstance(kind, pl.Datetime):
        return column.dt.to_string("%Y-%m-%d %H:%M:%S%.f" + (" UTC" if kind.time_zone else ""))
    if kind == pl.Binary:
        return column.bin.encode("hex")
    if kind.is_nested() or isinstance(kind, pl.Object | pl.Duration | pl.Time):
        return _as_text(column, str)
    return column


def _as_text(column: pl.Series, write: Callable[[Any], str]) -> pl.Series:
    texts = [None if value is None else write(value) for value in column.to_list()]
    return pl.Series(column.name, texts, pl.String)


def _to_json(value: Any) -> str:
    return json.dumps(value, default=str, ensure_ascii=False)


def _is_beyond_exact(column: pl.Series) -> bool:
    bounds = (column.min(), column.max())
    return any(isinstance(bound, int) and abs(bound) > MAX_EXACT for bound in bounds)
