"""Slices of large tables: only the targets and UTC days that changed are made.

In place of the target stands the source of an answer, or the model of which hosts were sampled. A
table may be made by slices where each of its rows rests on rows of the same target and day alone;
the project says so (`meta: {slice: ...}`). It is made whole where anything else that it reads has
changed, or its SQL. A table whose rows rest on several targets or models of a day, as services do,
is made by days (`is_by_day`); its slices may have another name in place of the target.
"""

from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager

import duckdb

from pipelines.sql import read_sql
from pipelines.transform.graph import Node, Table, source_relation
from warehouse.changes import ANSWERS, ENDPOINTS, LEDGER, PRICES, REQUESTS, SPEND, slice_day

RECORD_SLICES = read_sql(__file__, "record_slices")


class Slices:
    """Slices that changed, by table."""

    def __init__(self, con: duckdb.DuckDBPyConnection, nodes: Sequence[Node], change: int) -> None:
        self._con = con
        self._change = change
        self._is_by_day = False
        con.execute("create or replace temp table touched (target varchar, day date)")
        self._sliced = {
            node.unique_id: node for node in nodes if isinstance(node, Table) and node.has_slices
        }

    def parents(self, node: Node) -> list[Table]:
        """Return the parents of a node that have slices."""
        return [self._sliced[name] for name in node.parents if name in self._sliced]

    def touch(self, node: Node, seen: int) -> int | None:
        """List the slices of the node's parents that changed after `seen` in the table `touched`.

        For a node by days they are all slices of the days of these. Return their number, or None
        where no slice that is known of any table is left out.
        """
        relations = sorted({name for parent in self.parents(node) for name in _relations(parent)})
        values = {"relations": relations, "seen": seen}
        self._con.execute(
            "create or replace temp table touched as select distinct target, day from main.slices "
            "where list_contains($relations, relation) and changed > $seen",
            values,
        )
        self._is_by_day = isinstance(node, Table) and node.is_by_day
        if self._is_by_day:
            self._con.execute(
                "create or replace temp table touched as select distinct target, day "
                "from main.slices where day in (select day from touched)"
            )
        [(touched, known)] = self._con.execute(
            "select (select count(*) from touched), count(distinct (target, day)) from main.slices"
        ).fetchall()
        return int(touched) if touched < known else None

    @contextmanager
    def restricted(self, node: Node) -> Iterator[str]:
        """Give the node's query on the touched slices of its parents."""
        query, views = node.query, []
        for parent in self.parents(node):
            view = f'"slice_{parent.name}"'
            within = self._within(parent)
            rows = f"select slice_row.* from {parent.relation} as slice_row where {within}"  # noqa: S608
            self._con.execute(f"create or replace temp view {view} as {rows}")
            query = query.replace(parent.relation, f"temp.{view}")
            views.append(view)
        yield query
        for view in views:
            self._con.execute(f"drop view temp.{view}")

    def replace(self, table: Table, names: str, query: str) -> None:
        """Replace the touched slices of a table."""
        rows = f"{table.relation} as slice_row where {self._within(table)}"
        self._con.execute(f"delete from {rows}")  # noqa: S608
        # A view's row may belong to several slices, and give a part of one that is not touched.
        made = f"select {names} from (\n{query}\n) as slice_row where {self._within(table)}"  # noqa: S608
        self._con.execute(f"insert into {table.relation} {made}")

    def record(self, table: Table, *, is_whole: bool) -> str:
        """Hash the slices that were made; return a hash of all slices of the table."""
        target, at, *_ = table.slice
        within = "true" if is_whole else self._within(table)
        day = slice_day(f'slice_row."{at}"')
        columns = f'"{target}" as target, {day} as day, sum(hash(slice_row)) as content'
        rows = f"select {columns} from {table.relation} as slice_row where {within} group by all"  # noqa: S608
        self._con.execute(f"create or replace temp table made_slices as {rows}")
        values = {"made": table.relation, "change": self._change, "is_whole": is_whole}
        self._con.execute(RECORD_SLICES, values)
        [(number, content)] = self._con.execute(
            "select count(*), sum(hash(target, day, content)) from main.slices "
            "where relation = ? and content is not null",
            [table.relation],
        ).fetchall()
        return f"{number} {content}"

    def _within(self, table: Table) -> str:
        """Return the condition that a row lies in a touched slice.

        The bounds let DuckDB skip what lies outside of all of them.
        """
        target, *instants = (f'slice_row."{name}"' for name in table.slice)
        [(first, last)] = self._con.sql("select min(day), max(day) from touched").fetchall()
        if first is None:
            return "false"
        bounds = (f"({at} >= '{first}'::date and {at} < '{last}'::date + 1)" for at in instants)
        days = ", ".join(slice_day(at) for at in instants)
        touched = f"touched.day in ({days})"
        if not self._is_by_day:
            touched = f"touched.target = {target} and {touched}"
        return f"({' or '.join(bounds)}) and exists (from touched where {touched})"


def _relations(table: Table) -> Iterable[str]:
    """Return the names under which changes of a table's slices are listed."""
    if not table.is_view:
        return [table.relation]
    return [name for parent in table.parents if (name := raw_slices(parent))]


def raw_slices(unique_id: str) -> str | None:
    """Return the name under which changes of a raw table's slices are listed, None without any."""
    name = source_relation(unique_id) or ""
    if name.startswith("ledger."):
        return LEDGER
    return name if name in (ANSWERS, ENDPOINTS, PRICES, REQUESTS, SPEND) else None
