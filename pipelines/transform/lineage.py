"""What a query rests on: its tables by DuckDB's own parser, and from them, by dbt's lineage, the answers and segments that made them."""

import functools
import json
import subprocess
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import duckdb

from pipelines.errors import BuildFailed, QueryFailed
from pipelines.loading.telemetry.segment_files import SegmentKind
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    exports,
    providers,
    rankings,
    session_costs,
    tasks,
)
from pipelines.transform.dbt import PROJECT, dbt_environment
from warehouse.connection import open_published

BOARD = (rankings.SOURCE, exports.SOURCE)
# Which sources' answers fill a raw table. All of them are in the log, which tells of answers and not of figures, so it is not followed.
FED_BY: dict[str, tuple[str, ...]] = {
    "ranking_days": BOARD,
    "ranking_rows": BOARD,
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
# Which segments of telemetry fill a table of the inference tier.
SAMPLES: tuple[SegmentKind, ...] = ("scrapes", "pages", "history")
LEDGER = (
    "scrapes",
    "counter_minutes",
    "histogram_hours",
    "gauge_minutes",
    "energy_hours",
    "coverage_minutes",
    "stack_versions",
)
TOLD_BY: dict[str, tuple[SegmentKind, ...]] = {
    "raw.request_events": ("requests",),
    **{f"ledger.{table}": SAMPLES for table in LEDGER},
}
SOURCE = "source.tokentide."
LOG = "model.tokentide.stg_openrouter__known_answers"
# What the file says of itself is made of this table when it is published.
META = {"meta": "market_days"}


@dataclass(frozen=True)
class Origins:
    """What figures were made of: answers of these sources, segments of these kinds, the tier file."""

    sources: frozenset[str]
    kinds: frozenset[SegmentKind] = frozenset()
    has_tier_file: bool = False
    # Whether also of answers that brought nothing.
    is_of_any: bool = False


def tables_of(path: Path, query: str) -> list[str]:
    """The tables of the published file that a query reads."""
    con = open_published(path)
    try:
        # Qualified names would come with the alias that the query gives them.
        found = con.get_table_names(query)
        known = {
            name
            for (name,) in con.sql(
                "select table_name from duckdb_tables() where schema_name = 'marts'"
            ).fetchall()
        }
    except duckdb.Error as error:
        raise QueryFailed(str(error)) from error
    finally:
        con.close()
    if unknown := found - known:
        raise QueryFailed(
            f"{min(unknown)!r} is no table of the published file, so nobody can say what it rests on."
        )
    return sorted(found)


def origins_of(tables: list[str], claim_id: str | None = None) -> Origins:
    """What these tables were made of.

    A query that asks the ledger of one claim rests on what that claim's file reads, and not on every claim.
    """
    parents = _parents()
    models = META | ({"claims": claim_id.replace("-", "_")} if claim_id else {})
    above = frozenset().union(
        *(_above(f"model.tokentide.{models.get(table, table)}", parents) for table in tables)
    )
    raw = {name.removeprefix(SOURCE) for name in above if name.startswith(SOURCE)}
    if "raw.telemetry_segments" in raw:
        raise QueryFailed(
            "telemetry_log tells of segments and not of figures; ask for the evidence of a table that is made of them."
        )
    kinds = frozenset(kind for table in raw for kind in TOLD_BY.get(table, ()))
    # A table of the log alone, or of what was set aside, may speak of any answer.
    if "raw.quarantine" in raw or (not raw and LOG in above):
        return Origins(EVERY_SOURCE, kinds, bool(kinds), is_of_any=True)
    sources = frozenset(
        source for table in raw for source in FED_BY.get(table.removeprefix("raw."), ())
    )
    return Origins(sources, kinds, bool(kinds) or "raw.tier_file" in raw)


def _above(node: str, parents: dict[str, list[str]]) -> frozenset[str]:
    """Every node of dbt's graph that this one is made from, directly or not."""
    found, waiting = {node}, [node]
    while waiting:
        above = {parent for parent in parents.get(waiting.pop(), []) if parent not in found}
        found |= above
        waiting += above - {LOG}
    return frozenset(found)


@functools.cache
def _parents() -> dict[str, list[str]]:
    """What each node of the project is made from, as dbt reads the project now."""
    with tempfile.TemporaryDirectory() as folder:
        places = {
            "project-dir": PROJECT,
            "profiles-dir": PROJECT,
            "target-path": folder,
            "log-path": folder,
        }
        options = [word for name, place in places.items() for word in (f"--{name}", str(place))]
        command = [
            sys.executable,
            "-c",
            "from dbt.cli.main import cli; cli()",
            "--quiet",
            "parse",
            *options,
        ]
        environment = dbt_environment(Path(folder) / "none.duckdb")
        done = subprocess.run(command, env=environment, capture_output=True, text=True, check=False)
        if done.returncode:
            raise BuildFailed(f"dbt could not read the project:\n{done.stdout[-2000:]}")
        manifest: dict[str, Any] = json.loads((Path(folder) / "manifest.json").read_text())
    parents: dict[str, list[str]] = manifest["parent_map"]
    return parents
