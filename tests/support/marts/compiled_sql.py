"""The SQL of single marts as dbt compiles it, run on small tables in memory."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.transform.graph import Table, read_graph
from pipelines.transform.manifest import read_manifest

Row = dict[str, Any]


class Marts:
    """Compiled marts, each a query on the tables that it is made from."""

    def __init__(self, home: Path, names: Sequence[str]) -> None:
        tables = {
            node.name: node
            for node in read_graph(read_manifest(home))
            if isinstance(node, Table) and node.name in names
        }
        self._sql = {name: tables[name].query for name in names}
        self._schemas = {name: tables[name].schema for name in names}

    def rows(
        self,
        name: str,
        tables: Mapping[str, tuple[str, Sequence[Row]]],
        through: Sequence[str] = (),
    ) -> list[Row]:
        """Return the rows of a mart made from these tables, `through` other models first.

        Each table has its columns, as SQL writes them, and its rows.
        """
        with _schemas() as con:
            for table, (columns, given) in tables.items():
                con.execute(f"create table {table} ({columns})")
                if given:
                    frame = pl.DataFrame(given, infer_schema_length=None)
                    con.register("frame", frame)
                    con.execute(f"insert into {table} by name from frame")
                    con.unregister("frame")
            self._make(con, through)
            return con.execute(self._sql[name]).pl().to_dicts()

    def asked(self, scripts: Sequence[str], through: Sequence[str], query: str) -> list[Row]:
        """Return the rows of a query on models made, in this order, from what scripts create."""
        with _schemas() as con:
            for script in scripts:
                con.execute(script)
            self._make(con, through)
            return con.execute(query).pl().to_dicts()

    def _make(self, con: duckdb.DuckDBPyConnection, names: Sequence[str]) -> None:
        for name in names:
            con.execute(f"create table {self._schemas[name]}.{name} as {self._sql[name]}")


@contextmanager
def _schemas() -> Iterator[duckdb.DuckDBPyConnection]:
    with duckdb.connect() as con:
        con.execute(
            "create schema marts; create schema intermediate; create schema staging; "
            "create schema seeds; set timezone = 'UTC'"
        )
        yield con
