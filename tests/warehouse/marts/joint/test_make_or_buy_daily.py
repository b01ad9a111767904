"""Figures that need both halves: planted prices, loads and shares are found again, and hold their laws whatever they are."""

from datetime import date
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.compiled_sql import Marts, Row

pytestmark = pytest.mark.slow

DAY = date(2026, 6, 18)
TOKENS = """date date, target varchar, model_name varchar, canonical_slug varchar, model_permaslug varchar, model_id varchar,
    model_family varchar, author_slug varchar, prompt_tokens bigint, generation_tokens bigint, cached_prompt_tokens bigint,
    total_tokens bigint, mix_reason varchar, covered_share double, reason varchar"""
PRICES = """date date, model_id varchar, kind varchar, prompt_usd_per_mtok decimal(18, 9), completion_usd_per_mtok decimal(18, 9),
    cached_usd_per_mtok decimal(18, 9), price_basis varchar, provider_name varchar, is_free boolean"""
COSTS = """date date, target varchar, usd_per_mtok decimal(24, 9), usd_per_mtok_without_idle decimal(24, 9), busy_share double,
    fixed_usd_per_second decimal(24, 12), busy_energy_usd_per_second decimal(24, 12), idle_energy_usd_per_second decimal(24, 12),
    capex_usd_per_second decimal(24, 12), opex_usd_per_second decimal(24, 12), capacity_tokens_per_second double, power_basis varchar,
    energy_usd_per_kwh decimal(18, 6), amortisation_years double, devices integer, reason varchar, speed_reason varchar"""
MARKET = "date date, model_permaslug varchar, model_family varchar, author_slug varchar, total_tokens bigint, is_other boolean"
DAYS = "date date, platform_tokens bigint, cutoff_tokens bigint, is_missing boolean, is_other_missing boolean"

rates = st.integers(min_value=1, max_value=10**6).map(
    lambda millionths: Decimal(millionths) / 10**9
)


def served(**more: Any) -> Row:
    """A day on which `ours` took a million prompt tokens, 400,000 of them cached, and generated 250,000."""
    row = {
        "date": DAY, "target": "ours", "model_name": "m", "canonical_slug": "lab/m-1", "model_permaslug": "lab/m-1", "model_id": "lab/m",
        "model_family": "lab/m", "author_slug": "lab", "prompt_tokens": 1_000_000, "generation_tokens": 250_000,
        "cached_prompt_tokens": 400_000, "covered_share": 1.0, **more,
    }  # fmt: skip
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
    """Half busy: 0.001 USD a second fixed, as much for energy while busy, a tenth of that while idle; 5,000 tokens a second."""
    row: Row = {
        "date": DAY, "target": "ours", "usd_per_mtok": Decimal("0.62"), "usd_per_mtok_without_idle": Decimal("0.4"), "busy_share": 0.5,
        "fixed_usd_per_second": Decimal("0.001"), "busy_energy_usd_per_second": Decimal("0.001"),
        "idle_energy_usd_per_second": Decimal("0.0001"), "capacity_tokens_per_second": 5000.0, "devices": 2,
    }  # fmt: skip
    return {**row, **more}


def bought(compiled: Marts, tokens: Row, prices: list[Row], costs: list[Row]) -> dict[str, Row]:
    tables = {
        "marts.local_tokens_daily": (TOKENS, [tokens]),
        "marts.model_prices_daily": (PRICES, prices),
        "marts.local_cost_daily": (COSTS, costs),
    }
    return {row["kind"]: row for row in compiled.rows("make_or_buy_daily", tables)}


