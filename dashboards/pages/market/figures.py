"""Figures of the market page: shares, bounds and ranks. What belongs to concentration, models and prices stands in the files beside."""

from collections.abc import Callable
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.components.marks import FAR, band, by_size, link, marks, percent, runs, weekly
from dashboards.components.theme import Look, figure

SHARE_AXIS = {"tickformat": ".0%", "rangemode": "tozero"}
# Under the axis and its labels, however high the figure is.
LEGEND = {
    "orientation": "h",
    "yref": "container",
    "y": 0,
    "yanchor": "bottom",
    "x": 0,
    "font": {"size": 12},
    "traceorder": "normal",
}


def stacked_shares(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Weekly shares (0..1) on top of each other, the largest at the bottom; a week without a bar is not known whole."""
    made = figure(
        look,
        xaxis=weekly(rows),
        yaxis={"tickformat": ".0%", "range": [0, 1]},
        barmode="stack",
        bargap=0.06,
        legend=LEGEND,
        hovermode="closest",
    )
    for member, mark in marks(by_size(rows), look).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        made.add_bar(
            x=part["week_start"].to_list(), y=part["share"].to_list(), name=member,
            marker={
                "color": mark.colour, "line": {"width": 0},
                "pattern": {"shape": mark.pattern, "fgopacity": 0.45, "fgcolor": look.paper, "size": 6, "solidity": 0.2},
            },
            customdata=_links(part, member),
            hovertemplate="week of %{x|%d %b %Y}<br>%{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def indexed_tokens(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Tokens of each member over those of its first week shown, which is 100; a log scale, so that equal growth is equally steep."""
    made = figure(
        look,
        xaxis=weekly(rows),
        yaxis={"type": "log", "dtick": "D2", "title": {"text": "first week = 100"}},
        legend=LEGEND,
    )
    weeks = pl.DataFrame({"week_start": _weeks(rows)}, schema={"week_start": pl.Date})
    for member, mark in marks(by_size(rows), look).items():
        part = weeks.join(
            rows.filter(pl.col("member") == member), on="week_start", how="left"
        ).sort("week_start")
        first = next((value for value in part["tokens"].to_list() if value), None)
        if first is None:
            continue
        made.add_scatter(
            x=part["week_start"].to_list(), y=[value and 100 * value / first for value in part["tokens"].to_list()], name=member,
            mode="lines+markers", line={"color": mark.colour, "dash": mark.dash, "width": 2}, marker={"symbol": mark.symbol, "size": 5},
            customdata=_links(part, member), connectgaps=False, hovertemplate="%{y:.0f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def ranked_shares(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Shares of the newest whole week, the largest at the top, with bounds; what is unknown or summed up stands at the end."""
    newest = rows.filter(pl.col("week_start") == rows["week_start"].max())
    made = figure(
        look,
        xaxis=SHARE_AXIS,
        yaxis={"autorange": "reversed"},
        hovermode="closest",
        showlegend=False,
    )
    for member, mark in marks(by_size(newest), look).items():
        row = newest.filter(pl.col("member") == member).to_dicts()[0]
        is_bounded = row["share_high"] is not None and member not in FAR
        made.add_bar(
            x=[row["share"]], y=[member], orientation="h", name=member, textposition="none",
            marker={"color": mark.colour, "pattern": {"shape": mark.pattern if member in FAR else "", "fgcolor": look.paper, "size": 6}},
            error_x=_whisker(row, look) if is_bounded else None, customdata=_links(newest.filter(pl.col("member") == member), member),
            hovertemplate=f"{_said(row) if is_bounded else percent(row['share'])}<extra>%{{y}}</extra>",
        )  # fmt: skip
    return made


SHARE_VIEWS: dict[str, Callable[[pl.DataFrame, Look], go.Figure]] = {
    "stacked": stacked_shares, "indexed": indexed_tokens, "ranked": ranked_shares,
}  # fmt: skip


def bounded_shares(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of each member as a line, and its bounds as the band above it; a gap is a week that is not known, or below the cutoff."""
    made = figure(look, xaxis=weekly(rows), yaxis=SHARE_AXIS, legend=LEGEND)
    for member, mark in marks(by_size(rows), look).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        _add_bands(made, part, band(look, mark.colour), member)
        made.add_scatter(
            x=part["week_start"].to_list(), y=part["share"].to_list(), name=member, mode="lines+markers", connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2}, marker={"symbol": mark.symbol, "size": 4},
            text=[_said(row) for row in part.to_dicts()], customdata=_links(part, member),
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def _add_bands(made: go.Figure, part: pl.DataFrame, colour: str, member: str) -> None:
    """One closed area a stretch without gaps, since one area over a gap would fill it."""
    known = part["share_low"].is_not_null().to_list()
    for stretch in runs(known):
        inside = part[stretch]
        weeks = inside["week_start"].to_list()
        made.add_scatter(
            x=weeks + weeks[::-1], y=inside["share_high"].to_list() + inside["share_low"].to_list()[::-1], fill="toself", mode="lines",
            line={"width": 0}, fillcolor=colour, name=f"{member}, bounds", showlegend=False, hoverinfo="skip",
        )  # fmt: skip


def rank_flow(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Places 1 to 10 by week; a line that ends has left the first ten. Labels stand where a line ends."""
    made = figure(
        look, yaxis={"autorange": "reversed", "tickvals": list(range(1, 11)), "range": [10.5, 0.5]}, hovermode="closest",
        showlegend=False, xaxis={**weekly(rows), "range": _with_room(rows)}, margin={"l": 8, "r": _room_for_names(rows), "t": 8, "b": 8},
    )  # fmt: skip
    for member, mark in marks(_by_place(rows), look).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        ranks = part["rank"].to_list()
        last = max((place for place, rank in enumerate(ranks) if rank is not None), default=-1)
        made.add_scatter(
            x=part["week_start"].to_list(), y=ranks, name=member, mode="lines+markers+text", connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2}, marker={"symbol": mark.symbol, "size": 8, "color": mark.colour},
            text=[f"  {_short(member)}" if place == last == len(ranks) - 1 else "" for place in range(len(ranks))],
            textposition="middle right", textfont={"color": look.ink, "size": 12}, cliponaxis=False,
            customdata=_links(part, member), meta=member,
            hovertemplate="%{meta}: place %{y}, week of %{x|%d %b %Y}<extra></extra>",
        )  # fmt: skip
    return made


def _by_place(rows: pl.DataFrame) -> list[str]:
    newest = rows["week_start"].max()
    now = pl.col("rank").filter(pl.col("week_start") == newest).min().fill_null(99)
    return (
        rows.group_by("member")
        .agg(now.alias("now"), pl.col("rank").min().alias("best"))
        .sort(["now", "best", "member"])["member"]
        .to_list()
    )


def _with_room(rows: pl.DataFrame) -> list[Any]:
    """The weeks, and room around them for the first and last signs."""
    weeks = rows["week_start"]
    first, last = weeks.min(), weeks.max()
    return (
        [first - max((last - first) * 0.03, timedelta(days=2)), last + timedelta(days=2)]
        if isinstance(first, date) and isinstance(last, date) and first != last
        else []
    )


def _room_for_names(rows: pl.DataFrame) -> int:
    """Pixels to the right of the weeks for the longest of the names that stand there."""
    newest = rows.filter(
        (pl.col("week_start") == pl.col("week_start").max()) & pl.col("rank").is_not_null()
    )
    return 20 + 7 * max((len(_short(member)) for member in newest["member"].to_list()), default=0)


def _short(member: str) -> str:
    name = member.rpartition("/")[2]
    return name if len(name) <= 22 else name[:21] + "…"


def _weeks(rows: pl.DataFrame) -> list[Any]:
    known = rows.drop_nulls("week_start").select(
        first=pl.col("week_start").min(), last=pl.col("week_start").max()
    )
    return (
        known.select(pl.date_ranges("first", "last", "1w").explode()).to_series().to_list()
        if rows.height
        else []
    )


def _links(part: pl.DataFrame, member: str) -> list[str]:
    """Where each point of the member leads."""
    known = (
        part.drop_nulls("dimension").row(0, named=True)
        if "dimension" in part.columns and part["dimension"].count()
        else None
    )
    if known is None:
        return [""] * part.height
    choices = {name: known[name] for name in ("basis", "attribution") if name in known}
    return [link(member, known["dimension"], **choices)] * part.height


def _whisker(row: dict[str, Any], look: Look) -> dict[str, Any]:
    return {
        "type": "data", "symmetric": False, "array": [row["share_high"] - row["share"]], "arrayminus": [row["share"] - row["share_low"]],
        "color": look.ink, "thickness": 1.5,
    }  # fmt: skip


def _said(row: dict[str, Any]) -> str:
    if row["share"] is None:
        return ""
    if row["share_low"] is None:
        return f"{row['share']:.1%}"
    return f"{row['share']:.1%} (at least {row['share_low']:.1%}, at most {row['share_high']:.1%})"
