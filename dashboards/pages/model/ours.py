"""Tiles of our own serving of a model family: speed, cost, the market's price, our share."""

from typing import Any

import polars as pl
from dash.development.base_component import Component

from dashboards.components.numbers import AMOUNT, SHARE, SHORT_TOKENS, usd
from dashboards.components.widgets import Tile, format_instant, tiles

MAX_SERVICES = 4
NO_DAY = "no whole day of it is known yet"
# A smaller share has too many zeros as a percentage.
MIN_PLAIN_SHARE = 0.001


def ours(rows: pl.DataFrame) -> Component:
    """Build four tiles for each service and model."""
    return tiles([tile for row in rows.head(MAX_SERVICES).to_dicts() for tile in _tiles(row)])


def _tiles(row: dict[str, Any]) -> tuple[Tile, ...]:
    return (_speed(row), _our_cost(row), _market_price(row), _our_share(row))


def _speed(row: dict[str, Any]) -> Tile:
    speed, joules = row["tokens_per_second"], row["joules_per_token"]
    energy = "unknown" if joules is None else f"{AMOUNT.text(joules)} J a token"
    note = (
        f"{row['service']}, {row['model_name']}, hour of {format_instant(row['hour_at'])}, "
        f"busy {SHARE.text(row['busy_share'])} of it; "
        f"{SHORT_TOKENS.text(row['generation_tokens'])} generated; {row['reason'] or energy}"
    )
    return Tile("Tokens per second", "unknown" if speed is None else f"{speed:,.1f}", note)


def _our_cost(row: dict[str, Any]) -> Tile:
    name = "Our $/Mtok"
    if row["usd_per_mtok"] is None:
        return Tile(name, "unknown", row["cost_reason"] or NO_DAY)
    without_idle = usd(row["usd_per_mtok_without_idle"])
    note = f"{row['cost_date']:%d %b %Y}, idle time included; {without_idle} without"
    return Tile(name, usd(row["usd_per_mtok"]), note)


def _market_price(row: dict[str, Any]) -> Tile:
    name = "The market's price of the same mix"
    low, high = row["market_usd_per_mtok_low"], row["market_usd_per_mtok_high"]
    if low is None:
        return Tile(name, "unknown", row["price_reason"] or NO_DAY)
    value = usd(low) if low == high else f"{usd(low)} to {usd(high)}"
    return Tile(name, value, "list, cheapest and modal price of that day")


def _our_share(row: dict[str, Any]) -> Tile:
    name, share = "Our tokens over ours and the market's", row["local_share"]
    if share is None:
        return Tile(name, "unknown", row["share_reason"] or NO_DAY)
    value = f"{100 * share:.2g}%" if share < MIN_PLAIN_SHARE else SHARE.text(share)
    note = (
        f"{row['share_date']:%d %b %Y}: {SHORT_TOKENS.text(row['local_tokens'])} of ours, "
        f"{SHORT_TOKENS.text(row['market_tokens'])} of the market"
    )
    return Tile(name, value, note)
