"""Shares of the market with bounds, which several pages draw."""

from collections.abc import Callable
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.charts.line_ends import label_line_ends
from dashboards.components.marks import (
    NO_MEMBERS,
    add_band,
    marks,
    member_link,
    members_by_size,
    week_axis,
)
from dashboards.components.numbers import AXIS_SHARE, SHARE, TOKENS
from dashboards.components.theme import LEGEND, Theme, figure

SHARE_AXIS = {"tickformat": AXIS_SHARE, "rangemode": "tozero"}


def bounded_shares(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each member's share of tokens, each point with the address of its member."""
    return draw_bounded(rows, theme, "tokens", describe_points, point_links)


def draw_bounded(
    rows: pl.DataFrame,
    theme: Theme,
    quantity: str,
    describe: Callable[[pl.DataFrame, Theme], list[str]],
    links: Callable[[pl.DataFrame, str], list[str]] | None = None,
) -> Chart:
    """Draw each member's share of a quantity as a line and its bounds as a band.

    A gap is a week that is not known, or in which the member was below the cutoff.
    """
    made = figure(theme, xaxis=week_axis(rows), yaxis=SHARE_AXIS, legend=LEGEND)
    for member, mark in marks(members_by_size(rows, quantity), theme).items():
        part, name = rows.filter(pl.col("member") == member).sort("week_start"), theme.name(member)
        add_band(
            made,
            part["week_start"],
            part["share_low"],
            part["share_high"],
            theme.fade(mark.colour),
            f"{name}, bounds",
        )
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=part["share"].to_list(),
            name=name,
            mode="lines+markers",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            marker={"symbol": mark.symbol, "size": 4},
            text=describe(part, theme),
            customdata=links(part, member) if links else None,
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return label_line_ends(made, theme)


def describe_share(row: dict[str, Any]) -> str:
    """Return a share and its bounds in words; nothing for a share that is not known."""
    if row.get("share") is None:
        return ""
    if row.get("share_low") is None:
        return SHARE.text(row["share"])
    low, high = SHARE.text(row["share_low"]), SHARE.text(row["share_high"])
    return f"{SHARE.text(row['share'])} (at least {low}, at most {high})"


def describe_points(part: pl.DataFrame, theme: Theme) -> list[str]:
    """Return all that is known of each week of a member, for the one hover of a column."""
    return [_describe_point(row, theme) for row in part.to_dicts()]


def _describe_point(row: dict[str, Any], theme: Theme) -> str:
    """Return share, bounds, tokens and rank in words, and the slug where the name is another."""
    member, share = str(row.get("member", "")), describe_share(row)
    parts = [share] if share else []
    if (tokens := row.get("tokens")) is not None:
        parts.append(f"{TOKENS.text(tokens)} tokens")
    if (rank := row.get("rank")) is not None:
        parts.append(f"rank {rank}")
    if parts and member not in (theme.name(member), *NO_MEMBERS):
        parts.append(member)
    return " · ".join(parts)


def point_links(part: pl.DataFrame, member: str) -> list[str]:
    """Return where a click on each point of a member leads."""
    if "dimension" not in part.columns or not part["dimension"].count():
        return [""] * part.height
    known = part.drop_nulls("dimension").row(0, named=True)
    choices = {name: known[name] for name in ("basis", "attribution") if name in known}
    return [member_link(member, known["dimension"], **choices)] * part.height
