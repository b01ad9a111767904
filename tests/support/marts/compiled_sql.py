"""The SQL of single marts as dbt compiles it, run on small tables in memory."""

from collections.abc import Mapping, Sequence
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
        with duckdb.connect() as con:
            con.execute(
                "create schema marts; create schema intermediate; create schema staging; "
                "set timezone = 'UTC'"
            )
            for table, (columns, given) in tables.items():
                con.execute(f"create table {table} ({columns})")
                if given:
                    frame = pl.DataFrame(given, infer_schema_length=None)
                    con.register("frame", frame)
                    con.execute(f"insert into {table} by name from frame")
                    con.unregister("frame")
            for other in through:
                con.execute(f"create table {self._schemas[other]}.{other} as {self._sql[other]}")
            return con.execute(self._sql[name]).pl().to_dicts()
