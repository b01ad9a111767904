"""Charts of shares on the market page: stacked, indexed, ranked."""

from collections.abc import Callable
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import (
    NO_MEMBERS,
    Mark,
    marks,
    members_by_size,
    week_axis,
    whiskers,
)
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.shares import SHARE_AXIS, describe_points, point_links
from dashboards.components.theme import LEGEND, Theme, figure


def stacked_shares(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw weekly shares on top of each other, the largest at the bottom.

    A week without a bar is not known whole.
    """
    made = figure(
        theme,
        xaxis=week_axis(rows),
        yaxis={"tickformat": AXIS_SHARE, "range": [0, 1]},
        barmode="stack",
        bargap=0.06,
        legend=LEGEND,
    )
    for member, mark in marks(members_by_size(rows), theme).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        made.add_bar(
            x=part["week_start"].to_list(),
            y=part["share"].to_list(),
            name=theme.name(member),
            text=describe_points(part, theme),
            textposition="none",
            marker={
                "color": mark.colour,
                "line": {"width": 0},
                "pattern": {
                    "shape": mark.pattern,
                    "fgopacity": 0.45,
                    "fgcolor": theme.paper,
                    "size": 6,
                    "solidity": 0.2,
                },
            },
            customdata=point_links(part, member),
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return made


def indexed_tokens(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the tokens of each member over those of its first week, which is 100.

    The scale is logarithmic, so that equal growth is equally steep.
    """
    made = figure(
        theme,
        xaxis=week_axis(rows),
        yaxis={"type": "log", "dtick": "D2", "title": {"text": "first week = 100"}},
        legend=LEGEND,
    )
    weeks = pl.DataFrame({"week_start": _all_weeks(rows)}, schema={"week_start": pl.Date})
    for member, mark in marks(members_by_size(rows), theme).items():
        own = rows.filter(pl.col("member") == member)
        part = weeks.join(own, on="week_start", how="left").sort("week_start")
        first = next((value for value in part["tokens"].to_list() if value), None)
        if first is None:
            continue
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=[value and 100 * value / first for value in part["tokens"].to_list()],
            name=theme.name(member),
            text=describe_points(part.with_columns(member=pl.lit(member)), theme),
            mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            marker={"symbol": mark.symbol, "size": 5},
            customdata=point_links(part, member),
            connectgaps=False,
            hovertemplate="%{y:.0f} · %{text}<extra>%{fullData.name}</extra>",
        )
    return made


def ranked_shares(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the shares of the newest whole week with their bounds, the largest at the top.

    The unknown and the sum of all others stand at the end.
    """
    newest = rows.filter(pl.col("week_start") == pl.col("week_start").max())
    made = figure(
        theme,
        xaxis=SHARE_AXIS,
        yaxis={"autorange": "reversed"},
        hovermode="closest",
        showlegend=False,
    )
    for member, mark in marks(members_by_size(newest), theme).items():
        _add_ranked(made, newest.filter(pl.col("member") == member), member, mark, theme)
    return made


def _add_ranked(made: Chart, part: pl.DataFrame, member: str, mark: Mark, theme: Theme) -> None:
    row: dict[str, Any] = part.to_dicts()[0]
    if member in NO_MEMBERS:
        row |= {"share_low": None, "share_high": None}
    is_bounded = row["share_high"] is not None
    pattern = mark.pattern if member in NO_MEMBERS else ""
    made.add_bar(
        x=[row["share"]],
        y=[theme.name(member)],
        orientation="h",
        name=theme.name(member),
        textposition="none",
        marker={
            "color": mark.colour,
            "pattern": {"shape": pattern, "fgcolor": theme.paper, "size": 6},
        },
        error_x=whiskers(part["share"], part["share_low"], part["share_high"], theme.ink)
        if is_bounded
        else None,
        customdata=point_links(part, member),
        hovertemplate=f"{describe_points(part, theme)[0]}<extra>%{{y}}</extra>",
    )


SHARE_VIEWS: dict[str, Callable[[pl.DataFrame, Theme], Chart]] = {
    "stacked": stacked_shares,
    "indexed": indexed_tokens,
    "ranked": ranked_shares,
}


def _all_weeks(rows: pl.DataFrame) -> list[Any]:
    """Return every week from the first to the last, those without rows included."""
    if rows.is_empty():
        return []
    bounds = rows.drop_nulls("week_start").select(
        first=pl.col("week_start").min(), last=pl.col("week_start").max()
    )
    return bounds.select(pl.date_ranges("first", "last", "1w").explode()).to_series().to_list()
