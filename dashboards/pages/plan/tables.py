"""Words and tables of the plan: the verdict, the prices beside our cost, and every input."""

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.numbers import usd
from dashboards.components.theme import Theme
from dashboards.components.widgets import Tile, plain_table, tiles
from dashboards.planner.verdict import (
    KINDS,
    describe_even,
    describe_price,
    dollars,
    format_range,
    judge,
    list_inputs,
)

PRICE_HEADINGS = (
    "Price",
    "Ours, $/Mtok",
    "There, $/Mtok",
    "Even at a load of",
    "Ours a month",
    "There a month",
    "Saved a month",
)


def verdict(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the sentence, and below it our cost and each price as tiles."""
    plan = rows.to_dicts()
    first = plan[0]
    bounds = format_range(None, first["local_low"], first["local_high"])
    note = first["cost_reason"] or f"{bounds}; what if, at a load of {first['load']:.0%}"
    made = [Tile("Ours", usd(first["local_usd"]), note)]
    for row in plan:
        even = "" if row["break_even_load"] is None else "even at a load of "
        text = describe_price(row) if row["market_usd"] is None else usd(row["market_usd"])
        made.append(Tile(KINDS[row["kind"]].capitalize(), text, f"{even}{describe_even(row)}"))
    sentence = judge(plan, theme.name).sentence
    return html.Div([html.P(sentence, className="plan-verdict"), tiles(made)])


def prices(rows: pl.DataFrame) -> Component:
    """Build a table with a row for each kind of price; what is not known has its reason."""
    lines = [
        (
            KINDS[row["kind"]],
            format_range(row["local_usd"], row["local_low"], row["local_high"]),
            describe_price(row),
            describe_even(row),
            dollars(row["local_usd_per_month"]),
            dollars(row["market_usd_per_month"]),
            dollars(row["saving_usd_per_month"]),
        )
        for row in rows.to_dicts()
    ]
    return plain_table(PRICE_HEADINGS, lines, "Cost here and prices in the market")


def inputs(rows: pl.DataFrame) -> Component:
    """Build a table of all inputs, with where each comes from."""
    lines = [(each.name, each.value, each.basis) for each in list_inputs(rows.row(0, named=True))]
    return plain_table(("Input", "Value", "From"), lines, "Inputs of the plan")
