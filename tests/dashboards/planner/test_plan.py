"""Figures of a plan: those of the marts where all is measured, and what follows from each input."""

from collections.abc import Iterator
from decimal import Decimal

import duckdb
import pytest
from support.planner.plans import TYPED, open_marts, plan_row, plan_rows

from dashboards.generations import OpenGeneration
from dashboards.planner.inputs import PlanInputs
from dashboards.planner.plan import CURVE, plan_query
from dashboards.query import Query

# A month of 730.5 hours.
MONTH = 2_629_800
# Of ten tokens six are computed prompt tokens, two are cached ones, two are generated.
LIST_USD, CHEAPEST_USD = 0.6 * 2 + 0.2 * 0.5 + 0.2 * 10, 0.8 * 1 + 0.2 * 4
SAME = {
    "local_usd": "local_usd_per_mtok",
    "market_usd": "market_usd_per_mtok",
    "market_low": "market_usd_per_mtok_low",
    "market_high": "market_usd_per_mtok_high",
    "break_even_load": "break_even_load",
    "break_even_load_unbounded": "break_even_load_unbounded",
    "load": "busy_share",
    "capacity": "capacity_tokens_per_second",
    "fixed": "fixed_usd_per_second",
    "busy": "busy_energy_usd_per_second",
    "idle": "idle_energy_usd_per_second",
    "model_id": "model_id",
    "provider_name": "provider_name",
}


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the small marts."""
    with open_marts() as opened:
        yield opened


def local_usd(fixed: float, busy: float, idle: float, load: float, speed: float) -> float:
    """Return USD per million tokens, as docs/market-and-metal.md has it."""
    return (fixed + load * busy + (1 - load) * idle) / (load * speed) * 1e6


@pytest.mark.slow
def test_measured_figures_are_those_of_make_or_buy_daily(generation: OpenGeneration) -> None:
    """Every day, family, target and kind of price of a whole home."""
    mart = Query("from make_or_buy_daily order by date, target, model_family", is_verbatim=True)
    rows = generation.frame(mart).to_dicts()
    assert len(rows) > 15
    for row in rows:
        inputs = PlanInputs.parse(
            {"model": row["model_family"], "target": row["target"], "date": str(row["date"])}
        )
        planned = generation.frame(plan_query(inputs)).to_dicts()
        [plan] = [each for each in planned if each["kind"] == row["kind"]]
        assert plan["measured_date"] == plan["price_date"] == row["date"]
        for name, column in SAME.items():
            found = row[column]
            if isinstance(found, float | Decimal):
                assert plan[name] == pytest.approx(float(found), rel=1e-5), name
            else:
                assert plan[name] == found, name


def test_without_anything_given_the_target_that_serves_the_family_counts(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Its newest day, the prices of the newest day, and its own mix of tokens."""
    row = plan_row(con)
    assert (row["target"], str(row["measured_date"]), row["load"]) == ("ours", "2026-06-18", 0.25)
    assert row["local_usd"] == pytest.approx(local_usd(0.004, 1e-4, 2e-5, 0.25, 8000))
    assert row["market_usd"] == row["market_low"] == row["market_high"]
    assert row["market_usd"] == pytest.approx(LIST_USD)
    cheapest = plan_row(con, "cheapest")
    assert cheapest["market_usd"] == pytest.approx(CHEAPEST_USD)
    assert cheapest["provider_name"] == "Cheap"


def test_the_slowest_and_the_fastest_day_bound_a_measured_speed(
    con: duckdb.DuckDBPyConnection,
) -> None:
    row = plan_row(con)
    assert (row["capacity_low"], row["capacity"], row["capacity_high"]) == (6000, 8000, 8000)
    assert row["local_low"] == row["local_usd"]
    assert row["local_high"] == pytest.approx(row["local_usd"] * 8 / 6)


def test_a_day_has_its_own_figures(con: duckdb.DuckDBPyConnection) -> None:
    row = plan_row(con, date="2026-06-17")
    assert (row["capacity"], row["market_usd"]) == (6000, pytest.approx(2 * LIST_USD))


