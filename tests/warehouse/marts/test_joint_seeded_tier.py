"""A tier and a market of known figures: every joint figure is found again."""

from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.marts.compiled_sql import Marts
from support.marts.seeded_tier import (
    BUSY_WATTS,
    FIXED,
    IDLE_WATTS,
    MARKET_USD,
    QUARTER,
    QUARTER_TOKENS,
    SPEED,
    hour,
    local_usd,
    made,
    planted,
)

pytestmark = pytest.mark.slow


def test_speed_load_power_and_cost_are_found_again(compiled: Marts) -> None:
    """Also where two models share the devices: the target costs what it costs."""
    two = [
        hour(place, 0.25, model=model, part=part)
        for place in range(24)
        for model, part in (("m", 0.75), ("n", 0.25))
    ]
    for hours in (QUARTER, two):
        [row] = made(compiled, "local_cost_daily", planted(hours))
        assert row["capacity_tokens_per_second"] == pytest.approx(SPEED)
        assert (row["busy_share"], row["covered_share"]) == pytest.approx((0.25, 1))
        assert (row["busy_watts"], row["idle_watts"]) == pytest.approx((BUSY_WATTS, IDLE_WATTS))
        assert float(row["fixed_usd_per_second"]) == pytest.approx(FIXED)
        assert float(row["usd_per_mtok"]) == pytest.approx(local_usd(0.25))
        assert float(row["usd_per_mtok_without_idle"]) == pytest.approx(local_usd(1))
        assert row["power_basis"] == "measured; idle as the tier file says"


def test_where_idle_power_comes_from_is_said(compiled: Marts) -> None:
    """Without idle power in the file, idle time draws what its hour drew."""
    [row] = made(compiled, "local_cost_daily", planted(QUARTER, idle_watts=None))
    assert float(row["usd_per_mtok"]) == pytest.approx(local_usd(0.25))
    assert (row["busy_watts"], row["idle_watts"]) == pytest.approx((400, 400))
    assert row["power_basis"] == "measured; idle as the mean of its hour"
    rated = [
        (tokens, {**power, "mean_watts": 1400.0, "power_provenance": "rated"})
        for tokens, power in QUARTER
    ]
    [row] = made(compiled, "local_cost_daily", planted(rated))
    assert (row["busy_watts"], row["idle_watts"], row["power_basis"]) == (
        1400,
        200,
        "rated; idle as the tier file says",
    )
    [row] = made(compiled, "local_cost_daily", planted(rated, idle_watts=None))
    assert (row["busy_watts"], row["idle_watts"], row["power_basis"]) == (
        1400,
        1400,
        "rated; idle at the rating too",
    )


def test_an_hour_without_power_leaves_the_cost_of_the_day_unknown(compiled: Marts) -> None:
    """The speed stays known, and how many hours were short is said."""
    dark = [
        (tokens, {**power, "mean_watts": None}) if place == 3 else (tokens, power)
        for place, (tokens, power) in enumerate(QUARTER)
    ]
    [row] = made(compiled, "local_cost_daily", planted(dark))
    assert row["capacity_tokens_per_second"] == pytest.approx(SPEED)
    assert (row["usd_per_mtok"], row["busy_energy_usd_per_second"], row["power_basis"]) == (
        None,
        None,
        None,
    )
    assert row["reason"] == "power is known of 23 of 24 hours"
    bought = {row["kind"]: row for row in made(compiled, "make_or_buy_daily", planted(dark))}[
        "list"
    ]
    assert (bought["break_even_load"], bought["break_even_reason"]) == (
        None,
        "power is known of 23 of 24 hours",
    )
    assert float(bought["market_usd_per_mtok"]) == pytest.approx(MARKET_USD)


