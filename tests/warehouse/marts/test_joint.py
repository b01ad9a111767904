"""Joint figures: seeded prices, loads and shares are found again, and hold their laws."""

from datetime import UTC, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.marts.compiled_sql import Marts
from support.marts.joint_rows import (
    COSTS,
    DAY,
    DAYS,
    MARKET,
    TOKENS,
    bought,
    cost,
    price,
    rates,
    served,
)

pytestmark = pytest.mark.slow


def test_our_own_mix_is_priced_with_each_token_once(compiled: Marts) -> None:
    """600,000 prompt tokens at 1, 400,000 cached at 0.25, 250,000 generated at 4: 1.70 USD."""
    row = bought(compiled, served(), [price()], [cost()])["list"]
    assert float(row["market_usd_per_mtok"]) == pytest.approx(1.7 / 1.25)
    assert row["prompt_share"] + row["cached_share"] + row["completion_share"] == pytest.approx(1)
    assert (row["prompt_share"], row["cached_share"], row["completion_share"]) == pytest.approx(
        (0.48, 0.32, 0.2)
    )
    assert float(row["saving_usd"]) == pytest.approx(1.7 - 0.62 * 1.25)
    assert row["is_local_cheaper"] is True


def test_where_nobody_counts_cached_tokens_the_price_is_bounded(compiled: Marts) -> None:
    """All or none of the prompt may have been cached.

    In between our 0.62 is neither surely cheaper nor surely dearer.
    """
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
    """Our target is as dear as the market at a load of 0.0011 / (0.0068 - 0.0009)."""
    row = bought(compiled, served(), [price()], [cost()])["list"]
    load = row["break_even_load"]
    assert load == pytest.approx(0.0011 / (5000 * 1.36 / 1e6 - 0.0009))
    at_load = (0.001 + load * 0.001 + (1 - load) * 0.0001) / (load * 5000) * 1e6
    assert at_load == pytest.approx(float(row["market_usd_per_mtok"]))


def test_no_load_is_invented_where_none_is_enough(compiled: Marts) -> None:
    """Too dear even if always busy, or energy alone dearer than the price: null and why.

    How many times too dear stays known.
    """
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
    """Tokens that the market does not know are unresolved, so every grain sums to all served."""
    tokens = [
        served(
            model_name=f"m{place}",
            target=target,
            model_permaslug=family and f"{family}-1",
            canonical_slug=None,
            model_family=family,
            author_slug=family and family[0],
            prompt_tokens=count,
            generation_tokens=0,
        )
        for place, (family, target, count) in enumerate(ours)
    ]
    market = [
        {
            "date": DAY,
            "model_permaslug": f"{family}-1",
            "model_family": family,
            "author_slug": family[0],
            "total_tokens": count,
            "is_other": False,
        }
        for family, count in theirs.items()
    ]
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
    """2,500 tokens a second and device are 216 M a day.

    A tenth of ten billion needs five such devices; in its cluster, where a device gave 1,000 at
    best, twelve.
    """
    compared = (
        "date date, model_family varchar, target varchar, market_tokens bigint, reason varchar, "
        "service varchar"
    )
    row = {"date": DAY, "model_family": "lab/m", "target": "ours", "market_tokens": 10**10}
    midnight = datetime.combine(DAY, time(), UTC)
    tables = {
        "marts.local_vs_market_daily": (compared, [row]),
        "marts.local_cost_daily": (COSTS, [cost()]),
        "marts.cluster_efficiency_hourly": (
            "hour_at timestamptz, cluster varchar, total_tokens_per_second_per_device double",
            [
                {"hour_at": midnight, "cluster": "pod", "total_tokens_per_second_per_device": each}
                for each in (1000.0, 400.0)
            ],
        ),
        "intermediate.cluster_members": (
            "cluster varchar, target varchar, from_at timestamptz, until_at timestamptz",
            [
                {
                    "cluster": "pod",
                    "target": "ours",
                    "from_at": midnight,
                    "until_at": midnight + timedelta(days=1),
                }
            ],
        ),
    }
    found = {
        each["wanted_share"]: each for each in compiled.rows("devices_for_share_daily", tables)
    }
    assert found[0.1]["devices_needed"] == 5
    assert found[0.1]["devices_needed_in_cluster"] == 12
    assert found[0.1]["is_what_if"] is True
    assert found[0.1]["basis"].startswith("what if: busy throughput of 2 devices")
