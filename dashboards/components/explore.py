"""Charts of rows whose columns nobody knows beforehand: two columns, split by a third."""

from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl

from dashboards.components.marks import numbered_mark
from dashboards.components.theme import Theme, figure

ChartKind = Literal["line", "bar", "point"]
KINDS: tuple[tuple[ChartKind, str], ...] = (
    ("line", "Lines"),
    ("bar", "Bars"),
    ("point", "Points"),
)
MAX_SERIES = 10
MAX_MARKED_POINTS = 60


@dataclass(frozen=True)
class Axes:
    """The columns to draw; without a `y` there is nothing to draw."""

    x: str = ""
    y: str = ""
    series: str = ""
    kind: ChartKind = "line"


def suggest_axes(rows: pl.DataFrame) -> Axes:
    """Choose the columns that most likely show something.

    Time goes across and the first number up. Where an instant comes more than once, the text column
    that tells its rows apart best makes the series.
    """
    times = [name for name, kind in rows.schema.items() if kind.is_temporal()]
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    if not numbers:
        return Axes()
    if times:
        is_repeated = bool(texts) and rows[times[0]].n_unique() < rows.height
        series = max(texts, key=lambda name: rows.select(times[0], name).n_unique(), default="")
        return Axes(times[0], numbers[0], series if is_repeated else "")
    x = texts[0] if texts else rows.columns[0]
    y = numbers[0] if numbers[0] != x or len(numbers) == 1 else numbers[1]
    return Axes(x, y, "", "bar" if texts else "point")


def chart(rows: pl.DataFrame, theme: Theme, axes: Axes) -> go.Figure:
    """Draw the chosen columns. A null is a gap; of many series the largest are drawn."""
    made = figure(theme, hovermode="closest", xaxis={"title": axes.x}, yaxis={"title": axes.y})
    if not axes.y or not {axes.x, axes.y} <= set(rows.columns):
        return made
    is_sorted = axes.kind != "bar" and rows[axes.x].dtype != pl.String
    for number, (name, part) in enumerate(_split(rows, axes)):
        ordered = part.sort(axes.x, nulls_last=True) if is_sorted else part
        made.add_trace(_trace(ordered, theme, axes, number, name))
    made.update_layout(showlegend=bool(axes.series), barmode="group")
    return made


def count_left_out(rows: pl.DataFrame, axes: Axes) -> int:
    """Return how many series are too small to be drawn."""
    return max(rows[axes.series].n_unique() - MAX_SERIES, 0) if axes.series in rows.columns else 0


def is_ambiguous(rows: pl.DataFrame, axes: Axes) -> bool:
    """Return true if a line has several values at one place, so that it jumps up and down."""
    keys = [name for name in (axes.x, axes.series) if name in rows.columns]
    return axes.kind == "line" and rows.select(keys).n_unique() < rows.height


def _split(rows: pl.DataFrame, axes: Axes) -> list[tuple[str, pl.DataFrame]]:
    if axes.series not in rows.columns:
        return [(axes.y, rows)]
    size = pl.col(axes.y).cast(pl.Float64, strict=False).sum().alias("size")
    sizes = rows.group_by(axes.series).agg(size).sort("size", descending=True, nulls_last=True)
    return [
        (str(name), rows.filter(pl.col(axes.series).eq_missing(name)))
        for name in sizes[axes.series].head(MAX_SERIES).to_list()
    ]


def _trace(part: pl.DataFrame, theme: Theme, axes: Axes, number: int, name: str) -> Any:
    data = {"x": _plain(part[axes.x]), "y": _plain(part[axes.y]), "name": name}
    mark = numbered_mark(number, theme)
    if axes.kind == "bar":
        return go.Bar(**data, marker={"color": mark.colour, "pattern": {"shape": mark.pattern}})
    marker = {"color": mark.colour, "symbol": mark.symbol, "size": 7}
    if axes.kind == "point":
        return go.Scatter(**data, mode="markers", marker=marker)
    return go.Scatter(
        **data,
        mode="lines+markers" if part.height <= MAX_MARKED_POINTS else "lines",
        marker=marker,
        connectgaps=False,
        line={"color": mark.colour, "dash": mark.dash},
    )


def _plain(column: pl.Series) -> list[Any]:
    """Return the values as Plotly takes them: decimals as numbers, nested values as text."""
    if column.dtype.is_decimal():
        return column.cast(pl.Float64).to_list()
    if column.dtype.is_nested():
        return [str(value) for value in column.to_list()]
    return column.to_list()
