"""Lines over time that several pages draw: holes stay holes, and each line has a dash and a symbol beside its colour."""

from collections.abc import Sequence
from datetime import timedelta

import plotly.graph_objects as go
import polars as pl

from dashboards.components.theme import DASHES, PATTERNS, SYMBOLS, Look, figure

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
FEW = 4


def with_holes(rows: pl.DataFrame, at: str = "instant", step: timedelta = HOUR) -> pl.DataFrame:
    """Rows of one series with an empty row where one is missing, so that no line crosses a hole; a column `step_hours` says the step."""
    rows = rows.sort(at)
    if "step_hours" in rows.columns:
        step = step_hours(rows) * HOUR
    holes = rows.filter(pl.col(at).diff() > step).select(pl.col(at) - step / 2)
    return rows if holes.is_empty() else pl.concat([rows, holes], how="diagonal").sort(at)


def step_hours(rows: pl.DataFrame) -> int:
    """Hours between two points; one where no column says it."""
    return (
        int(rows.get_column("step_hours", default=pl.Series([1])).drop_nulls().head(1).sum()) or 1
    )


def lines(
    rows: pl.DataFrame,
    look: Look,
    value: str,
    unit: str,
    tickformat: str = "",
    step: timedelta = HOUR,
    most: float | None = None,
) -> go.Figure:
    """One line for each `series`, over `instant`."""
    made = figure(look, yaxis=y_axis(look, unit, tickformat, most))
    for place, series in enumerate(names(rows)):
        add_line(
            made,
            look,
            with_holes(rows.filter(pl.col("series") == series), step=step),
            value,
            series,
            place,
            tickformat,
        )
    return labelled(made)


def add_line(
    made: go.Figure,
    look: Look,
    part: pl.DataFrame,
    value: str,
    name: str,
    place: int,
    tickformat: str = "",
    opened: str | None = None,
) -> None:
    """Add one line; points stand open where the column `opened` is true, for what is not measured or only a bound."""
    symbol = SYMBOLS[place % len(SYMBOLS)]
    symbols = (
        [f"{symbol}-open" if is_open else symbol for is_open in part[opened].to_list()]
        if opened
        else symbol
    )
    alone = part[value].is_not_null().sum() <= 2 * 24 or opened is not None
    made.add_scatter(
        x=part["instant"].to_list(), y=part[value].to_list(), name=name, connectgaps=False,
        mode="lines+markers" if alone else "lines",
        line={"color": look.colour(place), "dash": DASHES[place % len(DASHES)], "width": 2},
        marker={"symbol": symbols, "size": 7, "color": look.colour(place)},
        hovertemplate=f"%{{y:{tickformat or ',.3~f'}}}<extra>%{{fullData.name}}</extra>",
    )  # fmt: skip


def stacked(
    rows: pl.DataFrame, look: Look, parts: Sequence[tuple[str, str]], unit: str
) -> go.Figure:
    """Bars of an hour each on top of each other: (column, name), each with a pattern of its own."""
    made = figure(look, barmode="stack", yaxis=y_axis(look, unit))
    for place, (column, name) in enumerate(parts):
        made.add_bar(
            x=rows["instant"].to_list(), y=rows[column].to_list(), name=name,
            xperiod=step_hours(rows) * 3_600_000, xperiodalignment="middle",
            marker={"color": look.colour(place), "pattern": {"shape": PATTERNS[place % len(PATTERNS)], "fgopacity": 0.5}},
            hovertemplate="%{y:,.3~f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def y_axis(
    look: Look, unit: str, tickformat: str = "", most: float | None = None
) -> dict[str, object]:
    """From 0, named by its unit."""
    limits: dict[str, object] = {"range": [0, most * 1.02]} if most else {"rangemode": "tozero"}
    return {
        "title": {"text": unit},
        "tickformat": tickformat,
        "gridcolor": look.faint,
        "automargin": True,
        **limits,
    }


def names(rows: pl.DataFrame) -> list[str]:
    """The series of a frame, in a lasting order."""
    return sorted(rows["series"].unique().to_list())


def labelled(made: go.Figure) -> go.Figure:
    """A legend only where there is something to tell apart."""
    made.update_layout(showlegend=len(made.data) > 1)
    return made


def unknown(look: Look, text: str) -> go.Figure:
    """In place of a chart all of whose figures are unknown: why."""
    made = figure(look, xaxis={"visible": False}, yaxis={"visible": False})
    made.add_annotation(
        text=wrapped(text),
        showarrow=False,
        xref="paper",
        yref="paper",
        x=0.5,
        y=0.5,
        font={"size": 14},
    )
    return made


def wrapped(text: str, width: int = 44) -> str:
    """Text broken into lines for a figure, which does not break them by itself."""
    lines = [""]
    for word in text.split():
        lines = (
            [*lines[:-1], f"{lines[-1]} {word}".strip()]
            if len(lines[-1]) + len(word) < width
            else [*lines, word]
        )
    return "<br>".join(lines)
