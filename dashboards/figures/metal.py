"""Figures of the market-and-metal page."""

from collections.abc import Callable
from typing import TypeAlias

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards import parts
from dashboards.figures.timelines import unknown, y_axis
from dashboards.theme import DASHES, SYMBOLS, Look, figure

Figured: TypeAlias = Callable[[pl.DataFrame, Look], go.Figure]

KINDS = (("list", "list price"), ("cheapest", "cheapest host"), ("modal", "price of most hosts"))
SHARES = (1e-4, 1e-3, 1e-2, 1e-1, 1)
UNITS = {"ttft": "milliseconds to the first token", "throughput": "tokens per second of one request"}


def make_or_buy(load: float) -> Figured:
    """How to draw what a million tokens cost at each load, with the chosen load marked."""
    return lambda rows, look: _curve(rows, look, load)


def _curve(rows: pl.DataFrame, look: Look, load: float) -> go.Figure:
    dearest = rows["market_usd"].max()
    chosen = rows["local_usd_at_chosen_load"][0]
    top = 2.5 * max(float(dearest or 0), float(chosen or 0))  # type: ignore[arg-type]
    made = figure(
        look,
        xaxis={"title": {"text": "load: part of the time that devices are busy"}, "tickformat": ".0%", "range": [0, 1.02]},
        yaxis={**y_axis(look, "USD per million tokens", "$,.2~f"), "range": [0, top]},
    )
    ours = rows.filter(pl.col("kind") == rows["kind"][0])
    made.add_scatter(
        x=ours["load"].to_list(), y=ours["local_usd"].to_list(), mode="lines", name="ours",
        line={"color": look.colour(0), "width": 3}, hovertemplate="%{x:.0%} busy: %{y:$,.3f}<extra>ours</extra>",
    )  # fmt: skip
    for place, (kind, name) in enumerate(KINDS, start=1):
        if not (part := rows.filter(pl.col("kind") == kind)).is_empty():
            _market(made, look, part.row(0, named=True), name, place)
    made.add_scatter(
        x=[load], y=[chosen], mode="markers", name="ours at the chosen load",
        marker={"symbol": "diamond-open", "size": 13, "color": look.colour(0), "line": {"width": 3}},
        hovertemplate="%{x:.0%} busy: %{y:$,.3f}<extra>chosen</extra>",
    )  # fmt: skip
    return made


def _market(made: go.Figure, look: Look, row: dict[str, float], name: str, place: int) -> None:
    line = {"color": look.colour(place), "dash": DASHES[place % len(DASHES)], "width": 2}
    made.add_scatter(
        x=[0, 1], y=[row["market_usd"]] * 2, mode="lines", name=name, line=line, hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>"
    )
    if row["break_even_load"] is not None:
        made.add_scatter(
            x=[row["break_even_load"]], y=[row["market_usd"]], mode="markers+text", showlegend=False, name=f"even with {name}",
            text=[f"even at {row['break_even_load']:.0%}"], textposition="top center",
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 11, "color": look.colour(place)},
        )  # fmt: skip


def verdict(rows: pl.DataFrame, look: Look) -> Component:
    """The what-if in figures: ours at the chosen load, each price, and the load at which they are even."""
    del look
    first = rows.row(0, named=True)
    told = [
        (
            "Ours at the chosen load",
            f"${first['local_usd_at_chosen_load']:,.3f}",
            f"what if; on {first['date']} {first['busy_share']:.0%} busy",
        )
    ]
    for kind, name in KINDS:
        for row in rows.filter(pl.col("kind") == kind).head(1).to_dicts():
            told.append((name.capitalize(), f"${row['market_usd']:,.3f}", even(row)))
    return parts.tiles(told)


def even(row: dict[str, float | None]) -> str:
    """At which load ours costs as much, in words."""
    if row["break_even_load"] is not None:
        return f"even at {row['break_even_load']:.0%} busy"
    times = row["break_even_load_unbounded"]
    return f"even at no load: {times:,.1f} times too dear when always busy" if times else "even at no load: energy alone costs more"


