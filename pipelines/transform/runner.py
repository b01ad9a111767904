"""The project's compiled SQL, run on one connection: each table made, each check counted.

dbt compiles the project, and its own runner gives the same rows, but takes 0.1 to 0.3 CPU seconds
for each of 300 nodes, whatever they hold (docs/decisions/0029-dbt-compiles-we-run.md).
"""

import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Literal

import duckdb

from pipelines.sql import quote_text, read_sql
from pipelines.transform.graph import Check, Node, Table
from pipelines.transform.made import Made
from pipelines.transform.slices import Slices
from warehouse.connection import transaction

RELATIONS = read_sql(__file__, "relations")
MAX_SHOWN = 5

NodeStatus = Literal["success", "pass", "unchanged", "warn", "error", "fail", "skipped"]
"""unchanged: a table whose inputs are those that it was made from, or a check that held on them."""
Row = dict[str, Any]


@dataclass(frozen=True)
class NodeResult:
    """A node that ended. A check that failed has the number of wrong rows and the first of them."""

    node: Node
    status: NodeStatus
    message: str = ""
    failures: int = 0
    rows: tuple[Row, ...] = ()
    seconds: float = 0.0

    @property
    def is_wrong(self) -> bool:
        """Tell whether what reads the node's tables must not be made."""
        return self.status in ("error", "fail", "skipped")


def run_nodes(
    con: duckdb.DuckDBPyConnection, nodes: Sequence[Node], *, is_whole: bool = False
) -> Iterator[NodeResult]:
    """Make and check each node in its turn, each in a transaction, and yield how it ended.

    Only those whose inputs changed are made, unless the run `is_whole`. What reads a table that
    could not be made, or that a check found wrong, is skipped.
    """
    for schema in sorted({node.schema for node in nodes if isinstance(node, Table)} | {"audit"}):
        con.execute(f'create schema if not exists "{schema}"')
    kinds: dict[str, str] = dict(con.sql(RELATIONS).fetchall())
    types = _type_names(con, nodes)
    made = Made(con, nodes, is_whole=is_whole)
    wrong: set[str] = set()
    for node in nodes:
        started = time.perf_counter()
        result = (
            _result(con, node, kinds.get(node.relation), types, made)
            if wrong.isdisjoint(node.parents)
            else NodeResult(node, "skipped")
        )
        if result.is_wrong:
            wrong |= {node.unique_id, *(node.parents if isinstance(node, Check) else ())}
        yield replace(result, seconds=time.perf_counter() - started)
    made.flush()


def stale_tables(con: duckdb.DuckDBPyConnection, nodes: Sequence[Node]) -> list[str]:
    """Return the names of tables that a build would make now; none right after one."""
    made = Made(con, nodes)
    found = [(node, made.is_current(node, made.inputs(node))) for node in nodes]
    return [node.name for node, is_current in found if isinstance(node, Table) and not is_current]


def _result(
    con: duckdb.DuckDBPyConnection,
    node: Node,
    kind: str | None,
    types: Mapping[str, str],
    made: Made,
) -> NodeResult:
    inputs = made.inputs(node)
    if made.is_current(node, inputs) and (isinstance(node, Check) or kind):
        return NodeResult(node, "unchanged")
    try:
        with transaction(con):
            seen = made.seen(node, inputs) if kind or isinstance(node, Check) else None
            if isinstance(node, Check):
                result = _checked(con, node, made, seen, is_kept=kind is not None)
                # One that only warns is checked each time, so that its warning is seen each time.
                if result.status == "pass":
                    made.record(node, inputs)
                else:
                    made.forget(node)
                return result
            if seen is not None and made.slices.touch(node, seen) is not None:
                _make_slices(con, node, made.slices)
                made.record(node, inputs, is_whole=False)
                return NodeResult(node, "success")
            if problem := _make(con, node, kind, types):
                raise duckdb.InvalidInputException(problem)
            made.record(node, inputs)
            return NodeResult(node, "success")
    except duckdb.Error as error:
        return NodeResult(node, "error", str(error))


def _make(
    con: duckdb.DuckDBPyConnection, table: Table, kind: str | None, types: Mapping[str, str]
) -> str | None:
    """Make a table with its comments. Return how its columns differ from its contract, if so."""
    new_kind = "view" if table.is_view else "table"
    if kind not in (None, new_kind):
        con.execute(f"drop {kind} {table.relation}")
    names = ", ".join(f'"{column.name}"' for column in table.columns) if table.has_contract else "*"
    query = f"select {names} from (\n{table.query}\n)"  # noqa: S608
    con.execute(f"create or replace {new_kind} {table.relation} as {query}")
    comments = [f"comment on {new_kind} {table.relation} is {quote_text(table.description)}"]
    comments += [
        f'comment on column {table.relation}."{column.name}" is {quote_text(column.description)}'
        for column in table.columns
    ]
    con.execute(";\n".join(comments))
    if not table.has_contract:
        return None
    found = {name: kind for name, kind, *_ in con.execute(f"describe {table.relation}").fetchall()}
    differences = [
        f"{column.name} is {found[column.name]}, and {types[column.type]} by its contract"
        for column in table.columns
        if column.type and found[column.name] != types[column.type]
    ]
    return "; ".join(differences)


def _make_slices(con: duckdb.DuckDBPyConnection, table: Table, slices: Slices) -> None:
    """Make the touched slices of a table; its columns are those of its contract already."""
    names = ", ".join(f'"{column.name}"' for column in table.columns) if table.has_contract else "*"
    with slices.restricted(table) as query:
        slices.replace(table, names, query)


def _checked(
    con: duckdb.DuckDBPyConnection, check: Check, made: Made, seen: int | None, *, is_kept: bool
) -> NodeResult:
    """Count the rows that a check finds wrong; they are kept in the schema audit.

    One that held before and looks at single rows is counted on the slices that changed since.
    """
    if seen is not None and made.slices.touch(check, seen) is not None:
        with made.slices.restricted(check) as query:
            return _counted(con, replace(check, query=query), is_kept=is_kept)
    return _counted(con, check, is_kept=is_kept)


def _counted(con: duckdb.DuckDBPyConnection, check: Check, *, is_kept: bool) -> NodeResult:
    [(failures,)] = con.execute(f"select count(*) from (\n{check.query}\n)").fetchall()  # noqa: S608
    if is_kept:
        con.execute(f"drop table {check.relation}")
    if not failures:
        return NodeResult(check, "pass")
    con.execute(f"create table {check.relation} as\n{check.query}")
    rows = con.sql(f"from {check.relation} limit {MAX_SHOWN}").pl().to_dicts()
    status: NodeStatus = "warn" if check.severity == "warn" else "fail"
    return NodeResult(check, status, failures=failures, rows=tuple(rows))


def _type_names(con: duckdb.DuckDBPyConnection, nodes: Sequence[Node]) -> dict[str, str]:
    """Return DuckDB's own name of each type in a contract, which may be an alias."""
    tables = (node for node in nodes if isinstance(node, Table) and node.has_contract)
    types = sorted({column.type for table in tables for column in table.columns if column.type})
    if not types:
        return {}
    listed = ", ".join(f"typeof(null::{name})" for name in types)
    [names] = con.execute(f"select {listed}").fetchall()
    return dict(zip(types, names, strict=True))
