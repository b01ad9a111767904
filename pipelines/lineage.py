"""What a query rests on: its tables by DuckDB's own parser, and from them, by dbt's lineage, the sources whose answers made them."""

import functools
import json
import subprocess
import sys
import tempfile
from pathlib import Path
from typing import Any

import duckdb

from pipelines.build import PROJECT, dbt_environment
from pipelines.errors import BuildFailed, QueryFailed
from pipelines.sources import apps, benchmarks, catalogue, endpoints, exports, providers, rankings, session_costs, tasks
from warehouse.connection import open_published

BOARD = (rankings.SOURCE, exports.SOURCE)
# Which sources' answers fill a raw table. All of them are in the log, which tells of answers and not of figures, so it is not followed.
FED_BY: dict[str, tuple[str, ...]] = {
    "board_days": BOARD,
    "board_rows": BOARD,
    "models": (catalogue.SOURCE,),
    "endpoints": (endpoints.SOURCE,),
    "providers": (providers.SOURCE,),
    "apps": (apps.SOURCE,),
    "tasks": (tasks.SOURCE,),
    "task_models": (tasks.SOURCE,),
    "benchmarks": (benchmarks.SOURCE,),
    "session_costs": (session_costs.SOURCE,),
}
EVERY_SOURCE = frozenset(source for sources in FED_BY.values() for source in sources)
LOG = "model.tokentide.stg_openrouter__known_answers"
# What the file says of itself is made of this table when it is published.
META = {"meta": "market_days"}


def tables_of(path: Path, query: str) -> list[str]:
    """The tables of the published file that a query reads."""
    con = open_published(path)
    try:
        # Qualified names would come with the alias that the query gives them.
        found = con.get_table_names(query)
        known = {name for (name,) in con.sql("select table_name from duckdb_tables() where schema_name = 'marts'").fetchall()}
    except duckdb.Error as error:
        raise QueryFailed(str(error)) from error
    finally:
        con.close()
    if unknown := found - known:
        raise QueryFailed(f"{min(unknown)!r} is no table of the published file, so nobody can say what it rests on.")
    return sorted(found)


def sources_of(tables: list[str], claim_id: str | None = None) -> frozenset[str]:
    """The sources whose answers these tables were made of; QueryFailed where they rest on the inference tier, which has no answers.

    A query that asks the ledger of one claim rests on what that claim's file reads, and not on every claim.
    """
    parents = _parents()
    models = META | ({"claims": claim_id.replace("-", "_")} if claim_id else {})
    rests = frozenset().union(*(_sources_above(f"model.tokentide.{models.get(table, table)}", parents) for table in tables))
    if tier := sorted(
        name for name in rests if name.startswith("source.tokentide.ledger.") or name.endswith((".tier_file", ".request_events"))
    ):
        raise QueryFailed(
            f"The query rests on {tier[0].split('.', 2)[2]}, which the inference tier told; a bundle holds answers of the market."
        )
    raw = {name.rsplit(".", 1)[1] for name in rests}
    # A table of the log alone, or of what was set aside, may speak of any answer.
    return EVERY_SOURCE if not raw or "quarantine" in raw else frozenset(source for table in raw for source in FED_BY[table])


def _sources_above(node: str, parents: dict[str, list[str]]) -> frozenset[str]:
    """Every raw table that a node of dbt's graph is made from, directly or not."""
    found, waiting = {node}, [node]
    while waiting:
        above = {parent for parent in parents.get(waiting.pop(), []) if parent not in found and parent != LOG}
        found |= above
        waiting += above
    return frozenset(name for name in found if name.startswith("source."))


@functools.cache
def _parents() -> dict[str, list[str]]:
    """What each node of the project is made from, as dbt reads the project now."""
    with tempfile.TemporaryDirectory() as folder:
        places = {"project-dir": PROJECT, "profiles-dir": PROJECT, "target-path": folder, "log-path": folder}
        options = [word for name, place in places.items() for word in (f"--{name}", str(place))]
        command = [sys.executable, "-c", "from dbt.cli.main import cli; cli()", "--quiet", "parse", *options]
        environment = dbt_environment(Path(folder) / "none.duckdb")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildFailed(f"dbt could not read the project:\n{done.stdout[-2000:]}")
        manifest: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    parents: dict[str, list[str]] = manifest["parent_map"]
    return parents
