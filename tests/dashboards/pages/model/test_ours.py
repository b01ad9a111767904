"""Tiles of our own serving of a family: a reason wherever a figure is not known."""

from datetime import UTC, date, datetime
from typing import Any

import polars as pl
from support.dashboard.components import tiles_of

from dashboards.pages.model.ours import MAX_SERVICES, NO_DAY, ours

DAY = date(2026, 6, 15)
ROW: dict[str, Any] = {
    "service": "tier-00",
    "model_name": "v4-flash",
    "hour_at": datetime(2026, 6, 15, 22, tzinfo=UTC),
    "generation_tokens": 130_000,
    "tokens_per_second": 36.1,
    "joules_per_token": 11.8,
    "busy_share": 1.0,
    "reason": None,
    "cost_date": DAY,
    "usd_per_mtok": 2.04,
    "usd_per_mtok_without_idle": 1.88,
    "cost_reason": None,
    "market_usd_per_mtok_low": 0.118,
    "market_usd_per_mtok_high": 0.131,
    "price_reason": None,
    "share_date": DAY,
    "local_tokens": 19_600_000,
    "market_tokens": 4_490_000_000_000,
    "local_share": 0.000004,
    "share_reason": None,
}
UNKNOWN: dict[str, Any] = {
    "tokens_per_second": None,
    "joules_per_token": None,
    "usd_per_mtok": None,
    "market_usd_per_mtok_low": None,
    "local_share": None,
}


def tiles(**changes: Any) -> dict[str, tuple[str, str]]:
    return tiles_of(ours(pl.DataFrame([ROW | changes], infer_schema_length=None)))


def test_speed_cost_price_and_share_of_a_target() -> None:
    made = tiles()
    value, note = made["Tokens per second"]
    assert value == "36.1"
    assert "tier-00, v4-flash, hour of 2026-06-15 22:00 UTC, busy 100.0% of it" in note
    assert "130k generated; 11.8 J a token" in note
    assert made["Our $/Mtok"] == (
        "$2.04",
        "15 Jun 2026, idle time included; $1.88 without",
    )
    assert made["The market's price of the same mix"][0] == "$0.118 to $0.131"


def test_a_tiny_share_keeps_its_digits() -> None:
    """Not 0.0 %."""
    value, note = tiles()["Our tokens over ours and the market's"]
    assert value == "0.0004%"
    assert note == "15 Jun 2026: 19.6M of ours, 4.49T of the market"


def test_what_is_not_known_says_why() -> None:
    """Or at least that it is not known."""
    made = tiles(**UNKNOWN)
    assert made["Tokens per second"][0] == "unknown"
    assert "; unknown" in made["Tokens per second"][1]
    assert made["Our $/Mtok"] == ("unknown", NO_DAY)
    assert made["The market's price of the same mix"] == ("unknown", NO_DAY)
    assert made["Our tokens over ours and the market's"][1] == NO_DAY


def test_reasons_of_the_file_come_first() -> None:
    made = tiles(
        **UNKNOWN,
        cost_reason="no cost of the device kind",
        price_reason="no host",
        share_reason="the family is below the cutoff of the day",
    )
    assert made["Our $/Mtok"][1] == "no cost of the device kind"
    assert made["The market's price of the same mix"][1] == "no host"
    assert "below the cutoff" in made["Our tokens over ours and the market's"][1]


def test_one_price_is_no_range() -> None:
    made = tiles(market_usd_per_mtok_high=0.118)
    assert made["The market's price of the same mix"][0] == "$0.118"


def test_of_many_targets_the_first_are_shown() -> None:
    rows = pl.DataFrame([ROW | {"service": f"tier-{number:02}"} for number in range(9)])
    assert str(ours(rows)).count("Tokens per second") == MAX_SERVICES
