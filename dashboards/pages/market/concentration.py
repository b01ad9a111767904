"""Figures of who leads and by how much: HHI and CR4 with bounds, runs of the lead, and what the lead is by another way of counting."""

from typing import Any

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import FAR, band, marks, runs, weekly
from dashboards.components.theme import Look, figure
from dashboards.components.widgets import table
from dashboards.pages.market.figures import LEGEND, SHARE_AXIS

# Not ag-grid's kind for truth, which draws a box that looks empty where nothing is known.
TRUTH = {
    "valueFormatter": {
        "function": "params.value === null ? 'not known' : params.value ? '✓ yes' : '✗ no'"
    },
    "cellDataType": False,
}
SHARE = {
    "valueFormatter": {
        "function": "params.value === null ? 'unknown' : d3.format('.1%')(params.value)"
    },
    "type": "rightAligned",
}
SIGNED = {
    "valueFormatter": {
        "function": "params.value === null ? 'unknown' : d3.format('+.1%')(params.value)"
    },
    "type": "rightAligned",
}
TOKENS = {
    "valueFormatter": {
        "function": "params.value === null ? 'below the cutoff' : d3.format('.3s')(params.value)"
    },
    "type": "rightAligned",
}
COUNT = {
    "valueFormatter": {
        "function": "params.value === null ? 'unknown' : d3.format(',.0f')(params.value)"
    },
    "type": "rightAligned",
}
USD = {
    "valueFormatter": {
        "function": "params.value === null ? 'unknown' : d3.format('.3~g')(params.value)"
    },
    "type": "rightAligned",
}
FIGURE = {
    "valueFormatter": {
        "function": "params.value === null ? 'unknown' : d3.format('.3~r')(params.value)"
    },
    "type": "rightAligned",
}


def column(
    field: str, name: str = "", kind: dict[str, Any] | None = None, **more: object
) -> dict[str, Any]:
    """A column of a table: its field, its name for people, and how its values are written."""
    return {"field": field, "headerName": name or field.replace("_", " "), **(kind or {}), **more}