def test_our_share_and_the_rank_we_would_have(compiled: Marts) -> None:
    """A quarter of 691 M tokens is 173 M, 0.86 thousandths of the family's 200 G there.

    Below the cutoff only the least rank is known.
    """
    [row] = made(compiled, "local_vs_market_daily", planted(QUARTER))
    assert (row["local_tokens"], row["market_tokens"]) == (QUARTER_TOKENS, 200 * 10**9)
    assert row["local_to_market"] == pytest.approx(0.864e-3)
    assert row["local_share"] == pytest.approx(0.864e-3 / 1.000864)
    assert (row["would_rank"], row["would_rank_at_least"]) == (None, 7)
    assert row["local_capacity_tokens"] == SPEED * 86400
    assert row["days_of_capacity_per_market_day"] == pytest.approx(200e9 / (SPEED * 86400))
    assert (float(row["market_usd_per_mtok_low"]), float(row["market_usd_per_mtok_high"])) == (
        0.5,
        10,
    )
    assert row["reason"] is None


def test_above_the_cutoff_the_rank_is_known(compiled: Marts) -> None:
    """With a thousand times the tokens, 173 G, we would come second.

    What the market does not show is below its cutoff, not zero.
    """
    large = [
        (
            {name: value * 1000 if "tokens" in name else value for name, value in tokens.items()},
            power,
        )
        for tokens, power in QUARTER
    ]
    [row] = made(compiled, "local_vs_market_daily", planted(large))
    assert row["would_rank"] == 2
    other = [
        ({**tokens, "model_name": "n"}, {**power, "model_name": "n"}) for tokens, power in QUARTER
    ]
    [row] = made(compiled, "local_vs_market_daily", planted(other))
    assert (row["market_tokens"], row["local_to_market"], row["market_is_below_cutoff"]) == (
        None,
        None,
        True,
    )
    assert row["reason"] == "below the cutoff of the day"


def test_what_is_not_found_in_the_market_stays_in_every_grain(compiled: Marts) -> None:
    """Half of our tokens are of a model that nobody there knows.

    They are part of the platform's row all the same.
    """
    hours = [
        hour(place, 0.25, model=model, part=0.5) for place in range(24) for model in ("m", "lost")
    ]
    rows = made(compiled, "local_vs_market_grains_daily", planted(hours))
    found = {(row["grain"], row["member"]): row for row in rows if row["target"] == "ours"}
    for grain, member, market in (
        ("model", "lab/m-2", 150),
        ("family", "lab/m", 200),
        ("author", "lab", 202),
    ):
        assert found[grain, member]["local_to_market"] * market * 10**9 == pytest.approx(
            QUARTER_TOKENS / 2
        )
        assert found[grain, "unresolved"]["local_tokens"] == QUARTER_TOKENS // 2
    assert found["platform", "platform"]["local_to_market"] * 1000 * 10**9 == pytest.approx(
        QUARTER_TOKENS
    )


def test_where_our_cost_crosses_the_markets(compiled: Marts) -> None:
    """Our own mix there costs 3.30 USD a million.

    We are even where our cost at a load is as much.
    """
    rows = {row["kind"]: row for row in made(compiled, "make_or_buy_daily", planted(QUARTER))}
    assert float(rows["list"]["market_usd_per_mtok"]) == pytest.approx(MARKET_USD)
    assert local_usd(rows["list"]["break_even_load"]) == pytest.approx(MARKET_USD)
    assert rows["list"]["is_local_cheaper"] is True
    assert float(rows["list"]["saving_usd"]) == pytest.approx(
        (MARKET_USD - local_usd(0.25)) * QUARTER_TOKENS / 1e6
    )
    assert float(rows["cheapest"]["market_usd_per_mtok"]) == pytest.approx(0.8 * 1 + 0.2 * 4)
    assert rows["cheapest"]["is_local_cheaper"] is False
    assert rows["cheapest"]["break_even_load"] > 0.25
    assert rows["modal"]["reason"] == "no modal price of this day"


def test_devices_that_a_share_would_take(compiled: Marts) -> None:
    """A device serves 345.6 M tokens a day: of 200 G a thousandth takes one, all takes 579."""
    found = {
        row["wanted_share"]: row["devices_needed"]
        for row in made(compiled, "devices_for_share_daily", planted(QUARTER))
    }
    assert (found[0.001], found[0.1], found[1]) == (1, 58, 579)


