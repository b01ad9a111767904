"""Charts of the plan: the cost by load beside the market's prices, and the load by hour."""

from typing import Any

import plotly.graph_objects as go
import polars as pl

from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import reason_chart, y_axis
from dashboards.planner.verdict import KINDS, PlanRow

HOURS = 24
HOVER = "%{x:.0%} busy: %{y:$,.3f}<extra>%{fullData.name}</extra>"


def cost_by_load(rows: pl.DataFrame, theme: Theme) -> go.Figure:
    """Draw our cost at each load with its bounds, each price, and the plan's own load."""
    ours = rows.filter(pl.col("kind") == pl.col("kind").first())
    first = ours.row(0, named=True)
    if first["cost_reason"]:
        return reason_chart(theme, f"Unknown: {first['cost_reason']}.")
    prices = _distinct_prices(rows)
    made = figure(
        theme,
        xaxis={
            "title": {"text": "load: share of time busy"},
            "tickformat": AXIS_SHARE,
            "range": [0, 1.02],
        },
        yaxis={**y_axis(theme, "USD per Mtok", "$,.6~r"), "range": [0, _top(ours, prices)]},
        hovermode="closest",
    )
    _add_ours(made, theme, ours)
    for number, (row, name) in enumerate(prices, start=1):
        _add_price(made, theme, row, name, number)
    return made


def _distinct_prices(rows: pl.DataFrame) -> list[tuple[PlanRow, str]]:
    """Return each known price once, the dearest first, with the names of all that it is of."""
    found: dict[tuple[float, ...], tuple[PlanRow, list[str]]] = {}
    for kind, name in KINDS.items():
        part = rows.filter((pl.col("kind") == kind) & pl.col("market_low").is_not_null())
        for row in part.head(1).to_dicts():
            key = (row["market_low"], row["market_high"])
            found.setdefault(key, (row, []))[1].append(name)
    named = [(row, ", ".join(names)) for row, names in found.values()]
    return sorted(named, key=lambda each: -each[0]["market_high"])


def _top(ours: pl.DataFrame, prices: list[tuple[PlanRow, str]]) -> float:
    """Return the upper end of the axis: the costs at low load are far above what is of interest."""
    dearest = max((row["market_high"] for row, _ in prices), default=0.0)
    own = _at_plan(ours)["local_usd"] or 0.0
    return float(max(2.5 * max(dearest, own), 1e-6))


def _at_plan(ours: pl.DataFrame) -> PlanRow:
    found: dict[str, Any] = ours.filter(pl.col("load") == pl.col("plan_load")).row(0, named=True)
    return found


def _add_ours(made: go.Figure, theme: Theme, ours: pl.DataFrame) -> None:
    colour, loads = theme.colour(0), ours["load"].to_list()
    made.add_scatter(
        x=[*loads, *reversed(loads)],
        y=[*ours["local_low"].to_list(), *reversed(ours["local_high"].to_list())],
        mode="lines",
        fill="toself",
        fillcolor=theme.fade(colour),
        line={"color": colour, "width": 0},
        name="ours, bounds",
        hoverinfo="skip",
    )
    made.add_scatter(
        x=loads,
        y=ours["local_usd"].to_list(),
        mode="lines",
        name="ours, what if",
        line={"color": colour, "width": 3},
        hovertemplate=HOVER,
    )
    own = _at_plan(ours)
    made.add_scatter(
        x=[own["load"]],
        y=[own["local_usd"]],
        mode="markers",
        name="ours at the plan's load",
        marker={
            "symbol": "diamond-open",
            "size": 13,
            "color": colour,
            "line": {"width": 3, "color": colour},
        },
        hovertemplate=HOVER,
    )


def _add_price(made: go.Figure, theme: Theme, row: PlanRow, name: str, number: int) -> None:
    mark = numbered_mark(number, theme)
    low, high = row["market_low"], row["market_high"]
    if low != high:
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
    if row["market_usd"] is None:
        return
    made.add_scatter(
        x=[0, 1],
        y=[row["market_usd"]] * 2,
        mode="lines",
        name=name,
        line={"color": mark.colour, "dash": mark.dash, "width": 2},
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )
    if row["break_even_load"] is not None:
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
            hovertemplate=HOVER,
        )


def load_by_hour(rows: pl.DataFrame, theme: Theme) -> go.Figure:
    """Draw the load of each hour of a UTC day, and the loads at which both cost the same."""
    first = rows.row(0, named=True)
    made = figure(
        theme,
        xaxis={"title": {"text": "hour of the UTC day"}, "dtick": 3, "range": [-0.5, 23.5]},
        yaxis={**y_axis(theme, "load", AXIS_SHARE), "range": [0, 1.05]},
    )
    made.add_bar(
        x=list(range(HOURS)),
        y=_loads(first),
        name="load",
        marker={"color": theme.colour(0)},
        hovertemplate="%{y:.1%}<extra>load</extra>",
    )
    for number, (row, name) in enumerate(_distinct_prices(rows), start=1):
        if row["break_even_load"] is not None:
            mark = numbered_mark(number, theme)
            made.add_scatter(
                x=[-0.5, HOURS - 0.5],
                y=[row["break_even_load"]] * 2,
                mode="lines",
                name=f"even with {name}",
                line={"color": mark.colour, "dash": mark.dash, "width": 2},
                hovertemplate="%{y:.1%}<extra>%{fullData.name}</extra>",
            )
    return made


def _loads(row: PlanRow) -> list[float | None]:
    """Return 24 loads: those given or measured, or else the plan's load for each hour."""
    loads = row["hourly_loads"]
    if len(loads) == HOURS and any(load is not None for load in loads):
        return list(loads)
    return [row["plan_load"]] * HOURS