def test_our_own_mix_is_priced_with_each_token_once(compiled: Marts) -> None:
    """600,000 prompt tokens at 1, 400,000 cached ones at 0.25, 250,000 generated at 4: 1.70 USD for 1.25 M tokens."""
    row = bought(compiled, served(), [price()], [cost()])["list"]
    assert float(row["market_usd_per_mtok"]) == pytest.approx(1.7 / 1.25)
    assert row["prompt_share"] + row["cached_share"] + row["completion_share"] == pytest.approx(1)
    assert (row["prompt_share"], row["cached_share"], row["completion_share"]) == pytest.approx(
        (0.48, 0.32, 0.2)
    )
    assert float(row["saving_usd"]) == pytest.approx(1.7 - 0.62 * 1.25)
    assert row["is_local_cheaper"] is True


def test_where_nobody_counts_cached_tokens_the_price_is_bounded(compiled: Marts) -> None:
    """All or none of the prompt may have been cached; in between our 0.62 is neither surely cheaper nor surely dearer."""
    tokens = served(cached_prompt_tokens=None, mix_reason="the server does not count cached tokens")
    row = bought(
        compiled,
        tokens,
        [price(prompt="0.5", completion="1", cached="0.05")],
        [cost(usd_per_mtok=Decimal("0.3"))],
    )["list"]
    assert row["market_usd_per_mtok"] is None
    assert (
        float(row["market_usd_per_mtok_low"]),
        float(row["market_usd_per_mtok_high"]),
    ) == pytest.approx((0.24, 0.6))
    assert row["is_local_cheaper"] is None
    assert row["price_reason"] == "the server does not count cached tokens"


def test_a_host_without_a_price_for_cached_tokens_asks_the_prompt_price(compiled: Marts) -> None:
    """And a kind of price that nobody asked that day is unknown, with its reason."""
    found = bought(compiled, served(), [price("cheapest", cached=None)], [cost()])
    assert float(found["cheapest"]["market_usd_per_mtok"]) == pytest.approx(2 / 1.25)
    assert (found["modal"]["market_usd_per_mtok"], found["modal"]["price_reason"]) == (
        None,
        "no modal price of this day",
    )


def test_at_the_load_at_which_they_cross_both_cost_the_same(compiled: Marts) -> None:
    """The planted target is as dear as the market at a load of 0.0011 / (0.0068 - 0.0009) of its time."""
    row = bought(compiled, served(), [price()], [cost()])["list"]
    load = row["break_even_load"]
    assert load == pytest.approx(0.0011 / (5000 * 1.36 / 1e6 - 0.0009))
    at_load = (0.001 + load * 0.001 + (1 - load) * 0.0001) / (load * 5000) * 1e6
    assert at_load == pytest.approx(float(row["market_usd_per_mtok"]))


def test_no_load_is_invented_where_none_is_enough(compiled: Marts) -> None:
    """Too dear even if always busy, or energy alone dearer than the price: null and why; how many times too dear stays known."""
    slow = bought(compiled, served(), [price()], [cost(capacity_tokens_per_second=1000.0)])["list"]
    assert slow["break_even_load"] is None
    assert slow["break_even_load_unbounded"] > 1
    assert slow["break_even_reason"] == "dearer than the market even if busy all the time"
    hot = bought(compiled, served(), [price()], [cost(busy_energy_usd_per_second=Decimal("0.5"))])[
        "list"
    ]
    assert (hot["break_even_load"], hot["break_even_reason"]) == (
        None,
        "energy alone costs more than the market asks",
    )
    unknown = bought(
        compiled, served(), [price()], [cost(reason="no energy price in the tier file")]
    )["list"]
    assert (unknown["break_even_load"], unknown["break_even_reason"]) == (
        None,
        "no energy price in the tier file",
    )


