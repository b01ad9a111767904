"""Charts of rows whose columns nobody knows beforehand: two columns, split by a third."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import Mark, marks, numbered_mark
from dashboards.components.theme import LEGEND, Theme, figure

ChartKind = Literal["line", "bar", "point"]
KINDS: tuple[tuple[ChartKind, str], ...] = (
    ("line", "Lines"),
    ("bar", "Bars"),
    ("point", "Points"),
)
MAX_SERIES = 10
# Lines of a comparison, which differ by colour and by dash.
MAX_COMPARED = 16
# Numbers that count or order rows say less than any other.
ORDERS = frozenset({"place", "rank", "days", "hours", "months"})
BOUNDS = ("low", "high")
# Columns of the same rows that are compared whatever their names.
PAIRS = {"measured": "expected", "expected": "measured"}
COUNTRY_WORDS = {"chinese": "CN", "us": "US"}
MAX_MARKED_POINTS = 60


@dataclass(frozen=True)
class Axes:
    """The columns to draw; without a `y` there is nothing to draw."""

    x: str = ""
    y: str = ""
    series: str = ""
    kind: ChartKind = "line"
    beside: tuple[str, ...] = ()
    """The other columns of a comparison, in the unit of `y`: `us_share` beside `chinese_share`."""


def suggest_axes(rows: pl.DataFrame) -> Axes:
    """Choose the columns that most likely show something.

    Time goes across and the first number up. Where an instant comes more than once, the text column
    that tells its rows apart best makes the series.
    """
    times = [name for name, kind in rows.schema.items() if kind.is_temporal()]
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    every = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    numbers = [name for name in every if name not in ORDERS] or every
    if not numbers:
        return Axes()
    if times:
        is_repeated = bool(texts) and rows[times[0]].n_unique() < rows.height
        series = max(texts, key=lambda name: rows.select(times[0], name).n_unique(), default="")
        beside = _compared(rows, numbers[0], numbers)
        return Axes(times[0], numbers[0], series if is_repeated else "", beside=beside)
    x = texts[0] if texts else rows.columns[0]
    y = numbers[0] if numbers[0] != x or len(numbers) == 1 else numbers[1]
    beside = _compared(rows, y, numbers) if texts else ()
    return Axes(x, y, "", "bar" if texts else "point", beside)


def _compared(rows: pl.DataFrame, first: str, numbers: Sequence[str]) -> tuple[str, ...]:
    """Return the columns that are compared with one: the same quantity of others, or its bounds."""
    known = [name for name in numbers if name != first and rows[name].null_count() < rows.height]
    _, _, quantity = first.partition("_")
    same = [name for name in known if quantity and name.partition("_")[2] == quantity]
    stem, _, end = first.rpartition("_")
    bounds = [f"{stem}_{other}" for other in BOUNDS if end in BOUNDS and other != end]
    return tuple(same or [name for name in known if name in (*bounds, PAIRS.get(first))])


def chart(rows: pl.DataFrame, theme: Theme, axes: Axes) -> Chart:
    """Draw the chosen columns. A null is a gap; of many series the largest are drawn."""
    made = figure(
        theme,
        hovermode="closest",
        xaxis={"title": {"text": axes.x}},
        yaxis={"title": {"text": axes.y}},
        legend=LEGEND,
    )
    if not axes.y or not {axes.x, axes.y} <= set(rows.columns):
        return made
    is_sorted = axes.kind != "bar" and rows[axes.x].dtype != pl.String
    if set(axes.beside) <= set(rows.columns) and axes.beside:
        return _compare(made, rows, theme, axes)
    parts = _split(rows, axes)
    signs = marks([name for name, _ in parts], theme)
    for name, part in parts:
        ordered = part.sort(axes.x, nulls_last=True) if is_sorted else part
        _add_trace(made, ordered, axes, signs[name], name)
    made.update_layout(showlegend=bool(axes.series), barmode="group")
    return made


def _compare(made: Chart, rows: pl.DataFrame, theme: Theme, axes: Axes) -> Chart:
    """Draw all columns of a comparison: a colour for each, and a dash for each series."""
    columns = (axes.y, *axes.beside)
    words = [name.partition("_")[0] for name in columns]
    sides = marks([COUNTRY_WORDS.get(word, word) for word in words], theme)
    groups = _split(rows, axes)[: max(MAX_COMPARED // len(columns), 1)]
    for number, (group, part) in enumerate(groups):
        ordered = part.sort(axes.x, nulls_last=True) if axes.kind != "bar" else part
        signs = numbered_mark(number, theme)
        for column, word in zip(columns, words, strict=True):
            mark = replace(signs, colour=sides[COUNTRY_WORDS.get(word, word)].colour)
            # What is unknown is no side, so without figures it has no line.
            if word == "unknown" and part[column].is_null().all():
                continue
            shown = column.replace("_", " ")
            name = f"{group}: {shown}" if axes.series else shown
            _add_trace(made, ordered, replace(axes, y=column), mark, name)
    title = axes.y.partition("_")[2] or axes.y
    return made.update_layout(showlegend=True, barmode="group", yaxis={"title": {"text": title}})


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


def _add_trace(made: Chart, part: pl.DataFrame, axes: Axes, mark: Mark, name: str) -> None:
    data = {"x": _plain(part[axes.x]), "y": _plain(part[axes.y]), "name": name}
    if axes.kind == "bar":
        made.add_bar(**data, marker={"color": mark.colour, "pattern": {"shape": mark.pattern}})
        return
    marker = {"color": mark.colour, "symbol": mark.symbol, "size": 7}
    if axes.kind == "point":
        made.add_scatter(**data, mode="markers", marker=marker)
        return
    made.add_scatter(
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