def days(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Our cost and the market's prices by day; a bar where a price is only bounded."""
    made = figure(look, yaxis=y_axis(look, "USD per million tokens", "$,.2~f"))
    ours = rows.unique("date", keep="first", maintain_order=True)
    _daily(made, look, ours, "local_usd", "ours", 0)
    for place, (kind, name) in enumerate(KINDS, start=1):
        part = rows.filter(pl.col("kind") == kind)
        _daily(made, look, part, "market_usd", name, place)
        if not (bounded := part.filter(pl.col("market_usd").is_null() & pl.col("market_low").is_not_null())).is_empty():
            _bounds(made, look, bounded, name, place)
    return made


def _daily(made: go.Figure, look: Look, part: pl.DataFrame, column: str, name: str, place: int) -> None:
    made.add_scatter(
        x=part["date"].to_list(), y=part[column].to_list(), name=name, mode="lines+markers", connectgaps=False,
        line={"color": look.colour(place), "dash": DASHES[place % len(DASHES)]},
        marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8},
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _bounds(made: go.Figure, look: Look, part: pl.DataFrame, name: str, place: int) -> None:
    middle = ((part["market_low"] + part["market_high"]) / 2).to_list()
    half = ((part["market_high"] - part["market_low"]) / 2).to_list()
    made.add_scatter(
        x=part["date"].to_list(), y=middle, mode="markers", name=f"{name}, bounds", marker={"size": 1, "color": look.colour(place)},
        error_y={"type": "data", "array": half}, hovertemplate="%{y:$,.3f} ± %{error_y.array:$,.3f}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def parity(metric: str) -> Figured:
    """How to draw hosts beside us, the fastest at the top."""
    return lambda rows, look: _parity(rows, look, metric)


def _parity(rows: pl.DataFrame, look: Look, metric: str) -> go.Figure:
    ordered = rows.sort("p50", descending=metric == "ttft")
    ours = ordered["is_ours"].to_list()
    colours = [
        look.colour(0) if mine else look.colour(1) if near else look.faint for mine, near in zip(ours, ordered["is_compared"], strict=True)
    ]
    made = figure(look, xaxis={"title": {"text": UNITS[metric]}, "rangemode": "tozero"}, yaxis={"automargin": True}, showlegend=False)
    made.add_bar(
        y=ordered["who"].to_list(), x=ordered["p50"].to_list(), orientation="h",
        marker={"color": colours, "pattern": {"shape": ["" if mine else "/" for mine in ours], "fgopacity": 0.4}},
        customdata=ordered["coverage"].to_list(), hovertemplate="%{x:,.1f}<br>%{customdata:.0%} of the day sampled<extra>%{y}</extra>",
    )  # fmt: skip
    return made


def share(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Our tokens over the market's by day."""
    if rows["local_to_market"].null_count() == rows.height:
        return unknown(look, f"Unknown: {rows['reason'].drop_nulls().mode().sort()[0]}.")
    made = figure(look, yaxis=y_axis(look, "our tokens over the market's", ".2p"), showlegend=False)
    _daily(made, look, rows, "local_to_market", "our share", 0)
    made.update_traces(hovertemplate="%{y:.4%}<extra></extra>")
    return made


def devices(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Devices for a share, both on log scales."""
    made = figure(
        look,
        xaxis={
            "title": {"text": "share of the family's market"},
            "type": "log",
            "tickformat": ".2~%",
            "tickvals": [1e-4, 1e-3, 1e-2, 1e-1, 1],
        },
        yaxis={**y_axis(look, "devices"), "type": "log", "rangemode": "normal", "dtick": 1},
        showlegend=False,
    )
    made.add_scatter(
        x=rows["wanted_share"].to_list(), y=rows["devices_needed"].to_list(), mode="lines+markers+text",
        text=[f"{count:,}" for count in rows["devices_needed"].to_list()], textposition="top center", line={"color": look.colour(0)},
        hovertemplate="%{x:.2~%} of the market: %{y:,} devices<extra></extra>",
    )  # fmt: skip
    return made
