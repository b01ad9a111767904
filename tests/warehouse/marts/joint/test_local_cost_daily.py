"""A tier of known speed, power, load and cost beside a market of known tokens and prices: every joint figure is found again."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.compiled_sql import Marts, Row

pytestmark = pytest.mark.slow

DAY = date(2026, 6, 18)
MIDNIGHT = datetime(2026, 6, 18, tzinfo=UTC)
CHAIN = [
    "local_tokens_daily", "local_cost_daily", "local_vs_market_grains_daily", "make_or_buy_daily", "local_vs_market_daily",
    "devices_for_share_daily", "make_or_buy_sensitivity",
]  # fmt: skip
COLUMNS = {
    "marts.served_tokens_hourly": """hour_at timestamptz, target varchar, model_name varchar, prompt_tokens bigint,
        generation_tokens bigint, cached_prompt_tokens bigint, covered_seconds double, timed_seconds double, busy_seconds double,
        timed_prompt_tokens bigint, timed_generation_tokens bigint""",
    "marts.local_efficiency_hourly": """hour_at timestamptz, target varchar, model_name varchar, mean_watts double,
        power_provenance varchar""",
    "staging.stg_telemetry__targets": """target varchar, devices integer, device_kind varchar, has_cost boolean,
        capex_usd decimal(18, 4), amortisation_years double, opex_usd_per_hour decimal(18, 6), idle_watts double,
        energy_usd_per_kwh decimal(18, 6), pue double""",
    "marts.served_models": """target varchar, model_name varchar, canonical_slug varchar, model_permaslug varchar, model_id varchar,
        model_family varchar, weights_quantization varchar""",
    "marts.market_tokens_daily": """date date, model_permaslug varchar, model_family varchar, author_slug varchar, total_tokens bigint,
        is_other boolean""",
    "marts.market_days": "date date, platform_tokens bigint, cutoff_tokens bigint, is_missing boolean, is_other_missing boolean",
    "marts.model_prices_daily": """date date, model_id varchar, kind varchar, prompt_usd_per_mtok decimal(18, 9),
        completion_usd_per_mtok decimal(18, 9), cached_usd_per_mtok decimal(18, 9), price_basis varchar, provider_name varchar,
        is_free boolean""",
}

# What is planted: two devices that serve 8,000 tokens a second while busy, at 500 W each, and draw 100 W each while idle.
SPEED, BUSY_WATTS, IDLE_WATTS = 8000, 1000, 200
# One half of 0.004 USD a second is the devices' price over two years, the other runs on; a joule is 1e-7 USD.
FIXED, USD_PER_JOULE = 0.004, 1e-7
# Of ten tokens six are computed prompt tokens, two are cached ones, two are generated.
MARKET_USD = 0.6 * 2 + 0.2 * 0.5 + 0.2 * 10


def target(**more: Any) -> Row:
    row: Row = {
        "target": "ours", "devices": 2, "device_kind": "K", "has_cost": True, "capex_usd": Decimal("63115.2"), "amortisation_years": 2.0,
        "opex_usd_per_hour": Decimal("3.6"), "idle_watts": 100.0, "energy_usd_per_kwh": Decimal("0.24"), "pue": 1.5,
    }  # fmt: skip
    return {**row, **more}


def hour(
    place: int, load: float, timed: float = 3600, model: str = "m", part: float = 1
) -> tuple[Row, Row]:
    """An hour, watched for so long, at this load; the model has this part of the tokens."""
    at = {"hour_at": MIDNIGHT + timedelta(hours=place), "target": "ours", "model_name": model}
    tenth = round(part * SPEED * load * timed / 10)
    tokens = {"prompt_tokens": 8 * tenth, "generation_tokens": 2 * tenth}
    timed_tokens = {f"timed_{name}": count for name, count in tokens.items()}
    seconds = {"covered_seconds": timed, "timed_seconds": timed, "busy_seconds": load * timed}
    watts = load * BUSY_WATTS + (1 - load) * IDLE_WATTS
    return (
        {**at, **tokens, **timed_tokens, "cached_prompt_tokens": 2 * tenth, **seconds},
        {**at, "mean_watts": watts, "power_provenance": "measured"},
    )


def planted(hours: list[tuple[Row, Row]], **more: Any) -> dict[str, tuple[str, list[Row]]]:
    """These hours of ours; a market where the family has 200 G tokens, and is the second and the fourth of six listings."""
    names = {"m": "lab/m", "n": "lab/n", "lost": None}
    listings = {"x/a": 300, "lab/m-2": 150, "x/b": 100, "lab/m-1": 50, "x/c": 20, "lab/z": 2}
    asks = {"list": ("2", "10", "0.5"), "cheapest": ("1", "4", None)}
    rows: dict[str, list[Row]] = {
        "marts.served_tokens_hourly": [tokens for tokens, _ in hours],
        "marts.local_efficiency_hourly": [power for _, power in hours],
        "staging.stg_telemetry__targets": [target(**more)],
        "marts.served_models": [
            {"target": "ours", "model_name": name, "canonical_slug": slug and f"{slug}-2", "model_permaslug": slug and f"{slug}-2",
             "model_id": slug, "model_family": slug}
            for name, slug in names.items()
        ],
        "marts.market_tokens_daily": [
            {"date": DAY, "model_permaslug": slug, "model_family": slug.rsplit("-", 1)[0], "author_slug": slug.split("/")[0],
             "total_tokens": giga * 10**9, "is_other": False}
            for slug, giga in listings.items()
        ],
        "marts.market_days": [
            {"date": DAY, "platform_tokens": 1000 * 10**9, "cutoff_tokens": 2 * 10**9, "is_missing": False, "is_other_missing": False}
        ],
        "marts.model_prices_daily": [
            {"date": DAY, "model_id": "lab/m", "kind": kind, "prompt_usd_per_mtok": Decimal(prompt), "is_free": False,
             "completion_usd_per_mtok": Decimal(completion), "cached_usd_per_mtok": cached and Decimal(cached)}
            for kind, (prompt, completion, cached) in asks.items()
        ],
    }  # fmt: skip
    return {table: (columns, rows[table]) for table, columns in COLUMNS.items()}


def local_usd(load: float, energy: float = 1, years: float = 1) -> float:
    """What a million tokens cost at this load, by the planted rates."""
    fixed = FIXED / 2 + FIXED / 2 / years
    joules = load * BUSY_WATTS + (1 - load) * IDLE_WATTS
    return (fixed + energy * USD_PER_JOULE * joules) / (load * SPEED) * 1e6


def made(compiled: Marts, name: str, tables: dict[str, tuple[str, list[Row]]]) -> list[Row]:
    return compiled.rows(name, tables, through=CHAIN[: CHAIN.index(name)])


QUARTER = [hour(place, 0.25) for place in range(24)]
QUARTER_TOKENS = SPEED * 86400 // 4


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
    """Without the file's idle power, idle time draws what its hour drew: the whole costs the same, only its parts are not known apart."""
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
    """A quarter of 691 M tokens is 173 M, 0.86 thousandths of the family's 200 G there; below the cutoff only the least rank is known."""
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
    """With a thousand times the tokens, 173 G, we would come second. What the market does not show is below its cutoff, not zero."""
    large = [
        ({name: value * 1000 if "tokens" in name else value for name, value in tokens.items()}, power) for tokens, power in QUARTER
    ]  # fmt: skip
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
    """Half of our tokens are of a model that nobody there knows; they are part of the platform's row all the same."""
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
    """Our own mix there costs 3.30 USD a million; we are even where our cost at a load is as much."""
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
    """A device serves 345.6 M tokens a day: a thousandth of 200 G takes one, a tenth takes 58, all of it 579."""
    found = {
        row["wanted_share"]: row["devices_needed"]
        for row in made(compiled, "devices_for_share_daily", planted(QUARTER))
    }
    assert (found[0.001], found[0.1], found[1]) == (1, 58, 579)


def test_the_sensitivity_is_the_formula_at_each_place(compiled: Marts) -> None:
    """Dearer energy and fewer years cost more, a higher load less, each as much as the planted rates say."""
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
    """Hours that are watched in part, or not at all, lower the coverage; what is known is the load of the time that was watched."""
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
    """Cost falls with the load and with years, and rises with the price of energy; so does the load at which we are even."""
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
