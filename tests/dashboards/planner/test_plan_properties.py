"""Properties of every plan: cost falls with load, and at break-even both cost the same."""

from collections.abc import Iterator

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.planner.plans import TYPED, open_marts, plan_row, plan_rows

pytestmark = pytest.mark.slow
ANY_PLAN = settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the small marts."""
    with open_marts() as opened:
        yield opened


@ANY_PLAN
@given(
    low=st.floats(0.02, 0.98),
    more=st.floats(0.01, 1),
    watts=st.floats(0, 2000),
    idle=st.floats(0, 1),
    price=st.floats(1, 1e5),
)
def test_cost_falls_with_load(
    con: duckdb.DuckDBPyConnection,
    low: float,
    more: float,
    watts: float,
    idle: float,
    price: float,
) -> None:
    """And lies between its bounds at every load."""
    plan = {**TYPED, "watts": f"{watts}", "idle_watts": f"{idle * watts}"}
    plan |= {"device_price": f"{price}", "load": f"{low}"}
    rows = plan_rows(con, (min(low + more, 1.0),), **plan)
    before, after = [row for row in rows if row["kind"] == "list"]
    assert before["local_usd"] > after["local_usd"]
    for row in rows:
        assert row["local_low"] <= row["local_usd"] <= row["local_high"]


@ANY_PLAN
@given(
    speed=st.floats(100, 1e5),
    price=st.floats(0, 1e5),
    watts=st.floats(0, 5000),
    share=st.floats(0, 1),
    cached=st.none() | st.floats(0, 1),
)
def test_at_the_load_of_break_even_both_cost_the_same(
    con: duckdb.DuckDBPyConnection,
    speed: float,
    price: float,
    watts: float,
    share: float,
    cached: float | None,
) -> None:
    """Below it buying is cheaper, above it making; its bounds are on both sides of it."""
    plan = {**TYPED, "tokens_per_second": f"{speed}", "device_price": f"{price}"}
    plan |= {"watts": f"{watts}", "idle_watts": "", "prompt_share": f"{share}"}
    plan |= {"cached_share": "" if cached is None else f"{cached}"}
    even = plan_row(con, **plan)["break_even_load"]
    if even is None:
        always = plan_row(con, **{**plan, "load": "1"})
        assert always["saving_usd_per_month"] < 0
        return
    row = plan_row(con, **{**plan, "load": f"{even}"})
    assert row["local_usd"] == pytest.approx(row["market_usd"])
    assert row["saving_usd_per_month"] == pytest.approx(0, abs=1e-6 * row["local_usd_per_month"])
    assert row["break_even_load_low"] <= even * (1 + 1e-9)
    assert (row["break_even_load_high"] or 2) >= even * (1 - 1e-9)
    assert row["is_local_cheaper"] is None
    below = plan_row(con, **{**plan, "load": f"{even * 0.9}"})
    assert below["saving_usd_per_month"] < 0
