"""Figures of whatever a person's query found: two columns against each other, split by a third."""

from dataclasses import dataclass
from typing import Any, Literal

import plotly.graph_objects as go
import polars as pl

from dashboards.components.theme import DASHES, PATTERNS, SYMBOLS, Look, figure

Kind = Literal["line", "bar", "point"]
KINDS: tuple[tuple[Kind, str], ...] = (("line", "Lines"), ("bar", "Bars"), ("point", "Points"))
MAX_SERIES = 10


@dataclass(frozen=True)
class Choice:
    """What is drawn against what; without a `y` there is nothing to draw."""

    x: str = ""
    y: str = ""
    series: str = ""
    kind: Kind = "line"


def suggested(rows: pl.DataFrame) -> Choice:
    """What most likely shows something: time across, the first number up, and where instants come more than once the first text apart."""
    times = [name for name, kind in rows.schema.items() if kind.is_temporal()]
    texts = [name for name, kind in rows.schema.items() if kind == pl.String]
    numbers = [name for name, kind in rows.schema.items() if kind.is_numeric()]
    if not numbers:
        return Choice()
    if times:
        is_repeated = bool(texts) and rows[times[0]].n_unique() < rows.height
        return Choice(
            times[0],
            numbers[0],
            max(texts, key=lambda name: rows.select(times[0], name).n_unique())
            if is_repeated
            else "",
        )
    x = texts[0] if texts else rows.columns[0]
    return Choice(
        x,
        numbers[0] if numbers[0] != x or len(numbers) == 1 else numbers[1],
        "",
        "bar" if texts else "point",
    )


def chart(rows: pl.DataFrame, look: Look, choice: Choice) -> go.Figure:
    """The chosen columns; a null is a gap, and of many series the largest are drawn and named."""
    made = figure(look, hovermode="closest", xaxis={"title": choice.x}, yaxis={"title": choice.y})
    if not choice.y or not {choice.x, choice.y} <= set(rows.columns):
        return made
    for place, (name, part) in enumerate(_parts(rows, choice)):
        is_sorted = choice.kind != "bar" and rows[choice.x].dtype != pl.String
        made.add_trace(
            _trace(
                part.sort(choice.x, nulls_last=True) if is_sorted else part,
                look,
                choice,
                place,
                name,
            )
        )
    made.update_layout(showlegend=bool(choice.series), barmode="group")
    return made


def left_out(rows: pl.DataFrame, choice: Choice) -> int:
    """How many series are not drawn for want of room."""
    return (
        max(rows[choice.series].n_unique() - MAX_SERIES, 0) if choice.series in rows.columns else 0
    )


def is_ambiguous(rows: pl.DataFrame, choice: Choice) -> bool:
    """Whether a line has several values at one place, so that it jumps up and down."""
    apart = [name for name in (choice.x, choice.series) if name in rows.columns]
    return choice.kind == "line" and rows.select(apart).n_unique() < rows.height


def _parts(rows: pl.DataFrame, choice: Choice) -> list[tuple[str, pl.DataFrame]]:
    if choice.series not in rows.columns:
        return [(choice.y, rows)]
    size = pl.col(choice.y).cast(pl.Float64, strict=False).sum().alias("size")
    names = (
        rows.group_by(choice.series)
        .agg(size)
        .sort("size", descending=True, nulls_last=True)[choice.series]
        .head(MAX_SERIES)
    )
    return [
        (str(name), rows.filter(pl.col(choice.series).eq_missing(name))) for name in names.to_list()
    ]


def _trace(part: pl.DataFrame, look: Look, choice: Choice, place: int, name: str) -> Any:
    drawn = {"x": _plain(part[choice.x]), "y": _plain(part[choice.y]), "name": name}
    colour = look.colour(place)
    if choice.kind == "bar":
        return go.Bar(
            **drawn, marker={"color": colour, "pattern": {"shape": PATTERNS[place % len(PATTERNS)]}}
        )
    marker = {"color": colour, "symbol": SYMBOLS[place % len(SYMBOLS)], "size": 7}
    if choice.kind == "point":
        return go.Scatter(**drawn, mode="markers", marker=marker)
    mode = "lines+markers" if part.height <= 60 else "lines"
    return go.Scatter(
        **drawn,
        mode=mode,
        marker=marker,
        connectgaps=False,
        line={"color": colour, "dash": DASHES[place % len(DASHES)]},
    )


def _plain(column: pl.Series) -> list[Any]:
    """Values as Plotly takes them: decimals are numbers there, nested values text."""
    if column.dtype.is_decimal():
        return column.cast(pl.Float64).to_list()
    return (
        [str(value) for value in column.to_list()] if column.dtype.is_nested() else column.to_list()
    )
