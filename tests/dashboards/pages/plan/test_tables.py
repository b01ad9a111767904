"""Words and tables of the plan: the sentence, the tiles, the prices and every input."""

from collections.abc import Iterator

import duckdb
import polars as pl
import pytest
from support.dashboard.components import find_all, rows_of, text_of, tiles_of
from support.planner.plans import open_marts, plan_rows

from dashboards.components.theme import Theme
from dashboards.pages.plan.tables import inputs, prices, verdict
from dashboards.planner.verdict import judge, list_inputs


@pytest.fixture(scope="module")
def con() -> Iterator[duckdb.DuckDBPyConnection]:
    """Yield a connection to the small marts."""
    with open_marts() as opened:
        yield opened


def frame(con: duckdb.DuckDBPyConnection, **values: str) -> pl.DataFrame:
    return pl.DataFrame(plan_rows(con, **values))


def test_the_verdict_is_a_sentence_and_a_tile_for_each_price(
    con: duckdb.DuckDBPyConnection,
) -> None:
    rows = frame(con)
    made = verdict(rows, Theme())
    assert text_of(find_all(made, "P")[0]) == judge(rows.to_dicts()).sentence
    tiles = tiles_of(made)
    assert tiles["Ours"] == ("$2.02", "$2.02 to $2.69; what if, at a load of 25%")
    assert tiles["Cheapest host"] == ("$1.60", "even at a load of 32% (32% to 42%)")
    assert tiles["Price of most hosts"][0] == "unknown: no modal price on 2026-06-18"


def test_an_unknown_cost_has_its_reason_in_the_tile(con: duckdb.DuckDBPyConnection) -> None:
    value, note = tiles_of(verdict(frame(con, target="none"), Theme()))["Ours"]
    assert value == "unknown"
    assert note.startswith("no number of devices is given")


def test_each_price_is_a_row_beside_our_cost(con: duckdb.DuckDBPyConnection) -> None:
    rows = rows_of(prices(frame(con)))
    assert [row[0] for row in rows] == ["list price", "cheapest host", "price of most hosts"]
    assert rows[1][1:4] == [
        "$2.02 ($2.02 to $2.69)",
        "$1.60, Cheap, 2026-06-18",
        "32% (32% to 42%)",
    ]
    assert rows[2][5:] == ["unknown", "unknown"]


def test_the_table_has_every_input(con: duckdb.DuckDBPyConnection) -> None:
    rows = frame(con, preset="h100")
    listed = list_inputs(rows.row(0, named=True))
    assert rows_of(inputs(rows)) == [[each.name, each.value, each.basis] for each in listed]
