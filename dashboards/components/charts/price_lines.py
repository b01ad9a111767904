"""Our cost by load beside the market's prices: lines, bands, and where both are even."""

from collections.abc import Iterable
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import Theme, figure

HOVER = "%{x:.0%} busy: %{y:$,.3f}<extra>%{fullData.name}</extra>"
# Costs at low load are far above what is of interest, so the axis ends above the prices.
ABOVE_PRICES = 2.5

PriceRow = dict[str, Any]
"""One kind of price: `market_usd`, its bounds `market_low` and `market_high`, `break_even_load`."""
NamedPrice = tuple[PriceRow, str]


def cost_figure(theme: Theme, top: float) -> Chart:
    """Build the empty chart: load across, dollars per million tokens up to `top`."""
    return figure(
        theme,
        xaxis={
            "title": {"text": "load: share of time busy"},
            "tickformat": AXIS_SHARE,
            "range": [0, 1.02],
        },
        yaxis={
            "title": {"text": "$/Mtok"},
            "tickformat": "$,.6~r",
            "gridcolor": theme.faint,
            "automargin": True,
            "range": [0, top],
        },
        hovermode="closest",
    )


def distinct_prices(rows: pl.DataFrame, kinds: Iterable[tuple[str, str]]) -> list[NamedPrice]:
    """Return each known price once, the dearest first, with the names of all that it is of."""
    found: dict[tuple[float | None, ...], tuple[PriceRow, list[str]]] = {}
    known = pl.col("market_usd").is_not_null() | pl.col("market_low").is_not_null()
    for kind, name in kinds:
        for row in rows.filter((pl.col("kind") == kind) & known).head(1).to_dicts():
            key = tuple(row[each] for each in ("market_usd", "market_low", "market_high"))
            found.setdefault(key, (row, []))[1].append(name)
    named = [(row, ", ".join(names)) for row, names in found.values()]
    return sorted(named, key=lambda each: -_dearest(each[0]))


def price_axis_top(prices: Iterable[NamedPrice], own: float | None) -> float:
    """Return the upper end of the axis above the dearest price and our cost."""
    return max(
        ABOVE_PRICES * max([own or 0.0, *(_dearest(row) for row, _ in prices)]),
        1e-6,
    )


def add_prices(made: Chart, theme: Theme, prices: Iterable[NamedPrice]) -> None:
    """Add each price: a band where only bounds are known, a line, and the load of break-even."""
    for number, (row, name) in enumerate(prices, start=1):
        if row["market_low"] != row["market_high"]:
            _add_bounds(made, theme, row, name, number)
        if row["market_usd"] is not None:
            _add_line(made, theme, row, name, number)


def _dearest(row: PriceRow) -> float:
    return float(row["market_high"] or row["market_usd"] or 0.0)


def _add_bounds(made: Chart, theme: Theme, row: PriceRow, name: str, number: int) -> None:
    mark = numbered_mark(number, theme)
    low, high = row["market_low"], row["market_high"]
    made.add_scatter(
        x=[0, 1, 1, 0, 0],
        y=[low, low, high, high, low],
        mode="lines",
        fill="toself",
        fillcolor=theme.fade(mark.colour),
        line={"color": mark.colour, "width": 0},
        name=f"{name}, bounds",
        hoverinfo="name",
    )


def _add_line(made: Chart, theme: Theme, row: PriceRow, name: str, number: int) -> None:
    mark = numbered_mark(number, theme)
    made.add_scatter(
        x=[0, 1],
        y=[row["market_usd"]] * 2,
        mode="lines",
        name=name,
        line={"color": mark.colour, "dash": mark.dash, "width": 2},
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )
    if row["break_even_load"] is None:
        return
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
