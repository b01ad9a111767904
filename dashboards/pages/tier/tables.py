"""Tiles and tables of our tier's page: the newest hour, and counts that disagree."""

from collections.abc import Sequence

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import AMOUNT, COUNT, SHARE
from dashboards.components.tables import Column, table, table_height
from dashboards.components.widgets import Tile, format_instant, tiles

COLUMNS = (
    Column("target", min_width=110),
    Column("model_name", "model", min_width=210),
    Column("hour_at", "hour from, UTC", min_width=160),
    Column("generated_tokens_per_second", "generated tokens/s", AMOUNT, min_width=130),
    Column("generation_tokens", "tokens generated", COUNT, min_width=130),
    Column("requests_total", "requests ended", COUNT, min_width=120),
    Column("ttft_p50_seconds", "TTFT p50, s", AMOUNT),
    Column("ttft_p99_seconds", "TTFT p99, s", AMOUNT),
    Column("tpot_p50_seconds", "TPOT p50, s", AMOUNT),
    Column("goodput_share", "goodput", SHARE, min_width=110),
    Column("goodput_method", "goodput is", min_width=110),
    Column("prefix_hit_share", "prompt from cache", SHARE),
    Column("beyond_hit_share", "of it beyond the device", SHARE, min_width=110),
    Column("acceptance", "drafts accepted", SHARE, min_width=100),
    Column("covered_seconds", "seconds covered", COUNT, min_width=100),
    Column("state", min_width=170),
    Column("goodput_reason", "why no goodput", min_width=180),
)


# A service has its replicas in place of a target, and the covered part of their time.
REPLICAS = (
    Column("service", min_width=130),
    COLUMNS[1],
    Column("replicas_now", "replicas now", COUNT, min_width=120),
    Column("replicas_gone", "gone", COUNT, min_width=80),
    Column("replicas", "in this hour", COUNT, min_width=95),
    *COLUMNS[2:-3],
    Column("covered_share", "covered", SHARE, min_width=95),
    *COLUMNS[-2:],
)


def summary(rows: pl.DataFrame) -> Component:
    """Build the newest hour: tiles for one model, a table for several."""
    return _newest_hour(rows, COLUMNS)


def services(rows: pl.DataFrame) -> Component:
    """Build the newest hour of services: tiles for one of one replica, a table for several."""
    return _newest_hour(rows, REPLICAS)


def _newest_hour(rows: pl.DataFrame, columns: Sequence[Column]) -> Component:
    if rows.height == 1 and rows.get_column("replicas", default=pl.Series([1]))[0] == 1:
        return _tiles(rows)
    shown = rows.with_columns(pl.col("hour_at").dt.to_string("%Y-%m-%d %H:%M"))
    return table(shown, columns, height=table_height(rows))


def disagreements(rows: pl.DataFrame) -> Component:
    """Build the counts on which two sources do not agree."""
    return table(rows, height=60 + 42 * min(rows.height, 8))


def format_known(value: float | None, form: str = ",.1f", unit: str = "") -> str:
    """Return a figure as text; one that is not known is not 0."""
    return "unknown" if value is None else f"{value:{form}}{unit}"


def _tiles(rows: pl.DataFrame) -> Component:
    row = rows.row(0, named=True)
    is_bound = row["goodput_method"] == "upper_bound"
    goodput = row["goodput_reason"] or ("at most" if is_bound else "both objectives met")
    tokens = format_known(row["generation_tokens"], ",d")
    p99 = format_known(row["ttft_p99_seconds"], ",.3f", " s")
    return tiles(
        [
            Tile(
                "Generated tokens per second",
                format_known(row["generated_tokens_per_second"]),
                "over covered time",
            ),
            Tile(
                "Requests that ended",
                format_known(row["requests_total"], ",d"),
                f"{tokens} tokens generated",
            ),
            Tile(
                "Time to first token, p50",
                format_known(row["ttft_p50_seconds"], ",.3f", " s"),
                f"p99 {p99}",
            ),
            Tile(
                "Time per token after it, p50",
                format_known(row["tpot_p50_seconds"], ",.4f", " s"),
                "mean within a request",
            ),
            Tile("Goodput", format_known(row["goodput_share"], ".1%"), goodput),
            Tile(
                "Prompt tokens found in cache",
                format_known(row["prefix_hit_share"], ".1%"),
                f"beyond the device: {format_known(row['beyond_hit_share'], '.1%')}",
            ),
            Tile(
                "Draft tokens accepted",
                format_known(row["acceptance"], ".1%"),
                "unknown without speculative decoding",
            ),
            Tile(
                "Covered by scrapes",
                format_known(row["covered_seconds"] / 60, ",.0f", " min"),
                f"of the hour from {format_instant(row['hour_at'])}",
            ),
        ]
    )
