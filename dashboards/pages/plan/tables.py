"""Words and tables of the plan: the verdict, the prices beside our cost, and every input."""

import polars as pl
from dash import html
from dash.development.base_component import Component

from dashboards.components.widgets import Tile, plain_table, tiles
from dashboards.planner.verdict import (
    KINDS,
    PlanRow,
    describe_even,
    dollars,
    format_range,
    judge,
    list_inputs,
)

PRICE_HEADINGS = (
    "Price",
    "Ours, USD per Mtok",
    "There, USD per Mtok",
    "Even at a load of",
    "Ours a month",
    "There a month",
    "Saved a month",
)


def verdict(rows: pl.DataFrame) -> Component:
    """Build the sentence, and below it our cost and each price as tiles."""
    plan = rows.to_dicts()
    first = plan[0]
    ours = format_range(first["local_usd"], first["local_low"], first["local_high"])
    note = first["cost_reason"] or f"what if, at a load of {first['load']:.0%}"
    made = [Tile("Ours", ours, note)]
    for row in plan:
        made.append(Tile(KINDS[row["kind"]].capitalize(), _price(row), describe_even(row)))
    return html.Div([html.P(judge(plan).sentence, className="plan-verdict"), tiles(made)])


def prices(rows: pl.DataFrame) -> Component:
    """Build a table with a row for each kind of price; what is not known has its reason."""
    lines = [
        (
            KINDS[row["kind"]],
            format_range(row["local_usd"], row["local_low"], row["local_high"]),
            _price(row),
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


def _price(row: PlanRow) -> str:
    if row["market_low"] is None:
        return f"unknown: {row['price_reason']}"
    host = f", {row['provider_name']}" if row["provider_name"] else ""
    price = format_range(row["market_usd"], row["market_low"], row["market_high"])
    return f"{price}{host}, {row['price_date']}"
