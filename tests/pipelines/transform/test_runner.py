"""Running of tables and checks: contracts, comments, what stands on wrong rows, what stays."""

from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path

import duckdb
import pytest

from pipelines.transform.graph import Check, ModelColumn, Node, Table
from pipelines.transform.runner import NodeResult, run_nodes
from warehouse.changes import mark_changed
from warehouse.connection import session

NUMBERS = Table(
    unique_id="model.numbers",
    parents=("source.tokentide.raw.given",),
    schema="marts",
    name="numbers",
    is_view=False,
    query="select number, label from raw.given",
    description="One row per number; it's one table.",
    columns=(
        ModelColumn("label", "text", "Its 'name'."),
        ModelColumn("number", "bigint", "A number."),
    ),
    has_contract=True,
)
DOUBLED = replace(
    NUMBERS,
    unique_id="model.doubled",
    parents=("model.numbers",),
    name="doubled",
    query="select number * 2 as number from marts.numbers",
    columns=(),
    has_contract=False,
)
SMALL = Check(
    "test.small",
    ("model.numbers",),
    "small",
    "select * from marts.numbers where number > 9",
    "error",
)
NODES: list[Node] = [NUMBERS, SMALL, DOUBLED]


@pytest.fixture
def con(tmp_path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    with session(tmp_path / "warehouse.duckdb") as con:
        con.execute("create table raw.given as select 1::bigint as number, 'one' as label")
        yield con


def run(
    con: duckdb.DuckDBPyConnection, nodes: Sequence[Node] = NODES, *, is_whole: bool = False
) -> dict[str, str]:
    return {each.node.name: each.status for each in results(con, nodes, is_whole=is_whole)}


def results(
    con: duckdb.DuckDBPyConnection, nodes: Sequence[Node], *, is_whole: bool = False
) -> list[NodeResult]:
    return list(run_nodes(con, nodes, is_whole=is_whole))


def give(con: duckdb.DuckDBPyConnection, number: int, label: str = "more") -> None:
    con.execute("insert into raw.given values (?, ?)", [number, label])
    mark_changed(con, ["raw.given"])


def test_a_table_has_the_columns_of_its_contract_and_their_comments(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """In the order of the contract, whatever the query's; comments may hold quotes."""
    assert run(con) == {"numbers": "success", "small": "pass", "doubled": "success"}
    assert con.sql("from marts.numbers").fetchall() == [("one", 1)]
    [(comment,)] = con.sql(
        "select comment from duckdb_tables() where table_name = 'numbers'"
    ).fetchall()
    assert comment == NUMBERS.description
    columns = con.sql(
        "select comment from duckdb_columns() where table_name = 'numbers' order by column_index"
    ).fetchall()
    assert columns == [("Its 'name'.",), ("A number.",)]


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ((ModelColumn("number", "integer", ""),), "number is BIGINT, and INTEGER by its contract"),
        ((ModelColumn("missing", "integer", ""),), "missing"),
    ],
)
def test_a_broken_contract_leaves_the_table_before(
    con: duckdb.DuckDBPyConnection, columns: tuple[ModelColumn, ...], message: str
) -> None:
    """The error names the column and both types; what reads the table is not made from it."""
    run(con)
    give(con, 2)
    wrong = replace(NUMBERS, columns=columns)
    found = results(con, [wrong, SMALL, DOUBLED])
    assert [each.status for each in found] == ["error", "skipped", "skipped"]
    assert message in found[0].message
    assert con.sql("from marts.numbers").fetchall() == [("one", 1)]
    assert con.sql("from marts.doubled").fetchall() == [(2,)]


