"""The SQL of single marts as dbt compiles it, run on small tables in memory."""

import json
import subprocess
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import duckdb
import polars as pl

from pipelines.transform.dbt import PROJECT, dbt_environment
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate

Row = dict[str, Any]


class Marts:
    """Compiled marts, each a query on the tables that it is made from."""

    def __init__(self, folder: Path, names: Sequence[str]) -> None:
        path = folder / "compiled.duckdb"
        con = open_warehouse(path)
        migrate(con)
        con.close()
        options = {
            "project-dir": PROJECT,
            "profiles-dir": PROJECT,
            "target-path": folder / "target",
            "log-path": folder,
        }
        command = [
            sys.executable,
            "-c",
            "from dbt.cli.main import cli; cli()",
            "compile",
            "--select",
            *names,
            *(word for name, place in options.items() for word in (f"--{name}", str(place))),
        ]
        done = subprocess.run(
            command, env=dbt_environment(path), capture_output=True, text=True, check=False
        )
        assert done.returncode == 0, done.stdout[-3000:]
        nodes = json.loads((folder / "target" / "manifest.json").read_text())["nodes"]
        self._sql = {
            name: nodes[f"model.tokentide.{name}"]["compiled_code"].replace('"compiled".', "")
            for name in names
        }
        self._schemas = {name: nodes[f"model.tokentide.{name}"]["schema"] for name in names}

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
