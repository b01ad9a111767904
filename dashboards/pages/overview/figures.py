"""Figures of the overview: single figures as tiles, and a few small charts."""

from typing import Any

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import link, marks, percent, tokens, usd, weekly
from dashboards.components.theme import Look, figure
from dashboards.components.timelines import MINUTE, with_holes
from dashboards.components.widgets import instant, table, tiles
from dashboards.pages.market.concentration import COUNT, FIGURE, column
from dashboards.pages.market.figures import LEGEND, SHARE_AXIS

TEN_MINUTES = 10 * MINUTE
NO_FAMILY = "not found in the market: `model_map` of the tier file names what it is there"
COUNTRIES = {
    "CN": "China",
    "US": "United States",
    "FR": "France",
    "KR": "South Korea",
    "CA": "Canada",
    "IL": "Israel",
    "DE": "Germany",
    "JP": "Japan",
}


def week(rows: pl.DataFrame, look: Look) -> Component:
    """The newest whole week: tokens, leaders, countries, open weights, each with bounds and the change."""
    found = rows.to_dicts()
    made = [_platform(row) for row in found if row["dimension"] == "platform"]
    for dimension, name in (
        ("author", "Largest author"),
        ("country", "Largest country"),
        ("weights", "Open weights"),
    ):
        ranked = [row for row in found if row["dimension"] == dimension]
        if ranked:
            made.append(_tile(name, ranked))
    return tiles(made)


def _platform(row: dict[str, Any]) -> tuple[str, str, str]:
    before = row["tokens_before"]
    change = (
        f"{percent(row['tokens'] / before - 1, signed=True)} on the week before"
        if before
        else "the week before is not known whole"
    )
    return (
        "Platform tokens",
        tokens(row["tokens"]),
        f"week of {row['week_start']:%d %b %Y}; {change}",
    )


def _tile(name: str, ranked: list[dict[str, Any]]) -> tuple[str, str, str]:
    first, *others = ranked
    who = (
        ""
        if first["dimension"] == "weights"
        else f"{COUNTRIES.get(first['member'], first['member'])} "
    )
    next_ones = ", ".join(
        f"{COUNTRIES.get(row['member'], row['member'])} {percent(row['share'])}" for row in others
    )
    said = [f"between {percent(first['share_low'])} and {percent(first['share_high'])}"]
    if first["share_before"] is not None:
        said.append(f"{100 * (first['share'] - first['share_before']):+.1f} points in a week")
    return (
        name,
        f"{who}{percent(first['share'])}",
        "; ".join([*said, next_ones] if next_ones else said),
    )


def tier(rows: pl.DataFrame, look: Look) -> Component:
    """Our tier over all targets, and each model's cost beside the market's price of the same mix."""
    found = rows.to_dicts()
    made = [_served(found)]
    for row in found[:3]:
        made.append(_cost(row, len(found) > 1))
        made.append(_market(row, len(found) > 1))
    return tiles(made)


def _served(found: list[dict[str, Any]]) -> tuple[str, str, str]:
    known = [row["generation_tokens"] for row in found if row["generation_tokens"] is not None]
    prompts = [row["prompt_tokens"] for row in found if row["prompt_tokens"] is not None]
    gaps = sum(row["gap_minutes"] or 0 for row in found)
    hours = max((row["covered_seconds"] or 0 for row in found), default=0) / 3600
    newest = instant(max(row["newest_hour"] for row in found))
    below = f"generated, and {tokens(sum(prompts) if prompts else None)} of prompts, over {hours:.1f} h covered of the 24 to that of {newest}"
    return "Our tokens", tokens(sum(known) if known else None), f"{below}; {gaps:.0f} min of gaps"


def _cost(row: dict[str, Any], is_named: bool) -> tuple[str, str, str]:
    name = f"Our USD per million tokens{', ' + row['model_name'] + ' at ' + row['target'] if is_named else ''}"
    if row["usd_per_mtok"] is None:
        return name, "unknown", row["cost_reason"] or NO_FAMILY
    below = f"{row['cost_date']:%d %b %Y}, idle time included; {usd(row['usd_per_mtok_without_idle'])} without"
    return name, usd(row["usd_per_mtok"]), below if is_named else f"{below}; {row['model_name']}"


def _market(row: dict[str, Any], is_named: bool) -> tuple[str, str, str]:
    name = f"The market's price of the same mix{', ' + row['model_name'] if is_named else ''}"
    low, high = row["market_usd_per_mtok_low"], row["market_usd_per_mtok_high"]
    if low is None:
        return (
            name,
            "unknown",
            NO_FAMILY
            if row["model_family"] is None
            else row["price_reason"] or "no day with both yet",
        )
    value = usd(low) if low == high else f"{usd(low)} to {usd(high)}"
    return (
        name,
        value,
        f"{row['model_family']} on {row['cost_date']:%d %b %Y}; list, cheapest and modal price",
    )


