"""Table of the efficiency page: each series in one line."""

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import AMOUNT, COUNT, SHARE
from dashboards.components.tables import Column, table, table_height

COLUMNS = (
    Column("series", "what", min_width=250),
    Column("covered_hours", "hours covered", AMOUNT),
    Column("tokens_per_second_per_device", "tokens per second and device", AMOUNT, min_width=120),
    Column("joules_per_token", "joules a token", AMOUNT),
    Column("power", "power is", min_width=110),
    Column("usd_per_mtok", "$/Mtok", AMOUNT),
    Column("usd_per_mtok_without_idle", "$/Mtok without idle", AMOUNT, min_width=110),
    Column("mfu", "MFU", SHARE),
    Column("mbu", "MBU", SHARE),
    Column("hours_without_energy", "hours without energy", COUNT, min_width=100),
    Column("hours_without_cost", "hours without cost", COUNT, min_width=100),
    Column("most_frequent_reason", "because mostly", min_width=230),
)


def summary(rows: pl.DataFrame) -> Component:
    """Build one line for each series."""
    return table(rows, COLUMNS, height=table_height(rows))