def test_of_a_service_the_rates_are_those_of_a_mean_replica(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Each replica can be planned with, too."""
    speeds = [plan_row(con, target=who)["capacity"] for who in ("fleet", "fleet-1", "fleet-2")]
    assert speeds == [6000, 8000, 4000]


def test_more_devices_are_faster_and_cost_more(con: duckdb.DuckDBPyConnection) -> None:
    """In proportion, so that a token costs the same."""
    before, after = plan_row(con), plan_row(con, devices="6")
    assert (after["capacity"], after["capex"]) == (24000, pytest.approx(3 * before["capex"]))
    assert after["local_usd"] == pytest.approx(before["local_usd"])
    assert after["local_usd_per_month"] == pytest.approx(3 * before["local_usd_per_month"])


def test_a_typed_plan_needs_no_target(con: duckdb.DuckDBPyConnection) -> None:
    """Eight devices at 30,000 USD over four years, 0.5 USD an hour each, 700 W and 100 W."""
    row = plan_row(con, **TYPED)
    fixed = 8 * (30000 / (4 * 8766) + 0.5) / 3600
    busy, idle = (8 * watts * 1.5 * 0.1 / 3.6e6 for watts in (700, 100))
    assert row["target"] is None
    assert row["local_usd"] == pytest.approx(local_usd(fixed, busy, idle, 0.25, 8000))
    assert row["local_low"] == pytest.approx(local_usd(fixed, busy, idle, 0.25, 10000))
    assert row["local_high"] == pytest.approx(local_usd(fixed, busy, idle, 0.25, 6000))
    assert row["market_usd"] == pytest.approx(LIST_USD)
    assert row["tokens_per_month"] == pytest.approx(0.25 * 8000 * MONTH)
    assert row["market_usd_per_month"] == pytest.approx(0.25 * 8000 * MONTH * LIST_USD / 1e6)
    assert row["local_usd_per_month"] == pytest.approx((fixed + 0.25 * busy + 0.75 * idle) * MONTH)


def test_idle_power_that_nobody_states_lies_between_none_and_that_of_busy_time(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rated = plan_row(con, **{**TYPED, "idle_watts": ""})
    none = plan_row(con, **{**TYPED, "idle_watts": "0"})
    full = plan_row(con, **{**TYPED, "idle_watts": "700"})
    assert rated["local_usd"] == pytest.approx(full["local_usd"])
    assert rated["local_low"] == pytest.approx(none["local_low"])


def test_cached_tokens_that_nobody_counts_leave_a_range(con: duckdb.DuckDBPyConnection) -> None:
    """A target that does not count them leaves the price unknown, as in the mart."""
    assumed = plan_row(con, **{**TYPED, "cached_share": ""})
    none, every = (plan_row(con, **{**TYPED, "cached_share": part}) for part in ("0", "1"))
    assert assumed["market_usd"] == assumed["market_high"] == pytest.approx(none["market_usd"])
    assert assumed["market_low"] == pytest.approx(every["market_usd"])
    bare = plan_row(con, target="bare", device_price="100", other_costs="0", amortisation="2")
    assert (bare["market_usd"], bare["saving_usd_per_month"]) == (None, None)
    assert bare["price_reason"] == "the share of cached tokens is not known"
    assert bare["market_low"] < bare["market_high"]


def test_a_target_without_costs_is_planned_with_those_that_are_given(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """Its watts are known, so energy costs what its price is."""
    assert plan_row(con, target="bare")["cost_reason"] == "no price of a device is given"
    row = plan_row(con, target="bare", device_price="1000", energy="0.2", pue="1")
    assert row["cost_reason"] is None
    assert (row["busy_watts"], row["idle_watts"]) == (pytest.approx(1000), pytest.approx(200))


def test_a_target_whose_devices_changed_costs_what_it_cost(con: duckdb.DuckDBPyConnection) -> None:
    """As in the mart; but its figures do not hold for another number of devices."""
    assert plan_row(con, target="changed")["local_usd"] == plan_row(con)["local_usd"]
    other = plan_row(con, target="changed", devices="4")
    assert (other["local_usd"], other["capacity"]) == (None, None)
    assert other["cost_reason"] == (
        "how many devices the target had is not known, so its figures do not hold for another "
        "number"
    )


def test_a_speed_of_another_model_or_device_is_assumed(con: duckdb.DuckDBPyConnection) -> None:
    """It may be a quarter lower or higher."""
    other = plan_row(con, model="lab/n", target="ours")
    assert other["is_same_family"] is False
    assert (other["capacity_low"], other["capacity_high"]) == (4500, 10000)
    preset = plan_row(con, preset="h100", devices="2")
    assert (preset["capacity_low"], preset["capacity_high"]) == (4500, 10000)


def test_an_unknown_price_is_null_with_its_reason(con: duckdb.DuckDBPyConnection) -> None:
    modal = plan_row(con, "modal")
    assert (modal["market_usd"], modal["market_usd_per_month"]) == (None, None)
    assert modal["price_reason"] == "no modal price on 2026-06-18"
    assert modal["break_even_reason"] == modal["price_reason"]
    lost = plan_row(con, **{**TYPED, "model": "lab/lost"})
    assert lost["price_reason"] == "the catalogue has no entry of this family"
    assert lost["local_usd"] is not None


def test_an_unknown_cost_is_null_with_every_reason(con: duckdb.DuckDBPyConnection) -> None:
    row = plan_row(con, target="none")
    assert (row["local_usd"], row["break_even_load"], row["local_usd_per_month"]) == (None,) * 3
    assert row["cost_reason"] == (
        "no number of devices is given; no tokens a second are given, and no target has measured "
        "them; no price of a device is given"
    )


def test_a_home_without_any_figure_still_answers_with_reasons() -> None:
    with open_marts() as empty:
        for (table,) in empty.sql("select table_name from duckdb_tables()").fetchall():
            empty.execute(f"delete from {table}")
        rows = plan_rows(empty, load="0.5")
    assert [row["kind"] for row in rows] == ["list", "cheapest", "modal"]
    assert {row["price_reason"] for row in rows} == {"the catalogue has no entry of this family"}
    assert all(row["cost_reason"].startswith("no number of devices") for row in rows)


def test_a_load_of_zero_has_no_cost_of_a_token(con: duckdb.DuckDBPyConnection) -> None:
    """The devices cost the same all the same."""
    row = plan_row(con, load="0")
    assert (row["local_usd"], row["cost_reason"]) == (None, "no tokens at a load of zero")
    assert row["local_usd_per_month"] == pytest.approx((0.004 + 2e-5) * MONTH)


def test_the_entry_of_a_family_is_the_paid_one_with_most_tokens(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """One that left the top of the ranking is still found."""
    assert plan_row(con, model="lab/n")["model_id"] == "lab/n-large"
    free = plan_row(con, **{**TYPED, "model": "lab/dear"})
    assert (free["model_id"], free["break_even_reason"]) == ("lab/dear", "the market asks nothing")


def test_the_load_by_hour_is_the_days_own_or_the_one_that_is_given(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """An hour that nobody watched has none."""
    assert plan_row(con)["hourly_loads"] == [*[1.0] * 6, *[0.0] * 17, None]
    hours = [hour / 24 for hour in range(24)]
    row = plan_row(con, load=",".join(map(str, hours)))
    assert row["hourly_loads"] == pytest.approx(hours)
    assert row["load"] == pytest.approx(sum(hours) / 24)


def test_the_curve_has_the_plans_own_load_too(con: duckdb.DuckDBPyConnection) -> None:
    rows = [row for row in plan_rows(con, CURVE, load="0.305") if row["kind"] == "list"]
    loads = [row["load"] for row in rows]
    assert loads == sorted({*CURVE, 0.305})
    [own] = [row for row in rows if row["load"] == row["plan_load"]]
    assert own["local_usd"] == plan_row(con, load="0.305")["local_usd"]