def platform(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Tokens a week; a week without a bar has a day that is not known."""
    made = figure(
        look,
        xaxis=weekly(rows),
        yaxis={"tickformat": "~s", "rangemode": "tozero"},
        hovermode="closest",
        bargap=0.1,
    )
    made.add_bar(
        x=rows["week_start"].to_list(), y=rows["tokens"].to_list(), marker={"color": look.colour(0)},
        hovertemplate="week of %{x|%d %b %Y}<br>%{y:.4s} tokens<extra></extra>",
    )  # fmt: skip
    unknown = rows.filter(pl.col("tokens").is_null())
    made.add_scatter(
        x=unknown["week_start"].to_list(), y=[0] * unknown.height, mode="markers", name="not known whole",
        marker={"symbol": "x-thin-open", "size": 6, "color": look.ink}, text=unknown["known_days"].to_list(),
        hovertemplate="week of %{x|%d %b %Y}: %{text} of 7 days known<extra></extra>",
    )  # fmt: skip
    return made.update_layout(showlegend=False)


def leaders(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share with bounds of the largest authors, and a mark where each stood four weeks before."""
    made = figure(
        look,
        xaxis=SHARE_AXIS,
        yaxis={"autorange": "reversed"},
        hovermode="closest",
        legend=LEGEND,
        barmode="overlay",
    )
    members, shares = rows["member"].to_list(), rows["share"].to_list()
    links = [
        link(row["member"], row["dimension"], basis=row["basis"], attribution=row["attribution"])
        for row in rows.to_dicts()
    ]
    highs, lows = rows["share_high"].to_list(), rows["share_low"].to_list()
    made.add_bar(
        x=shares, y=members, orientation="h", name="share, with bounds", marker={"color": look.colour(0)}, customdata=links,
        error_x={
            "type": "data", "symmetric": False, "color": look.ink, "thickness": 1.5,
            "array": [_less(high, share) for high, share in zip(highs, shares, strict=True)],
            "arrayminus": [_less(share, low) for share, low in zip(shares, lows, strict=True)],
        },
        text=[f"{percent(low)} to {percent(high)}" for low, high in zip(lows, highs, strict=True)], textposition="none",
        hovertemplate="%{x:.1%} (%{text})<extra>%{y}</extra>",
    )  # fmt: skip
    made.add_scatter(
        x=rows["share_before"].to_list(), y=members, mode="markers", name="four weeks before",
        marker={"symbol": "line-ns-open", "size": 16, "color": look.colour(1), "line": {"width": 3}}, customdata=links,
        hovertemplate="%{x:.1%} four weeks before<extra>%{y}</extra>",
    )  # fmt: skip
    return made


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one - other, 0.0)


def minutes(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Tokens generated a minute by target, ten minutes a point; a gap is a time that no two scrapes cover."""
    made = figure(look, yaxis={"tickformat": "~s", "rangemode": "tozero"}, legend=LEGEND)
    for target, mark in marks(rows["target"].unique(maintain_order=True).to_list(), look).items():
        part = with_holes(rows.filter(pl.col("target") == target), step=TEN_MINUTES)
        made.add_scatter(
            x=part["instant"].to_list(), y=part["tokens_per_minute"].to_list(), name=target, mode="lines", connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            hovertemplate="%{y:,.0f} tokens a minute<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made.update_layout(showlegend=True)


def freshness(rows: pl.DataFrame, look: Look) -> Component:
    """When each source last answered."""
    shown = rows.with_columns(pl.col("newest_at").dt.strftime("%Y-%m-%d %H:%M"))
    columns = [
        column("source", minWidth=170), column("newest_at", "last answer (UTC)", minWidth=150), column("hours_old", "hours old", FIGURE),
        column("answers", "answers in the last week; for our tier, minutes", COUNT), column("amiss",
        "not loaded in full; for our tier, gaps", COUNT),
    ]  # fmt: skip
    return table(shown, look, columns, height=300)


def problems(rows: pl.DataFrame, look: Look) -> Component:
    """What is amiss and what to do."""
    columns = [
        column("problem", minWidth=220, wrapText=True, autoHeight=True), column("times", kind=COUNT, maxWidth=90), column("newest",
        minWidth=110),
        column("what_to_do", "what it means", minWidth=260, wrapText=True, autoHeight=True),
    ]  # fmt: skip
    return table(rows, look, columns, height=300)