def test_what_stands_on_wrong_rows_is_not_made(con: duckdb.DuckDBPyConnection) -> None:
    """The rows are kept and shown until the check holds; then all that waited is made."""
    run(con)
    give(con, 10)
    _, failed, skipped = results(con, NODES)
    assert (failed.status, failed.failures, skipped.status) == ("fail", 1, "skipped")
    assert failed.rows == ({"label": "more", "number": 10},)
    assert con.sql("from audit.small").fetchall() == [("more", 10)]
    # Nothing changed, and the rows are still wrong.
    assert run(con) == {"numbers": "unchanged", "small": "fail", "doubled": "skipped"}
    con.execute("delete from raw.given where number = 10")
    mark_changed(con, ["raw.given"])
    assert run(con) == {"numbers": "success", "small": "pass", "doubled": "unchanged"}
    assert con.sql("select * from duckdb_tables() where schema_name = 'audit'").fetchall() == []


def test_a_check_that_warns_stops_nothing_and_warns_again(con: duckdb.DuckDBPyConnection) -> None:
    """It is counted each time, so that its warning does not end with the build that found it."""
    nodes = [NUMBERS, replace(SMALL, severity="warn"), DOUBLED]
    give(con, 10)
    assert run(con, nodes) == {"numbers": "success", "small": "warn", "doubled": "success"}
    assert run(con, nodes) == {"numbers": "unchanged", "small": "warn", "doubled": "unchanged"}


def test_only_what_changed_is_made(con: duckdb.DuckDBPyConnection) -> None:
    """A table that comes out the same changes nothing; a new definition does; a whole run all."""
    run(con)
    assert set(run(con).values()) == {"unchanged"}
    con.execute("update raw.given set label = 'uno'")
    mark_changed(con, ["raw.given"])
    doubled = replace(DOUBLED, parents=("model.labelless",), query="from marts.labelless")
    labelless = replace(
        DOUBLED,
        unique_id="model.labelless",
        name="labelless",
        query="select number from marts.numbers",
    )
    nodes = [NUMBERS, SMALL, labelless, doubled]
    run(con, nodes)
    con.execute("update raw.given set label = 'eins'")
    mark_changed(con, ["raw.given"])
    assert run(con, nodes) == {
        "numbers": "success",
        "small": "pass",
        "labelless": "success",
        "doubled": "unchanged",
    }
    other = replace(doubled, query="select number + 1 as number from marts.labelless")
    assert run(con, [NUMBERS, SMALL, labelless, other])["doubled"] == "success"
    assert set(run(con, nodes, is_whole=True).values()) == {"success", "pass"}


def test_a_table_that_is_gone_is_made_again(con: duckdb.DuckDBPyConnection) -> None:
    run(con)
    con.execute("drop table marts.doubled")
    assert run(con)["doubled"] == "success"


def test_a_view_takes_the_place_of_a_table_and_back(con: duckdb.DuckDBPyConnection) -> None:
    """With the same rows; what reads a view is made again when the view's inputs change."""
    view = replace(NUMBERS, is_view=True, has_contract=False)
    run(con)
    assert run(con, [view, SMALL, DOUBLED])["numbers"] == "success"
    give(con, 3)
    assert run(con, [view, SMALL, DOUBLED])["doubled"] == "success"
    assert con.sql("from marts.doubled order by all").fetchall() == [(2,), (6,)]
    assert run(con)["numbers"] == "success"
    assert con.sql("select number from marts.numbers order by all").fetchall() == [(1,), (3,)]


def test_sql_that_cannot_run_is_an_error_with_its_message(con: duckdb.DuckDBPyConnection) -> None:
    """The build goes on with what does not need it."""
    wrong = replace(DOUBLED, query="select nothing from marts.numbers")
    alone = replace(DOUBLED, unique_id="model.alone", name="alone", parents=())
    found = results(con, [NUMBERS, wrong, alone])
    assert [each.status for each in found] == ["success", "error", "success"]
    assert "nothing" in found[1].message


def test_a_part_of_the_project_knows_what_the_rest_was_made_of(
    con: duckdb.DuckDBPyConnection,
) -> None:
    """A run of one table makes it where a run of its parents alone changed them, and only then."""
    run(con)
    assert run(con, [DOUBLED]) == {"doubled": "unchanged"}
    give(con, 4)
    assert run(con, [NUMBERS, SMALL])["numbers"] == "success"
    assert run(con, [DOUBLED]) == {"doubled": "success"}
    assert set(run(con).values()) == {"unchanged"}
