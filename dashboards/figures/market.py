"""Figures of the market page."""

import plotly.graph_objects as go
import polars as pl

from dashboards.theme import PATTERNS, Look, figure


def stacked_shares(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Weekly shares (0..1) on top of each other; the largest at the bottom, each with a pattern of its own."""
    made = figure(look, yaxis={"tickformat": ".0%", "range": [0, 1]}, hovermode="x unified")
    order = rows.group_by("member").agg(pl.col("tokens").sum()).sort("tokens", descending=True)["member"].to_list()
    for place, member in enumerate(order):
        part = rows.filter(pl.col("member") == member).sort("week_start")
        made.add_scatter(
            x=part["week_start"], y=part["share"], name=member, stackgroup="one", mode="lines",
            line={"width": 1, "color": look.colour(place)},
            fillcolor=look.colour(place),
            fillpattern={"shape": PATTERNS[place % len(PATTERNS)], "fgopacity": 0.35},
            hovertemplate="%{y:.1%}<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    return made