@settings(max_examples=25, deadline=None)
@given(fixed=rates, busy=rates, more=rates, dearer=st.integers(min_value=1, max_value=50))
def test_break_even_moves_one_way(
    compiled: Marts, fixed: Decimal, busy: Decimal, more: Decimal, dearer: int
) -> None:
    """A dearer market lowers the load at which we are even; dearer energy or devices raise it."""

    def load(usd: Decimal, **rate: Decimal) -> float:
        found = bought(
            compiled,
            served(),
            [price(prompt=str(usd), completion=str(usd), cached=str(usd))],
            [cost(**rate)],
        )["list"]
        even = found["break_even_load_unbounded"]
        return float("inf") if even is None else float(even)

    given_rates = {
        "fixed_usd_per_second": fixed,
        "busy_energy_usd_per_second": busy,
        "idle_energy_usd_per_second": busy / 2,
    }
    usual = load(Decimal(1), **given_rates)
    assert load(Decimal(1 + dearer), **given_rates) <= usual
    assert load(Decimal(1), **{**given_rates, "fixed_usd_per_second": fixed + more}) >= usual
    factor = 1 + more * 1000
    energy = {
        name: given_rates[name] * factor
        for name in ("busy_energy_usd_per_second", "idle_energy_usd_per_second")
    }
    assert load(Decimal(1), **given_rates | energy) >= usual * (1 - 1e-9)


members = st.tuples(
    st.sampled_from(["a/x", "a/y", "b/z", None]),
    st.sampled_from(["ours", "theirs"]),
    st.integers(min_value=0, max_value=10**9),
)


@settings(max_examples=25, deadline=None)
@given(
    ours=st.lists(members, min_size=1, max_size=8),
    theirs=st.dictionaries(st.sampled_from(["a/x", "a/y", "b/z"]), st.integers(1, 10**13)),
)
def test_share_times_market_is_ours_in_every_grain(
    compiled: Marts, ours: list[Any], theirs: dict[str, int]
) -> None:
    """And whatever is not found in the market is kept as unresolved, so that every grain sums to all that we served."""
    tokens = [
        served(model_name=f"m{place}", target=target, model_permaslug=family and f"{family}-1", canonical_slug=None, model_family=family,
               author_slug=family and family[0], prompt_tokens=count, generation_tokens=0)
        for place, (family, target, count) in enumerate(ours)
    ]  # fmt: skip
    market = [
        {"date": DAY, "model_permaslug": f"{family}-1", "model_family": family, "author_slug": family[0], "total_tokens": count,
         "is_other": False}
        for family, count in theirs.items()
    ]  # fmt: skip
    day = {
        "date": DAY,
        "platform_tokens": sum(theirs.values()) + 5,
        "cutoff_tokens": 1,
        "is_missing": False,
        "is_other_missing": False,
    }
    tables = {
        "marts.local_tokens_daily": (TOKENS, tokens),
        "marts.market_tokens_daily": (MARKET, market),
        "marts.market_days": (DAYS, [day]),
    }
    found = compiled.rows("local_vs_market_grains_daily", tables)
    total = sum(count for _, _, count in ours)
    for grain in ("model", "family", "author", "platform"):
        assert (
            sum(
                row["local_tokens"]
                for row in found
                if row["grain"] == grain and row["target"] == "all"
            )
            == total
        )
    for row in found:
        assert (row["market_tokens"] is None) == (row["reason"] is not None)
        if row["market_tokens"] is not None:
            assert row["local_to_market"] * row["market_tokens"] == pytest.approx(
                row["local_tokens"]
            )


def test_devices_for_a_share_are_rounded_up_and_called_what_they_are(compiled: Marts) -> None:
    """2,500 tokens a second and device are 216 M a day; a tenth of ten billion needs five such devices."""
    compared = (
        "date date, model_family varchar, target varchar, market_tokens bigint, reason varchar"
    )
    row = {"date": DAY, "model_family": "lab/m", "target": "ours", "market_tokens": 10**10}
    tables = {
        "marts.local_vs_market_daily": (compared, [row]),
        "marts.local_cost_daily": (COSTS, [cost()]),
    }
    found = {
        each["wanted_share"]: each for each in compiled.rows("devices_for_share_daily", tables)
    }
    assert found[0.1]["devices_needed"] == 5
    assert found[0.1]["is_what_if"] is True
    assert found[0.1]["basis"].startswith("what if: busy throughput of 2 devices")