def test_the_sensitivity_is_the_formula_at_each_place(compiled: Marts) -> None:
    """Dearer energy and fewer years cost more, a higher load less, by the seeded rates."""
    rows = made(compiled, "make_or_buy_sensitivity", planted(QUARTER))
    assert len(rows) == 2 * 3 * 3 * 5
    for row in rows:
        usd = local_usd(row["load"], row["energy_factor"], row["amortisation_factor"])
        assert float(row["local_usd_per_mtok"]) == pytest.approx(usd)
        assert row["is_local_cheaper"] == (usd <= float(row["market_usd_per_mtok"]))
        if row["break_even_load"] is not None:
            even = local_usd(
                row["break_even_load"], row["energy_factor"], row["amortisation_factor"]
            )
            assert even == pytest.approx(float(row["market_usd_per_mtok"]))


@settings(max_examples=15, deadline=None)
@given(
    loads=st.lists(st.integers(1, 10).map(lambda tenths: tenths / 10), min_size=1, max_size=24),
    watched=st.lists(st.integers(1, 6).map(lambda tens: 600.0 * tens), min_size=24, max_size=24),
)
def test_whatever_the_load_the_cost_is_that_of_its_mean(
    compiled: Marts, loads: list[float], watched: list[float]
) -> None:
    """Hours that are watched in part, or not at all, lower the coverage.

    What is known is the load of the time that was watched.
    """
    hours = [hour(place, load, timed=watched[place]) for place, load in enumerate(loads)]
    [row] = made(compiled, "local_cost_daily", planted(hours))
    seconds = sum(watched[: len(loads)])
    mean = sum(load * seconds for load, seconds in zip(loads, watched, strict=False)) / seconds
    assert row["covered_share"] == pytest.approx(seconds / 86400)
    assert row["busy_share"] == pytest.approx(mean)
    assert row["capacity_tokens_per_second"] == pytest.approx(SPEED)
    assert float(row["usd_per_mtok"]) == pytest.approx(local_usd(mean))
    assert float(row["usd_per_mtok_without_idle"]) == pytest.approx(local_usd(1))


@settings(max_examples=15, deadline=None)
@given(
    busy=st.integers(201, 2000),
    usd_per_kwh=st.integers(0, 200),
    capex=st.integers(0, 500_000),
    load=st.integers(1, 20).map(lambda n: n / 20),
)
def test_the_sensitivity_moves_one_way(
    compiled: Marts, busy: int, usd_per_kwh: int, capex: int, load: float
) -> None:
    """Cost falls with the load and with years, and rises with the price of energy.

    So does the load at which we are even.
    """
    watts = load * busy + (1 - load) * IDLE_WATTS
    hours = [
        (tokens, {**power, "mean_watts": watts})
        for tokens, power in (hour(place, load) for place in range(24))
    ]
    tables = planted(hours, energy_usd_per_kwh=Decimal(usd_per_kwh) / 100, capex_usd=Decimal(capex))
    rows = {
        (row["energy_factor"], row["amortisation_factor"], row["load"]): row
        for row in made(compiled, "make_or_buy_sensitivity", tables)
        if row["kind"] == "list"
    }

    def usd(energy: float, years: float, at: float) -> tuple[Decimal, float]:
        row = rows[energy, years, at]
        even = row["break_even_load"]
        return row["local_usd_per_mtok"], 2.0 if even is None else even * (1 - 1e-9)

    for one, more in pairwise((0.5, 1.0, 2.0)):
        for other in (0.5, 1.0, 2.0):
            assert all(
                less <= most * (1 + 1e-9)
                for less, most in pairs(usd(one, other, 0.5), usd(more, other, 0.5))
            )
            assert all(
                less <= most * (1 + 1e-9)
                for less, most in pairs(usd(other, more, 0.5), usd(other, one, 0.5))
            )
    for one, more in pairwise((0.1, 0.25, 0.5, 0.75, 1.0)):
        assert usd(1.0, 1.0, more)[0] <= usd(1.0, 1.0, one)[0]


def pairs(less: tuple[Decimal, float], most: tuple[Decimal, float]) -> list[tuple[float, float]]:
    return [(float(one), float(other)) for one, other in zip(less, most, strict=True)]
