"""Charts of a claim: the claimed figure beside the measured one, and both sides by week."""

from collections.abc import Callable
from datetime import datetime, time, timedelta
from functools import cache
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import add_band, numbered_mark, week_axis
from dashboards.components.numbers import AXIS_SHARE, SHARE
from dashboards.components.shares import SHARE_AXIS
from dashboards.components.theme import LEGEND, Theme, figure
from dashboards.components.timelines import most_frequent, note_missing

SHARES = ("share", "ratio of tokens")
WEEK = timedelta(days=7)
SIGNS = (
    ("expected", "as claimed", "diamond-open", 1),
    ("measured", "as measured", "circle", 0),
)


def claimed_and_measured(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the claimed figure beside the measured one, by basis; an unknown one has no sign."""
    unit = next((unit for unit in rows["unit"].to_list() if unit), "")
    made = figure(
        theme,
        xaxis={
            "title": {"text": unit},
            "rangemode": "tozero",
            "tickformat": AXIS_SHARE if unit in SHARES else None,
        },
        hovermode="closest",
        legend=LEGEND,
    )
    known = rows.filter(pl.col("measured").is_not_null() | pl.col("expected").is_not_null())
    bases = known["basis"].to_list()
    for row in known.drop_nulls(["measured", "expected"]).to_dicts():
        made.add_scatter(
            x=[row["expected"], row["measured"]],
            y=[row["basis"]] * 2,
            mode="lines",
            showlegend=False,
            hoverinfo="skip",
            line={"color": theme.faint, "width": 4},
        )
    for column, name, symbol, number in SIGNS:
        made.add_scatter(
            x=known[column].to_list(),
            y=bases,
            name=name,
            mode="markers",
            marker={
                "symbol": symbol,
                "size": 12,
                "color": theme.colour(number),
                "line": {"width": 2},
            },
        )
    if known["measured"].is_null().all():
        reason = (
            most_frequent(rows.get_column("reason", default=pl.Series([], dtype=pl.String)))
            or "no basis has a figure"
        )
        note_missing(made, f"Nothing is measured: {reason}")
    return made.update_yaxes(type="category", categoryorder="array", categoryarray=bases[::-1])


@cache
def two_sides(basis: str, above: str, below: str) -> Callable[[pl.DataFrame, Theme], Chart]:
    """Return a function that draws both sides of a comparison on one basis, by week."""

    def draw(rows: pl.DataFrame, theme: Theme) -> Chart:
        part = rows.filter(pl.col("basis") == basis).sort("week_start")
        made = figure(theme, xaxis=week_axis(part), yaxis=SHARE_AXIS, legend=LEGEND)
        _shade_true_weeks(made, part, theme)
        for number, (side, name) in enumerate((("above", above), ("below", below))):
            _add_side(made, part, side, name, number, theme)
        if part["above_high"].is_null().all():
            note_missing(made, "No day of these weeks is loaded.")
        return made

    return draw


def _add_side(
    made: Chart, part: pl.DataFrame, side: str, name: str, number: int, theme: Theme
) -> None:
    """Draw the share of one side as a line, and what may be its own as a band above it."""
    mark = numbered_mark(number, theme)
    colour = theme.fade(mark.colour, 0.3)
    low, high = part[f"{side}_low"], part[f"{side}_high"]
    add_band(made, part["week_start"], low, high, colour, f"{name}: unknown", is_in_legend=True)
    made.add_scatter(
        x=part["week_start"].to_list(),
        y=part[f"{side}_share"].to_list(),
        name=name,
        mode="lines+markers",
        connectgaps=False,
        line={"color": mark.colour, "dash": mark.dash, "width": 2},
        marker={"symbol": mark.symbol, "size": 6},
        text=[_bounds_words(row, side) for row in part.to_dicts()],
        hovertemplate="%{text}<extra>%{fullData.name}</extra>",
    )


def _bounds_words(row: dict[str, Any], side: str) -> str:
    low, high = row[f"{side}_low"], row[f"{side}_high"]
    if low is None or high is None:
        return "not known"
    share = SHARE.text(row[f"{side}_share"])
    return f"{share} (at least {SHARE.text(low)}, at most {SHARE.text(high)})"


def _shade_true_weeks(made: Chart, part: pl.DataFrame, theme: Theme) -> None:
    """Shade the weeks in which the statement was certainly true."""
    for monday in part.filter(pl.col("is_true"))["week_start"].to_list():
        # A point stands at the Monday, in the middle of its shade.
        middle = datetime.combine(monday, time())
        made.add_shape(
            type="rect",
            x0=middle - WEEK / 2,
            x1=middle + WEEK / 2,
            y0=0,
            y1=1,
            yref="y domain",
            fillcolor=theme.faint,
            opacity=0.5,
            line={"width": 0},
            layer="below",
        )
