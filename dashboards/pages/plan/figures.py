"""Charts of the plan: the cost by load beside the market's prices, and the load by hour."""

from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.charts.price_lines import (
    HOVER,
    add_prices,
    cost_figure,
    distinct_prices,
    price_axis_top,
)
from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import reason_chart, y_axis
from dashboards.planner.verdict import KINDS, PlanRow

HOURS = 24


def cost_by_load(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw our cost at each load with its bounds, each price, and the plan's own load."""
    ours = rows.filter(pl.col("kind") == pl.col("kind").first())
    first = ours.row(0, named=True)
    if first["cost_reason"]:
        return reason_chart(theme, f"Unknown: {first['cost_reason']}.")
    prices = distinct_prices(rows, KINDS.items())
    made = cost_figure(theme, price_axis_top(prices, _at_plan(ours)["local_usd"]))
    _add_ours(made, theme, ours)
    add_prices(made, theme, prices)
    return made


def _at_plan(ours: pl.DataFrame) -> PlanRow:
    found: dict[str, Any] = ours.filter(pl.col("load") == pl.col("plan_load")).row(0, named=True)
    return found


def _add_ours(made: Chart, theme: Theme, ours: pl.DataFrame) -> None:
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


def load_by_hour(rows: pl.DataFrame, theme: Theme) -> Chart:
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
    for number, (row, name) in enumerate(distinct_prices(rows, KINDS.items()), start=1):
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
