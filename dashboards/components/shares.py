"""Shares of the market with bounds, which several pages draw."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.components.marks import add_band, marks, member_link, members_by_size, week_axis
from dashboards.components.numbers import AXIS_SHARE, SHARE
from dashboards.components.theme import LEGEND, Theme, figure

SHARE_AXIS = {"tickformat": AXIS_SHARE, "rangemode": "tozero"}


def bounded_shares(rows: pl.DataFrame, theme: Theme) -> go.Figure:
    """Draw each member's share as a line and its bounds as a band.

    A gap is a week that is not known, or in which the member was below the cutoff.
    """
    made = figure(theme, xaxis=week_axis(rows), yaxis=SHARE_AXIS, legend=LEGEND)
    for member, mark in marks(members_by_size(rows), theme).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        add_band(
            made,
            part["week_start"],
            part["share_low"],
            part["share_high"],
            theme.fade(mark.colour),
            f"{member}, bounds",
        )
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=part["share"].to_list(),
            name=member,
            mode="lines+markers",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            marker={"symbol": mark.symbol, "size": 4},
            text=[describe_share(row) for row in part.to_dicts()],
            customdata=point_links(part, member),
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return made


def describe_share(row: dict[str, Any]) -> str:
    """Return a share and its bounds in words; nothing for a share that is not known."""
    if row["share"] is None:
        return ""
    if row["share_low"] is None:
        return SHARE.text(row["share"])
    low, high = SHARE.text(row["share_low"]), SHARE.text(row["share_high"])
    return f"{SHARE.text(row['share'])} (at least {low}, at most {high})"


def point_links(part: pl.DataFrame, member: str) -> list[str]:
    """Return where a click on each point of a member leads."""
    if "dimension" not in part.columns or not part["dimension"].count():
        return [""] * part.height
    known = part.drop_nulls("dimension").row(0, named=True)
    choices = {name: known[name] for name in ("basis", "attribution") if name in known}
    return [member_link(member, known["dimension"], **choices)] * part.height
