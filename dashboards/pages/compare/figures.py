"""Charts of model families beside each other: share and tokens by week, prices by day."""

from collections.abc import Callable
from datetime import timedelta

import polars as pl

from dashboards.chart import Chart
from dashboards.components.charts.line_ends import label_line_ends
from dashboards.components.marks import marks, member_link, members_by_size, week_axis
from dashboards.components.numbers import TOKEN_AXIS
from dashboards.components.shares import SHARE_AXIS, describe_points
from dashboards.components.theme import LEGEND, Theme, figure
from dashboards.components.timelines import insert_gaps


def shares(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of each family by week."""
    made = figure(theme, xaxis=week_axis(rows), yaxis=SHARE_AXIS, legend=LEGEND)
    return _add_lines(made, rows, theme, "share")


def tokens(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the tokens of each family by week, on a log scale."""
    axis = {"type": "log", **TOKEN_AXIS, "dtick": "D2"}
    made = figure(theme, xaxis=week_axis(rows), yaxis=axis, legend=LEGEND)
    return _add_lines(made, rows, theme, "tokens")


MEASURES: dict[str, Callable[[pl.DataFrame, Theme], Chart]] = {
    "share": shares,
    "tokens": tokens,
}


def prices(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the price of each family by day; a gap is a day without a catalogue."""
    made = figure(theme, yaxis={"rangemode": "tozero", "tickprefix": "$"}, legend=LEGEND)
    families = rows["member"].unique(maintain_order=True).to_list()
    for family, mark in marks(families, theme).items():
        part = insert_gaps(rows.filter(pl.col("member") == family), "date", timedelta(days=2))
        made.add_scatter(
            x=part["date"].to_list(),
            y=part["usd_per_mtok"].to_list(),
            name=theme.name(family),
            mode="lines",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "shape": "hv", "width": 2},
            customdata=[member_link(family, "family")] * part.height,
            hovertemplate="%{y:$.3~g}<extra>%{fullData.name}</extra>",
        )
    made.update_xaxes(tickformat="%d %b<br>%Y")
    return label_line_ends(made, theme)


def _add_lines(made: Chart, rows: pl.DataFrame, theme: Theme, value: str) -> Chart:
    for family, mark in marks(members_by_size(rows), theme).items():
        part = rows.filter(pl.col("member") == family).sort("week_start")
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=part[value].to_list(),
            name=theme.name(family),
            mode="lines+markers",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            marker={"symbol": mark.symbol, "size": 6},
            text=describe_points(part, theme),
            customdata=[member_link(family, "family")] * part.height,
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return label_line_ends(made, theme)
