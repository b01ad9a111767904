"""Charts of the plan: bounds are bands, the plan's own load is marked, unknown has its reason."""

from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of
from support.planner.plans import TYPED, open_marts, plan_rows

from dashboards.components.theme import Theme
from dashboards.pages.plan.figures import cost_by_load, load_by_hour
from dashboards.planner.plan import CURVE

LIGHT = Theme()


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the small marts."""
    with open_marts() as opened:
        yield opened


def curve(con: duckdb.DuckDBPyConnection, **values: str) -> pl.DataFrame:
    return pl.DataFrame(plan_rows(con, CURVE, **values), infer_schema_length=None)


def test_our_cost_is_a_line_within_a_band_and_each_price_a_line(
    con: duckdb.DuckDBPyConnection,
) -> None:
    made = cost_by_load(curve(con), LIGHT)
    drawn = traces_of(made)
    assert drawn["ours, bounds"].fill == "toself"
    assert drawn["ours, what if"].x == tuple(sorted({*CURVE, 0.25}))
    assert drawn["list price"].y == pytest.approx((3.3, 3.3))
    assert drawn["cheapest host"].y == pytest.approx((1.6, 1.6))
    assert "price of most hosts" not in drawn
    assert drawn["even with cheapest host"].text == ("even at 32%",)
    assert (unit_of(made), unit_of(made, "xaxis")) == ("$/Mtok", "load: share of time busy")


def test_the_plans_own_load_is_a_point_on_the_line(con: duckdb.DuckDBPyConnection) -> None:
    rows = curve(con, load="0.305")
    point = traces_of(cost_by_load(rows, LIGHT))["ours at the plan's load"]
    own = rows.filter((pl.col("load") == 0.305) & (pl.col("kind") == "list"))
    assert (point.x, point.y) == ((0.305,), (own["local_usd"][0],))


def test_a_price_with_bounds_is_a_band_too(con: duckdb.DuckDBPyConnection) -> None:
    drawn = traces_of(cost_by_load(curve(con, **{**TYPED, "cached_share": ""}), LIGHT))
    assert drawn["list price, bounds"].y == pytest.approx((2.4, 2.4, 3.6, 3.6, 2.4))
    assert drawn["list price"].y == pytest.approx((3.6, 3.6))


def test_a_price_of_which_only_bounds_are_known_has_no_line(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = curve(con, target="bare", device_price="0", energy="0.1", pue="1")
    drawn = traces_of(cost_by_load(rows, LIGHT))
    assert "list price, bounds" in drawn
    assert "list price" not in drawn


def test_a_plan_without_a_cost_has_the_reason_in_place_of_a_line(
    con: duckdb.DuckDBPyConnection,
) -> None:
    made = cost_by_load(curve(con, target="none"), LIGHT)
    assert not made.data
    shown = made.layout.annotations[0].text.replace("<br>", " ")
    assert shown.startswith("Unknown: no number of devices is given")


def test_a_plan_without_prices_has_our_cost_alone(con: duckdb.DuckDBPyConnection) -> None:
    drawn = traces_of(cost_by_load(curve(con, **{**TYPED, "model": "lab/lost"}), LIGHT))
    assert all(name.startswith("ours") for name in drawn)


def test_hours_are_bars_and_an_unwatched_one_is_a_gap(con: duckdb.DuckDBPyConnection) -> None:
    made = load_by_hour(curve(con), LIGHT)
    drawn = traces_of(made)
    assert drawn["load"].y == (*[1.0] * 6, *[0.0] * 17, None)
    assert drawn["even with list price"].y[0] == pytest.approx(0.153, abs=1e-3)
    assert (unit_of(made), unit_of(made, "xaxis")) == ("load", "hour of the UTC day")


@pytest.mark.parametrize(("values", "load"), [({"load": "0.3"}, 0.3), ({"target": "none"}, 0.5)])
def test_one_load_is_that_of_every_hour(
    con: duckdb.DuckDBPyConnection, values: dict[str, str], load: float
) -> None:
    drawn = traces_of(load_by_hour(curve(con, **values), LIGHT))
    assert drawn["load"].y == (load,) * 24
