"""Defects planted in a built home: each in a transaction that is undone, with the checks that fire.

A check fires where its query finds rows. Only checks that read a changed table, or a view on one,
can fire, so only those are run.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import duckdb
from support.checks.stated import read_stated

from pipelines.transform.graph import Check, Table, read_graph
from pipelines.transform.manifest import DbtManifest

# One value of each type, for the key of a row that is made up.
FILLERS = {
    "BOOLEAN": "false",
    "DATE": "date '2026-06-16'",
    "TIMESTAMP WITH TIME ZONE": "timestamptz '2026-06-18 09:00:00+00'",
    "VARCHAR": "'planted'",
}


@dataclass(frozen=True)
class Planted:
    """A defect: what it is in words, the table that it is planted in, and the SQL."""

    table: str
    words: str
    sql: str


@dataclass(frozen=True)
class Case:
    """A defect of a check, and the checks that must break with it."""

    defect: Planted
    also: tuple[str, ...] = ()
    because: str | None = None
    next: str | None = None


def usual_words(test: Mapping[str, Any]) -> str:
    """Return the usual defect of a kind of check in words."""
    kwargs = test["kwargs"]
    if test["name"] in ("unique_key", "unique"):
        return "a row twice"
    column = kwargs.get("column_name") or next(iter(kwargs["columns"]))
    return f"no `{column}`" if test["name"] == "not_null" else f"an unknown value of `{column}`"


class PlantedHome:
    """The checks of a build, and the warehouse in which defects are planted."""

    def __init__(self, con: duckdb.DuckDBPyConnection, manifest: DbtManifest) -> None:
        self.con = con
        self._stated = read_stated("defects")
        nodes = read_graph(manifest)
        self.nodes = nodes
        self.checks = {node.name: node for node in nodes if isinstance(node, Check)}
        self.tables = {node.name: node for node in nodes if isinstance(node, Table)}
        tests = [node for node in manifest["nodes"].values() if node["resource_type"] == "test"]
        self.tests = {node["alias"]: node.get("test_metadata") or {} for node in tests}
        self._attached = {node["alias"]: node.get("attached_node") for node in tests}

    def firing(self, checks: Sequence[Check] | None = None) -> set[str]:
        """Return the names of the checks that find rows."""
        return {
            check.name
            for check in (self.checks.values() if checks is None else checks)
            if self.con.sql(f"from ({check.query}) limit 1").fetchall()
        }

    def plant(self, defect: Planted) -> set[str]:
        """Return what fires after a defect was planted, and undo it."""
        table = self.tables[defect.table]
        affected = self._affected(table)
        self.con.begin()
        try:
            if table.is_view:
                self.con.execute(f"drop view {table.relation}")
                self.con.execute(f"create table {table.relation} as {table.query}")
            self.con.execute(defect.sql)
            return self.firing(
                [each for each in self.checks.values() if affected.intersection(each.parents)]
            )
        finally:
            self.con.rollback()

    def case(self, check: Check) -> Case:
        """Return the defect that is stated for a check, or the usual one of its kind."""
        stated = self._stated.get(check.name)
        if stated is None:
            return Case(self.default(check))
        defect = Planted(stated["table"], stated["words"], stated["sql"])
        also = tuple(stated.get("also", ()))
        return Case(defect, also, stated.get("because"), stated.get("next"))

    def default(self, check: Check) -> Planted:
        """Return the usual defect of a check that a table's description asks for."""
        test = self.tests[check.name]
        words, kwargs = usual_words(test), test["kwargs"]
        [table] = [
            each for each in self.tables.values() if each.unique_id == self._attached[check.name]
        ]
        if test["name"] in ("unique_key", "unique"):
            return Planted(table.name, words, self._twice(table))
        if test["name"] == "not_null":
            return Planted(table.name, words, self._row_with(table, kwargs["column_name"], "null"))
        column = kwargs.get("column_name") or next(iter(kwargs["columns"]))
        return Planted(table.name, words, self._row_with(table, column, "'planted'"))

    def _twice(self, table: Table) -> str:
        if self._is_empty(table):
            row = self._filled(table)
            return f"insert into {table.relation} by name {row} union all by name {row}"
        return f"insert into {table.relation} from {table.relation} order by all limit 1"

    def _row_with(self, table: Table, column: str, value: str) -> str:
        if self._is_empty(table):
            row = f'select * replace ({value} as "{column}") from ({self._filled(table)})'
            return f"insert into {table.relation} by name {row}"
        first = f"(select min(rowid) from {table.relation})"
        return f'update {table.relation} set "{column}" = {value} where rowid = {first}'

    def _filled(self, table: Table) -> str:
        """Return a row of made-up values that breaks no other check of its table."""
        known = self._known_values(table)
        found = self.con.execute(f"describe {table.relation}").fetchall()
        values = (
            f'{known.get(name) or FILLERS.get(kind, f"null::{kind}")} as "{name}"'
            for name, kind, *_ in found
        )
        return f"select {', '.join(values)}"

    def _known_values(self, table: Table) -> dict[str, str]:
        """Return by column a value that a check allows: words of a list, an answer that exists."""
        found = {
            "origin": "'simulated'",
            "answer_sha256": "(select max(sha256) from marts.ingest_log)",
        }
        for name, test in self.tests.items():
            if self._attached[name] != table.unique_id:
                continue
            kwargs = test["kwargs"]
            if test["name"] == "known_values":
                # Every answer of the home is of a simulated source.
                found |= {
                    key: f"'{'simulated' if 'simulated' in words else words[0]}'"
                    for key, words in kwargs["columns"].items()
                }
            if test["name"] == "accepted_values":
                found[kwargs["column_name"]] = f"'{kwargs['values'][0]}'"
        return found

    def _is_empty(self, table: Table) -> bool:
        return not self.con.sql(f"from {table.relation} limit 1").fetchall()

    def _affected(self, table: Table) -> set[str]:
        """Return the ids of a table and of the views on it."""
        found = {table.unique_id}
        for node in self.nodes:
            if isinstance(node, Table) and node.is_view and found.intersection(node.parents):
                found.add(node.unique_id)
        return found
