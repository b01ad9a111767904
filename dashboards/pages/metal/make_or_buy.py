"""Make or buy: the cost of a million tokens by load, beside the market's prices."""

from collections.abc import Callable
from functools import cache
from typing import Any

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE, usd
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import y_axis
from dashboards.components.widgets import Tile, tiles

KINDS = (("list", "list price"), ("cheapest", "cheapest host"), ("modal", "price of most hosts"))
HOVER = "%{x:.0%} busy: %{y:$,.3f}<extra>%{fullData.name}</extra>"


@cache
def cost_by_load(load: float) -> Callable[[pl.DataFrame, Theme], go.Figure]:
    """Return a function that draws the cost at each load.

    The chosen load and the measured day are marked.
    """
    return lambda rows, theme: _draw(rows, theme, load)


def _draw(rows: pl.DataFrame, theme: Theme, load: float) -> go.Figure:
    ours = rows.filter(pl.col("kind") == pl.col("kind").first())
    first = ours.row(0, named=True)
    made = figure(
        theme,
        xaxis={
            "title": {"text": "load: share of time busy"},
            "tickformat": AXIS_SHARE,
            "range": [0, 1.02],
        },
        yaxis={**y_axis(theme, "USD per Mtok", "$,.6~r"), "range": [0, _top(rows, first)]},
        hovermode="closest",
    )
    made.add_scatter(
        x=ours["load"].to_list(),
        y=ours["local_usd"].to_list(),
        mode="lines",
        name="ours, what if",
        line={"color": theme.colour(0), "width": 3},
        hovertemplate=HOVER,
    )
    for number, (row, name) in enumerate(_distinct_prices(rows), start=1):
        _add_price(made, theme, row, name, number)
    chosen = (load, first["local_usd_at_chosen_load"])
    _add_sign(made, theme, "ours at the chosen load, what if", "diamond-open", chosen)
    if first["measured_usd"] is not None and first["busy_share"] is not None:
        measured = (first["busy_share"], first["measured_usd"])
        _add_sign(made, theme, f"ours as measured on {first['date']}", "circle", measured)
    return made


def _top(rows: pl.DataFrame, first: dict[str, Any]) -> float:
    """Return the upper end of the axis: the costs at low load are far above what is of interest."""
    prices = [rows["market_usd"].max(), rows["market_high"].max()]
    dearest = max((price for price in prices if isinstance(price, float)), default=0.0)
    measured = first["measured_usd"] or 0
    return float(max(2.5 * max(dearest, first["local_usd_at_chosen_load"]), 1.2 * measured))


def _add_sign(
    made: go.Figure, theme: Theme, name: str, symbol: str, point: tuple[float, float]
) -> None:
    colour = theme.colour(0)
    made.add_scatter(
        x=[point[0]],
        y=[point[1]],
        mode="markers",
        name=name,
        marker={
            "symbol": symbol,
            "size": 13,
            "color": colour,
            "line": {"width": 3, "color": colour},
        },
        hovertemplate=HOVER,
    )


def _distinct_prices(rows: pl.DataFrame) -> list[tuple[dict[str, Any], str]]:
    """Return each price once, the dearest first, with the names of all that it is the price of."""
    found: dict[tuple[float, ...], tuple[dict[str, Any], list[str]]] = {}
    for kind, name in KINDS:
        for row in rows.filter(pl.col("kind") == kind).head(1).to_dicts():
            key = tuple(row[each] for each in ("market_usd", "market_low", "market_high"))
            found.setdefault(key, (row, []))[1].append(name)
    named = [(row, ", ".join(names)) for row, names in found.values()]
    return sorted(named, key=lambda each: -(each[0]["market_usd"] or each[0]["market_high"] or 0))


def _add_price(made: go.Figure, theme: Theme, row: dict[str, Any], name: str, number: int) -> None:
    mark = numbered_mark(number, theme)
    line = {"color": mark.colour, "dash": mark.dash, "width": 2}
    if row["market_usd"] is None:
        low, high = row["market_low"], row["market_high"]
        made.add_scatter(
            x=[0, 1, 1, 0, 0],
            y=[low, low, high, high, low],
            mode="lines",
            fill="toself",
            fillcolor=theme.fade(mark.colour),
            line=line,
            name=f"{name}, between bounds",
            hoverinfo="name",
        )
        return
    made.add_scatter(
        x=[0, 1],
        y=[row["market_usd"]] * 2,
        mode="lines",
        name=name,
        line=line,
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )
    if row["break_even_load"] is not None:
        _add_break_even(made, theme, row, name, number)


def _add_break_even(
    made: go.Figure, theme: Theme, row: dict[str, Any], name: str, number: int
) -> None:
    mark = numbered_mark(number, theme)
    made.add_scatter(
        x=[row["break_even_load"]],
        y=[row["market_usd"]],
        mode="markers+text",
        showlegend=False,
        name=f"even with {name}",
        text=[f"even at {row['break_even_load']:.0%}"],
        # Beside the curve, where it leaves room: above the dearest price, below the others.
        textposition="top right" if number == 1 else "bottom left",
        marker={"symbol": mark.symbol, "size": 11, "color": mark.colour},
        hovertemplate="%{x:.1%} busy: %{y:$,.3f}<extra>%{fullData.name}</extra>",
    )


def verdict(rows: pl.DataFrame) -> Component:
    """Build the what-if as tiles: our cost at the chosen load, and each price beside it."""
    first = rows.row(0, named=True)
    busy = "load unknown" if first["busy_share"] is None else f"{first['busy_share']:.0%} busy"
    note = f"what if; measured {usd(first['measured_usd'])} on {first['date']}, {busy}"
    made = [Tile("Ours at the chosen load", usd(first["local_usd_at_chosen_load"]), note)]
    for kind, name in KINDS:
        for row in rows.filter(pl.col("kind") == kind).head(1).to_dicts():
            made.append(Tile(name.capitalize(), format_price(row), describe_break_even(row)))
    return tiles(made)


def format_price(row: dict[str, Any]) -> str:
    """Return the market's price, or the bounds that it lies between."""
    if row["market_usd"] is not None:
        return usd(row["market_usd"])
    return f"{usd(row['market_low'])} to {usd(row['market_high'])}"


def describe_break_even(row: dict[str, Any]) -> str:
    """Return in words the load at which both cost the same."""
    if row["market_usd"] is None:
        return "only bounds are known, so no load at which both are even"
    if row["break_even_load"] is not None:
        return f"even at {row['break_even_load']:.0%} busy"
    times = row["break_even_load_unbounded"]
    if times:
        return f"even at no load: {times:,.1f} times too dear when always busy"
    return "even at no load: energy alone costs more"
