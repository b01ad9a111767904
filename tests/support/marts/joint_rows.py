"""Rows of both halves: served tokens, prices and costs of one day."""

from datetime import date
from decimal import Decimal
from typing import Any

from hypothesis import strategies as st
from support.marts.compiled_sql import Marts, Row

DAY = date(2026, 6, 18)
TOKENS = """
    date date, target varchar, model_name varchar, canonical_slug varchar,
    model_permaslug varchar, model_id varchar,
    model_family varchar, author_slug varchar, prompt_tokens bigint, generation_tokens bigint,
        cached_prompt_tokens bigint,
    total_tokens bigint, mix_reason varchar, covered_share double, reason varchar,
    service varchar"""
PRICES = """
    date date, model_id varchar, kind varchar, prompt_usd_per_mtok decimal(18, 9),
    completion_usd_per_mtok decimal(18, 9),
    cached_usd_per_mtok decimal(18, 9), price_basis varchar, provider_name varchar,
    is_free boolean"""
COSTS = """
    date date, target varchar, usd_per_mtok decimal(24, 9), usd_per_mtok_without_idle decimal(24,
    9), busy_share double,
    fixed_usd_per_second decimal(24, 12), busy_energy_usd_per_second decimal(24, 12),
        idle_energy_usd_per_second decimal(24, 12),
    capex_usd_per_second decimal(24, 12), opex_usd_per_second decimal(24, 12),
        capacity_tokens_per_second double, power_basis varchar,
    energy_usd_per_kwh decimal(18, 6), amortisation_years double, devices integer,
    reason varchar, speed_reason varchar, devices_reason varchar, service varchar"""
MARKET = (
    "date date, model_permaslug varchar, model_family varchar, author_slug varchar, total_tokens "
    "bigint, is_other boolean"
)
DAYS = (
    "date date, platform_tokens bigint, cutoff_tokens bigint, is_missing boolean, "
    "is_other_missing boolean"
)

rates = st.integers(min_value=1, max_value=10**6).map(
    lambda millionths: Decimal(millionths) / 10**9
)


def served(**more: Any) -> Row:
    """Return a day of `ours`: a million prompt tokens, 400,000 cached, 250,000 generated."""
    row = {
        "date": DAY,
        "target": "ours",
        "model_name": "m",
        "canonical_slug": "lab/m-1",
        "model_permaslug": "lab/m-1",
        "model_id": "lab/m",
        "model_family": "lab/m",
        "author_slug": "lab",
        "prompt_tokens": 1_000_000,
        "generation_tokens": 250_000,
        "cached_prompt_tokens": 400_000,
        "covered_share": 1.0,
        "service": "ours",
        **more,
    }
    return {**row, "total_tokens": row["prompt_tokens"] + row["generation_tokens"]}


def price(
    kind: str = "list", prompt: str = "1", completion: str = "4", cached: str | None = "0.25"
) -> Row:
    usd = {"prompt_usd_per_mtok": Decimal(prompt), "completion_usd_per_mtok": Decimal(completion)}
    return {
        "date": DAY,
        "model_id": "lab/m",
        "kind": kind,
        **usd,
        "cached_usd_per_mtok": cached and Decimal(cached),
        "is_free": False,
    }


def cost(**more: Any) -> Row:
    """Half busy, at 5,000 tokens a second.

    0.001 USD a second fixed, as much for energy while busy, a tenth of that while idle.
    """
    row: Row = {
        "date": DAY,
        "target": "ours",
        "usd_per_mtok": Decimal("0.62"),
        "usd_per_mtok_without_idle": Decimal("0.4"),
        "busy_share": 0.5,
        "fixed_usd_per_second": Decimal("0.001"),
        "busy_energy_usd_per_second": Decimal("0.001"),
        "idle_energy_usd_per_second": Decimal("0.0001"),
        "capacity_tokens_per_second": 5000.0,
        "devices": 2,
    }
    return {**row, **more}


def bought(compiled: Marts, tokens: Row, prices: list[Row], costs: list[Row]) -> dict[str, Row]:
    tables = {
        "marts.local_tokens_daily": (TOKENS, [tokens]),
        "marts.model_prices_daily": (PRICES, prices),
        "marts.local_cost_daily": (COSTS, costs),
    }
    return {row["kind"]: row for row in compiled.rows("make_or_buy_daily", tables)}
