"""Tables after any changes: those that a whole run would make."""

from collections.abc import Sequence

import duckdb
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.transform.graph import Check, Node, Table
from pipelines.transform.runner import run_nodes
from warehouse.changes import mark_changed
from warehouse.migrate import MIGRATIONS

SOURCES = ("first", "second")
# What reads what, from the sources to the last table: parents by place, and the kind.
SHAPE = st.lists(
    st.tuples(st.sets(st.integers(0, 6), min_size=1, max_size=3), st.booleans()),
    min_size=2,
    max_size=6,
)
# A change: of a source's rows, of the place of a table's SQL, or nothing; and a bound on its rows.
CHANGE = st.tuples(
    st.sampled_from(["row", "row", "delete", "sql", "drop", "nothing"]),
    st.integers(0, 5),
    st.integers(0, 4),
)


def graph(
    shape: Sequence[tuple[set[int], bool]], versions: Sequence[int], bound: int
) -> list[Node]:
    """Return tables that sum and shift what they read, and a check of the first of them."""
    nodes: list[Node] = []
    names = [f"raw.{name}" for name in SOURCES]
    ids = [f"source.tokentide.raw.{name}" for name in SOURCES]
    for place, (parents, is_view) in enumerate(shape):
        read = sorted({parent % len(names) for parent in parents})
        union = " union all ".join(f"select a from {names[parent]}" for parent in read)
        table = Table(
            unique_id=f"model.t{place}",
            parents=tuple(ids[parent] for parent in read),
            schema="marts",
            name=f"t{place}",
            is_view=is_view,
            query=f"select distinct (a + {versions[place]}) % 7 as a from ({union})",
            description="",
            columns=(),
            has_contract=False,
        )
        nodes.append(table)
        names.append(table.relation)
        ids.append(table.unique_id)
        if place == 0:
            query = f"from {table.relation} where a > {bound}"
            nodes.append(Check("test.bound", (table.unique_id,), "bound", query, "error"))
    return nodes


def contents(con: duckdb.DuckDBPyConnection, nodes: Sequence[Node]) -> dict[str, list[object]]:
    tables = [node for node in nodes if isinstance(node, Table)]
    return {node.name: con.sql(f"from {node.relation} order by all").fetchall() for node in tables}


@pytest.mark.slow
@settings(max_examples=12, deadline=None, derandomize=True)
@given(shape=SHAPE, changes=st.lists(CHANGE, max_size=8), bound=st.integers(2, 6))
def test_tables_are_those_of_a_whole_run(
    shape: list[tuple[set[int], bool]], changes: list[tuple[str, int, int]], bound: int
) -> None:
    """After rows, deletions, other SQL, lost tables, and checks that failed in between."""
    versions = [0] * len(shape)
    with duckdb.connect() as con:
        # All migrations would take longer than the test.
        con.execute("create schema raw; " + (MIGRATIONS / "0007_made.sql").read_text())
        for name in SOURCES:
            con.execute(f"create table raw.{name} as select 1 as a")
        for kind, where, value in [("nothing", 0, 0), *changes]:
            change(con, kind, where, value, versions, len(shape))
            nodes = graph(shape, versions, bound)
            found = list(run_nodes(con, nodes))
            if any(result.is_wrong for result in found):
                continue
            made = contents(con, nodes)
            assert not any(result.is_wrong for result in run_nodes(con, nodes, is_whole=True))
            assert contents(con, nodes) == made


def change(
    con: duckdb.DuckDBPyConnection,
    kind: str,
    where: int,
    value: int,
    versions: list[int],
    tables: int,
) -> None:
    source = f"raw.{SOURCES[where % len(SOURCES)]}"
    if kind == "row":
        con.execute(f"insert into {source} values ({value})")
        mark_changed(con, [source])
    elif kind == "delete":
        con.execute(f"delete from {source} where a = {value}")
        mark_changed(con, [source])
    elif kind == "sql":
        versions[where % tables] = value
    elif kind == "drop" and is_table(con, f"t{where % tables}"):
        con.execute(f"drop table marts.t{where % tables}")


def is_table(con: duckdb.DuckDBPyConnection, name: str) -> bool:
    return bool(
        con.execute("select 1 from duckdb_tables() where table_name = ?", [name]).fetchall()
    )
