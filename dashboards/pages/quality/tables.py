"""Tables of quality: the newest gap in all its forms, and changes of the lead."""

from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import NumberFormat
from dashboards.components.tables import Column, table, table_height
from dashboards.components.theme import Theme
from dashboards.components.widgets import plain_table
from dashboards.names import MEASURE_NAMES

POINTS = NumberFormat("f", 1)
UNKNOWN = "unknown"


def newest_gap(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build a column for each measure; what is not known says why."""
    measures = rows.to_dicts()
    headings = ["", *(MEASURE_NAMES.get(row["measure"], row["measure"]) for row in measures)]
    lines = [
        ["Best of either side", *(_models(row, theme) for row in measures)],
        ["Points", *(_with_ends(row, "gap_points", 1) for row in measures)],
        ["Percent of the trailing score", *(_with_ends(row, "gap_percent", 2) for row in measures)],
        ["Expected share of votes", *(_wins(row) for row in measures)],
        ["Months behind", *(_months(row) for row in measures)],
        [
            "Months without a rival",
            *(_number(row["months_unmatched"], 1, "none") for row in measures),
        ],
        ["Version", *(f"{row['version_date']}, {row['age_days']} days old" for row in measures)],
    ]
    return plain_table(headings, lines, label="The newest gap in all its forms")


def lead_changes(rows: pl.DataFrame, theme: Theme) -> Component:
    """Build the changes of the lead as a table."""
    shown = rows.with_columns(
        pl.col("measure").replace(MEASURE_NAMES),
        pl.col("leader").map_elements(theme.name, return_dtype=pl.String),
        certain=pl.when("is_certain").then(pl.lit("yes")).otherwise(pl.lit("within the intervals")),
    )
    columns = [
        Column("changed_date", "since"),
        Column("measure", min_width=170),
        Column("leader"),
        Column("leading_model", "by", min_width=170),
        Column("passed_model", "passing", min_width=170),
        Column("gap_points", "points", POINTS),
        Column("certain"),
        Column("days_led", "days led", NumberFormat("f")),
    ]
    return table(shown, columns, height=table_height(shown))


def _models(row: dict[str, Any], theme: Theme) -> str:
    sides = (("member", "member_model"), ("other_member", "other_model"))
    return "; ".join(f"{theme.name(row[side])}: {row[model]}" for side, model in sides)


def _with_ends(row: dict[str, Any], name: str, digits: int) -> str:
    if row["interval_reason"]:
        return f"{row[name]:+.{digits}f}; no interval, {row['interval_reason']}"
    low, high = row[f"{name}_low"], row[f"{name}_high"]
    return f"{row[name]:+.{digits}f} ({low:+.{digits}f} to {high:+.{digits}f})"


def _wins(row: dict[str, Any]) -> str:
    return "not a rate of wins" if row["win_rate"] is None else f"{100 * row['win_rate']:.0f} %"


def _months(row: dict[str, Any]) -> str:
    if row["months_reason"]:
        return f"{UNKNOWN}: {row['months_reason']}"
    low, high = _number(row["months_behind_low"], 1), _number(row["months_behind_high"], 1)
    return f"{row['months_behind']:.1f} ({low} to {high})"


def _number(value: float | None, digits: int, missing: str = UNKNOWN) -> str:
    return missing if value is None else f"{value:.{digits}f}"