def concentration(rows: pl.DataFrame, look: Look) -> go.Figure:
    """HHI and CR4 (0..1) by week, each with the band up to the most it can be."""
    made = figure(
        look, xaxis=weekly(rows), yaxis={"range": [0, 1], "tickformat": ".1f"}, legend=LEGEND
    )
    for (name, low, high), mark in zip(
        (("CR4: the four largest", "cr4", "cr4_high"), ("HHI: sum of squares", "hhi", "hhi_high")),
        marks(["a", "b"], look).values(),
        strict=True,
    ):
        for stretch in runs(rows[low].is_not_null().to_list()):
            inside = rows[stretch]
            weeks = inside["week_start"].to_list()
            made.add_scatter(
                x=weeks + weeks[::-1], y=inside[high].to_list() + inside[low].to_list()[::-1], fill="toself", mode="lines",
                line={"width": 0},
                fillcolor=band(look, mark.colour), showlegend=False, hoverinfo="skip",
            )  # fmt: skip
        made.add_scatter(
            x=rows["week_start"].to_list(), y=rows[low].to_list(), name=name, mode="lines", connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2}, customdata=rows[high].to_list(),
            hovertemplate="%{y:.3f} to at most %{customdata:.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def leaders(rows: pl.DataFrame, look: Look) -> go.Figure:
    """The leader's known share by week; an open sign where the unknown could overturn it."""
    made = figure(look, xaxis=weekly(rows), yaxis=SHARE_AXIS, legend=LEGEND, hovermode="closest")
    known = rows.drop_nulls("leader")
    order = (
        known.group_by("leader")
        .agg(pl.col("week_start").max())
        .sort("week_start", descending=True)["leader"]
        .to_list()
    )
    for leader, mark in marks(order, look).items():
        part = known.filter(pl.col("leader") == leader)
        signs = [
            mark.symbol if is_certain else f"{mark.symbol}-open"
            for is_certain in part["is_lead_certain"].to_list()
        ]
        made.add_scatter(
            x=part["week_start"].to_list(), y=part["leader_share"].to_list(), name=leader, mode="markers",
            marker={"symbol": signs, "color": mark.colour, "size": 9, "line": {"width": 1.5, "color": mark.colour}},
            text=["certain" if it else "the unknown could overturn it" for it in part["is_lead_certain"].to_list()],
            hovertemplate="week of %{x|%d %b %Y}: %{y:.1%}, %{text}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def streaks(rows: pl.DataFrame, look: Look) -> Component:
    """The runs of the lead as a table: a tick for each other way of counting that it survives."""
    flags = [name for name in rows.columns if name.startswith("survives_")]
    columns = [
        column("member", minWidth=180), column("started_week", "first week", minWidth=110), column("ended_week",
        "last week", minWidth=110),
        column("weeks", type="rightAligned"), column("is_open", "still open", TRUTH), column("least_lead_share", "smallest lead", SHARE),
        *[column(name, name.removeprefix("survives_").replace("_", " "), TRUTH, minWidth=120) for name in flags],
        column("missing_days", "missing days"),
    ]  # fmt: skip
    return table(rows, look, columns, height=320)


def crossovers(rows: pl.DataFrame, look: Look) -> Component:
    """Who passed whom and when."""
    columns = [
        column("week_start", "week", minWidth=110), column("member", "who passed"), column("overtaken", "whom"), column("share", "share",
        SHARE),
        column("overtaken_share", "share of the other", SHARE), column("is_certain", "certain", TRUTH),
    ]  # fmt: skip
    return table(rows, look, columns, height=320)


def by_top_n(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of a few members by how many models are counted: where lines cross, the leader depends on the cut."""
    sizes = sorted(rows["top_n"].unique().to_list())
    made = figure(
        look, yaxis=SHARE_AXIS, legend=LEGEND,
        xaxis={"type": "category", "title": {"text": "models counted"}, "categoryarray": [str(size) for size in sizes],
        "categoryorder": "array"},
    )  # fmt: skip
    order = (
        rows.filter(pl.col("top_n") == max(sizes))
        .sort("tokens", descending=True)["member"]
        .to_list()
        if sizes
        else []
    )
    for member, mark in marks(
        [*order, *sorted(set(rows["member"].to_list()) - set(order))], look
    ).items():
        part = rows.filter(pl.col("member") == member).sort("top_n")
        made.add_scatter(
            x=[str(size) for size in part["top_n"].to_list()], y=part["share"].to_list(), name=member, mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash}, marker={"symbol": mark.symbol, "size": 8},
            hovertemplate="%{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made


def spend(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of tokens beside share of list-price spend with its bounds, one line a member."""
    made = figure(
        look, xaxis=SHARE_AXIS, yaxis={"autorange": "reversed"}, legend=LEGEND, hovermode="closest"
    )
    rows = rows.sort(pl.col("member").is_in(FAR), maintain_order=True)
    members = rows["member"].to_list()
    tokens, money = list(marks(["tokens", "spend"], look).values())
    lows, highs, middles = (
        rows[name].to_list() for name in ("spend_share_low", "spend_share_high", "spend_share")
    )
    made.add_scatter(
        x=rows["share"].to_list(), y=members, mode="markers", name="share of tokens",
        marker={"symbol": tokens.symbol, "size": 10, "color": tokens.colour}, hovertemplate="%{x:.1%} of tokens<extra>%{y}</extra>",
    )  # fmt: skip
    made.add_scatter(
        x=middles, y=members, mode="markers", name="share of spend at list price (estimate, with bounds)",
        marker={"symbol": money.symbol, "size": 10, "color": money.colour},
        error_x={
            "type": "data", "symmetric": False, "color": money.colour, "thickness": 1.5,
            "array": [_less(high, middle) for high, middle in zip(highs, middles, strict=True)],
            "arrayminus": [_less(middle, low) for middle, low in zip(middles, lows, strict=True)],
        },
        hovertemplate="%{x:.1%} of spend<extra>%{y}</extra>",
    )  # fmt: skip
    return made


def _less(one: float | None, other: float | None) -> float | None:
    return None if one is None or other is None else max(one - other, 0.0)
