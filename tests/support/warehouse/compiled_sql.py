"""The SQL of single tables as dbt compiles it, run on small tables in memory."""

import json
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.transform.dbt import run_dbt
from warehouse.connection import session

Row = dict[str, Any]
Tables = dict[str, tuple[str, list[Row]]]
"""Tables by name, each with its columns as SQL writes them, and its rows."""


class CompiledModels:
    """Compiled models, each a query on the tables that it is made from."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        path = folder / "compiled.duckdb"
        with session(path):
            pass
        done = run_dbt(["compile", "--select", *names], path, folder / "target", folder)
        assert done.exit_code == 0, done.lines[-20:]
        nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
        models = {name: nodes[f"model.tokentide.{name}"] for name in names}
        self._schemas = {name: model["schema"] for name, model in models.items()}
        self._sql = {
            name: model["compiled_code"].replace('"compiled".', "")
            for name, model in models.items()
        }

    def rows(
        self,
        name: str,
        tables: Mapping[str, tuple[str, Sequence[Row]]],
        through: Sequence[str] = (),
    ) -> list[Row]:
        """Return the rows of a model made from these tables, `through` other models first."""
        with duckdb.connect() as con:
            for schema in ("marts", "intermediate", "staging"):
                con.execute(f"create schema {schema}")
            con.execute("set timezone = 'UTC'")
            for table, (columns, given) in tables.items():
                con.execute(f"create table {table} ({columns})")
                if given:
                    insert(con, table, given)
            for other in through:
                con.execute(f"create table {self._schemas[other]}.{other} as {self._sql[other]}")
            return con.execute(self._sql[name]).pl().to_dicts()


def insert(con: duckdb.DuckDBPyConnection, table: str, rows: Sequence[Row]) -> None:
    """Insert rows into a table; columns that they leave out are null."""
    con.register("frame", pl.DataFrame(rows, infer_schema_length=None))
    con.execute(f"insert into {table} by name from frame")
    con.unregister("frame")
