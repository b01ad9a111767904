"""Plans on a small market and tier with known figures."""

from pathlib import Path
from typing import Any

import duckdb

from dashboards.planner.inputs import PlanInputs
from dashboards.planner.plan import plan_query
from dashboards.planner.verdict import PlanRow
from dashboards.query import inline

MARTS = Path(__file__).with_name("marts.sql").read_text()
# A plan with all that costs and speed need, and no target.
TYPED = {
    "model": "lab/m",
    "target": "none",
    "devices": "8",
    "device_price": "30000",
    "watts": "700",
    "idle_watts": "100",
    "tokens_per_second": "6000-10000",
    "load": "0.25",
    "prompt_share": "0.8",
    "cached_share": "0.25",
    "energy": "0.1",
    "pue": "1.5",
    "amortisation": "4",
    "other_costs": "0.5",
}


def open_marts() -> duckdb.DuckDBPyConnection:
    """Return a connection with these marts in memory."""
    con = duckdb.connect()
    con.execute("set TimeZone = 'UTC'")
    con.execute(MARTS)
    con.execute("set search_path = 'marts,main'")
    return con


def plan_rows(
    con: duckdb.DuckDBPyConnection, loads: tuple[float, ...] = (), **values: str
) -> list[PlanRow]:
    """Return the rows of a plan, given as an address gives it."""
    inputs = PlanInputs.parse({"model": "lab/m", **values})
    rows: list[PlanRow] = con.sql(inline(plan_query(inputs, loads))).pl().to_dicts()
    return rows


def plan_row(con: duckdb.DuckDBPyConnection, kind: str = "list", **values: Any) -> PlanRow:
    """Return the row of one kind of price."""
    [row] = [row for row in plan_rows(con, **values) if row["kind"] == kind]
    return row
