"""Lines over time that several pages draw.

A missing point breaks its line, and each line has a dash and a symbol beside its colour.
"""

import textwrap
from collections.abc import Sequence
from datetime import timedelta

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import Theme, figure

HOUR = timedelta(hours=1)
MINUTE = timedelta(minutes=1)
# A line of more points than two days of hours has no signs on them.
MAX_MARKED_POINTS = 2 * 24
SHARE_HOVER = ",.3~p"


def insert_gaps(rows: pl.DataFrame, at: str = "instant", step: timedelta = HOUR) -> pl.DataFrame:
    """Add an empty row where one is missing, so that no line crosses a gap.

    A column `step_hours`, where there is one, says how far apart the rows of a series are.
    """
    rows = rows.sort(at)
    if "step_hours" in rows.columns:
        step = step_hours(rows) * HOUR
    gaps = rows.filter(pl.col(at).diff() > step).select(pl.col(at) - step / 2)
    return rows if gaps.is_empty() else pl.concat([rows, gaps], how="diagonal").sort(at)


def step_hours(rows: pl.DataFrame) -> int:
    """Return the hours between two points; one where no column names them."""
    steps = rows.get_column("step_hours", default=pl.Series([1])).drop_nulls()
    return int(steps.head(1).sum()) or 1


def line_chart(
    rows: pl.DataFrame,
    theme: Theme,
    value: str,
    unit: str,
    tickformat: str = "",
    step: timedelta = HOUR,
    top: float | None = None,
) -> Chart:
    """Draw one line for each `series`, over `instant`."""
    made = figure(theme, yaxis=y_axis(theme, unit, tickformat, top))
    for number, series in enumerate(series_names(rows)):
        part = insert_gaps(rows.filter(pl.col("series") == series), step=step)
        name = name_known(series, part[value])
        add_line(made, theme, part, value, name, number, tickformat)
    return label_series(made)


def name_known(name: str, values: pl.Series) -> str:
    """Return the name of a line; one without a point has no line, so its legend says why."""
    return name if values.count() else f"{name} (unknown)"


def add_line(
    made: Chart,
    theme: Theme,
    part: pl.DataFrame,
    value: str,
    name: str,
    number: int,
    tickformat: str = "",
    opened: str | None = None,
) -> None:
    """Add one line. Points are open where the column `opened` is true: estimates and bounds."""
    mark = numbered_mark(number, theme)
    symbols: str | list[str] = mark.symbol
    if opened:
        symbols = [f"{mark.symbol}-open" if it else mark.symbol for it in part[opened].to_list()]
    # A hover has more digits than an axis needs: 0.4 % is not 0 %.
    digits = SHARE_HOVER if tickformat.endswith("%") else tickformat or ",.3~f"
    has_signs = part[value].is_not_null().sum() <= MAX_MARKED_POINTS or opened is not None
    made.add_scatter(
        x=part["instant"].to_list(),
        y=part[value].to_list(),
        name=name,
        connectgaps=False,
        mode="lines+markers" if has_signs else "lines",
        line={"color": mark.colour, "dash": mark.dash, "width": 2},
        marker={"symbol": symbols, "size": 7, "color": mark.colour},
        hovertemplate=f"%{{y:{digits}}}<extra>%{{fullData.name}}</extra>",
    )


def stacked_bars(
    rows: pl.DataFrame, theme: Theme, parts: Sequence[tuple[str, str]], unit: str
) -> Chart:
    """Draw bars over `instant` on top of each other: (column, name), each with a pattern."""
    made = figure(theme, barmode="stack", yaxis=y_axis(theme, unit))
    for number, (column, name) in enumerate(parts):
        mark = numbered_mark(number, theme)
        made.add_bar(
            x=rows["instant"].to_list(),
            y=rows[column].to_list(),
            name=name,
            xperiod=step_hours(rows) * 3_600_000,
            xperiodalignment="middle",
            marker={"color": mark.colour, "pattern": {"shape": mark.pattern, "fgopacity": 0.5}},
            hovertemplate="%{y:,.3~f}<extra>%{fullData.name}</extra>",
        )
    return made


def y_axis(
    theme: Theme, unit: str, tickformat: str = "", top: float | None = None
) -> dict[str, object]:
    """Return an axis from 0, named by its unit. A share has the digits that its ticks need."""
    limits: dict[str, object] = {"range": [0, top * 1.02]} if top else {"rangemode": "tozero"}
    return {
        "title": {"text": unit},
        "tickformat": AXIS_SHARE if tickformat.endswith("%") else tickformat,
        "gridcolor": theme.faint,
        "automargin": True,
        **limits,
    }


def series_names(rows: pl.DataFrame) -> list[str]:
    """Return the series of a frame, in an order that does not change."""
    return sorted(rows["series"].unique().to_list())


def label_series(made: Chart) -> Chart:
    """Show the legend where there is more than one line."""
    return made.update_layout(showlegend=len(made.traces) > 1)


def reason_chart(theme: Theme, text: str) -> Chart:
    """Draw a reason in place of a chart whose figures are all unknown."""
    made = figure(theme, xaxis={"visible": False}, yaxis={"visible": False})
    made.add_annotation(
        text="<br>".join(textwrap.wrap(text, 44)),
        showarrow=False,
        xref="paper",
        yref="paper",
        x=0.5,
        y=0.5,
        font={"size": 14},
    )
    return made


def most_frequent(reasons: pl.Series) -> str | None:
    """Return the reason that most rows give; None where no row gives one."""
    known = reasons.drop_nulls()
    return None if known.is_empty() else str(known.mode().sort()[0])


def note_missing(made: Chart, text: str) -> Chart:
    """Write above a chart why its subject is not in it."""
    made.update_layout(margin={"t": 36})
    made.add_annotation(
        text="<br>".join(textwrap.wrap(text, 90)),
        showarrow=False,
        xref="paper",
        yref="paper",
        x=0.5,
        y=1,
        yanchor="bottom",
        font={"size": 12},
    )
    return made
