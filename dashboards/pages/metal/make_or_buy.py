"""Make or buy: the cost of a million tokens by load, beside the market's prices."""

from collections.abc import Callable
from functools import cache
from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.charts.price_lines import (
    HOVER,
    add_prices,
    cost_figure,
    distinct_prices,
    price_axis_top,
)
from dashboards.components.numbers import usd
from dashboards.components.theme import Theme
from dashboards.components.widgets import Tile, tiles

KINDS = (("list", "list price"), ("cheapest", "cheapest host"), ("modal", "price of most hosts"))


@cache
def cost_by_load(load: float) -> Callable[[pl.DataFrame, Theme], Chart]:
    """Return a function that draws the cost at each load.

    The chosen load and the measured day are marked.
    """
    return lambda rows, theme: _draw(rows, theme, load)


def _draw(rows: pl.DataFrame, theme: Theme, load: float) -> Chart:
    ours = rows.filter(pl.col("kind") == pl.col("kind").first())
    first = ours.row(0, named=True)
    prices = distinct_prices(rows, KINDS)
    top = price_axis_top(prices, first["local_usd_at_chosen_load"])
    made = cost_figure(theme, max(top, 1.2 * (first["measured_usd"] or 0)))
    made.add_scatter(
        x=ours["load"].to_list(),
        y=ours["local_usd"].to_list(),
        mode="lines",
        name="ours, what if",
        line={"color": theme.colour(0), "width": 3},
        hovertemplate=HOVER,
    )
    add_prices(made, theme, prices)
    chosen = (load, first["local_usd_at_chosen_load"])
    _add_sign(made, theme, "ours at the chosen load, what if", "diamond-open", chosen)
    if first["measured_usd"] is not None and first["busy_share"] is not None:
        measured = (first["busy_share"], first["measured_usd"])
        _add_sign(made, theme, f"ours as measured on {first['date']}", "circle", measured)
    return made


def _add_sign(
    made: Chart, theme: Theme, name: str, symbol: str, point: tuple[float, float]
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
