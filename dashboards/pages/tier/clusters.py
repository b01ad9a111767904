"""Cards of clusters: what targets that serve together give per device, and what holds them back."""

from collections.abc import Sequence

import polars as pl
from dash.development.base_component import Component

from dashboards.chart import Chart
from dashboards.components.numbers import AMOUNT, COUNT, SHARE
from dashboards.components.page import Card, Listed, PageSection, rows_only
from dashboards.components.served import Served
from dashboards.components.tables import Column, table, table_height
from dashboards.components.theme import Theme
from dashboards.components.timelines import line_chart, most_frequent, reason_chart
from dashboards.query import query

NO_CLUSTERS = "The tier file names no cluster: add a [[cluster]] with its targets."
COLUMNS = (
    Column("cluster", min_width=110),
    Column("hour_at", "hour from, UTC", min_width=160),
    Column("targets_up", "targets up", COUNT),
    Column("targets", "of", COUNT),
    Column("devices", "devices", COUNT),
    Column("devices_lost", "lost", COUNT),
    Column("tokens_per_second", "generated tokens/s", AMOUNT, min_width=130),
    Column("tokens_per_second_per_device", "per device", AMOUNT),
    Column("scaling_efficiency", "of one alone", SHARE, min_width=110),
    Column("weakest_target", "weakest target", min_width=130),
    Column("weakest_share", "of the fastest", SHARE, min_width=110),
    Column("exposed_share", "exposed waiting", SHARE, min_width=120),
    Column("joules_per_token", "J/token", AMOUNT),
    Column("tokens_per_second_per_kw", "tokens/s per kW", AMOUNT, min_width=120),
    Column("usd_per_mtok", "$/Mtok", AMOUNT),
    Column("power_provenance", "power is", min_width=100),
    Column("reason", "why a figure is missing", min_width=260),
)


def cluster_cards(served: Served) -> Sequence[Listed]:
    """Return the cards of all clusters; a choice of one service does not narrow them."""
    return (
        PageSection("Clusters", key="clusters", is_folded=True),
        Card(
            key="clusters",
            title="Clusters in their newest hour",
            query=query("tier/clusters/newest"),
            draw=rows_only(newest),
            half="tier",
            width="full",
            height=160,
            empty=NO_CLUSTERS,
            needs=("cluster_efficiency_hourly",),
        ),
        Card(
            key="cluster-speed",
            title="Generated tokens of a device",
            query=query("tier/clusters/hours", hours=served.hours),
            draw=speed,
            unit="tokens per second and device of the cluster, lost devices included",
            half="tier",
            width="full",
            empty=NO_CLUSTERS,
            needs=("cluster_efficiency_hourly",),
        ),
    )


def newest(rows: pl.DataFrame) -> Component:
    """Build the table of each cluster's newest hour."""
    shown = rows.with_columns(pl.col("hour_at").dt.to_string("%Y-%m-%d %H:%M"))
    return table(shown, COLUMNS, height=table_height(rows))


def speed(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw tokens a second of a device for each cluster; hours without a figure are left open."""
    if rows["tokens_per_second_per_device"].is_null().all():
        reason = most_frequent(rows["reason"]) or "no reason is given"
        return reason_chart(theme, f"Unknown: {reason}.")
    return line_chart(rows, theme, "tokens_per_second_per_device", "tokens/s")
