"""Tables of prices: changes, what the share did around them, discounts, where sources differ."""

from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import NumberFormat
from dashboards.components.tables import Column, table, table_height
from dashboards.components.theme import Theme

CHANGE = NumberFormat("%", 1)
USD = NumberFormat("r", 4)
RATIO = NumberFormat("f", 1)
# An interval as wide says nothing of the sign or the size.
MAX_WIDTH = 10.0


def events(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the changes of list prices, each with the step of the share or why there is none."""
    shown = rows.with_columns(
        pl.struct(rows.columns).map_elements(_elasticity, return_dtype=pl.String).alias("response")
    )
    columns = [
        Column("date", "on", min_width=110),
        Column("model_id", "model", min_width=190),
        Column("turn", "cut or rise", min_width=135),
        Column("change_ratio", "change", CHANGE),
        Column("old_prompt", "prompt, before", USD),
        Column("new_prompt", "after", USD),
        Column("old_completion", "completion, before", USD, min_width=125),
        Column("new_completion", "after ", USD),
        Column("response", "elasticity", min_width=170, tooltip="reason"),
        Column("basis", "is of", min_width=130),
    ]
    return table(shown, columns, height=table_height(shown))


def discounts(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the discounts that our own requests saw."""
    columns = [
        Column("model_id", "model", min_width=190),
        Column("discount", "taken off", NumberFormat("%", 0)),
        Column("full_prompt", "prompt without it, $/Mtok", USD),
        Column("asked_prompt", "prompt as asked, $/Mtok", USD),
        Column("first_date", "first seen"),
        Column("last_date", "last seen"),
    ]
    return table(rows, columns, height=table_height(rows))


def differ(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the pairs of sources that state different prices."""
    columns = [
        Column("source", "price of", min_width=170),
        Column("other_source", "differs from", min_width=170),
        Column("models"),
        Column("days"),
        Column("median_ratio", "median ratio", RATIO),
        Column("widest_ratio", "widest ratio", RATIO),
        Column("widest_model", "of", min_width=190),
        Column("newest_date", "last on"),
    ]
    return table(rows, columns, height=table_height(rows))


def _elasticity(row: dict[str, Any]) -> str:
    if row["elasticity"] is None:
        return f"unknown: {row['reason']}"
    low, high = row["elasticity_low"], row["elasticity_high"]
    if high - low > MAX_WIDTH:
        return "more noise than step"
    confounded = "; other events" if row["reason"] else ""
    return f"{row['elasticity']:+.1f} ({low:+.1f} to {high:+.1f}){confounded}"
