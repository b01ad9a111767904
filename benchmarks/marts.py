"""Build times of marts, and times of usual questions on the published file, beside chDB.

Tables are built from dbt's compiled SQL of the last build, one by one, without dbt. chDB runs in a
separate Python on Parquet files exported from the generation. Both have two threads and warm
caches, and must give the same rows. Our file is in DuckDB's format, as it is published, so the
ratio compares what a reader waits, not two engines on one format.
"""

import json
import os
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable
from datetime import date, datetime
from decimal import Decimal
from functools import partial
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from measuring.questions import QUESTIONS, TABLES
from rich.console import Console
from rich.table import Table

from pipelines.publish.generations import newest
from pipelines.settings import Settings
from pipelines.transform import graph
from pipelines.transform.manifest import read_manifest
from warehouse.connection import open_published, session

MAX_BUILD_SECONDS, MAX_QUESTION_MS = 5.0, 200.0
MEMORY = "5GB"
PEER = Path(__file__).parent / "peers" / "marts_chdb.py"
Rows = list[tuple[Any, ...]]

stdout = Console(highlight=False, width=140)


def main(
    home: Annotated[
        Path,
        typer.Option(
            help="A home that was built and published, as large_home.py makes it.", exists=True
        ),
    ],
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds of each figure; medians are printed.")
    ] = 3,
    build: Annotated[bool, typer.Option(help="Also time building each table.")] = True,
    peer: Annotated[
        Path | None, typer.Option(help="A Python that has chdb, for the comparison.")
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Time tables and questions; exit code 0 only if both sides gave the same rows.

    Examples:

        python benchmarks/large_home.py --home large-home

        python benchmarks/marts.py --home large-home --peer chdb/bin/python
    """
    settings = Settings(home)
    tables = build_seconds(settings, rounds) if build else {}
    questions = run_questions(newest(settings), rounds, peer)
    show_tables(tables)
    show_questions(questions)
    different = [name for name, found in questions.items() if found.get("same") is False]
    if json_to:
        size = f"a home with a warehouse of {settings.warehouse.stat().st_size / 1e6:,.0f} MB"
        aims = {"build_seconds": MAX_BUILD_SECONDS, "question_ms": MAX_QUESTION_MS}
        found = {"tables": tables, "questions": questions, "different": different}
        json_to.write_text(json.dumps({**found, "home": size, "aims": aims}))
    raise typer.Exit(1 if different else 0)


def build_seconds(settings: Settings, rounds: int) -> dict[str, float]:
    """Return the median seconds of each table of the last build, longest first."""
    bodies = compiled_models(settings)
    with session(settings.warehouse) as con:
        con.execute("set threads = 2")
        con.execute(f"set memory_limit = '{MEMORY}'")
        views = con.sql("select view_name from duckdb_views() where not internal").fetchall()
        seconds = {
            name: median_seconds(partial(build_table, con, body), rounds)
            for name, body in bodies.items()
            if (name,) not in views
        }
    return dict(sorted(seconds.items(), key=lambda one: -one[1]))


def compiled_models(settings: Settings) -> dict[str, str]:
    """Return the compiled SQL of each model, by the name of its table."""
    nodes = graph.read_graph(read_manifest(settings.home))
    return {
        node.name: node.query
        for node in nodes
        if isinstance(node, graph.Table) and node.schema != "seeds"
    }


def build_table(con: duckdb.DuckDBPyConnection, body: str) -> None:
    """Build a table on disk, as the real one is, and drop it."""
    con.execute(f"create or replace table main.measured as {body}")
    con.execute("drop table main.measured")


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """Return the median seconds of several calls."""
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def run_questions(generation: Path, rounds: int, peer: Path | None) -> dict[str, dict[str, Any]]:
    """Return milliseconds of each question, the first time and in the median, and the peer's."""
    found: dict[str, dict[str, Any]] = {}
    given: dict[str, Rows] = {}
    for name, question in QUESTIONS.items():
        sql = question.format(**{table: table for table in TABLES})
        with open_published(generation) as con:
            run = partial(fetch, con, sql)
            first, again = median_seconds(run, 1), median_seconds(run, rounds)
            given[name] = run()
        found[name] = {"first_ms": first * 1000, "ms": again * 1000, "rows": len(given[name])}
    if peer:
        for name, theirs in run_peer(generation, rounds, peer).items():
            same = comparable(theirs["rows"]) == comparable(given[name])
            found[name] |= {
                "peer_ms": theirs["ms"],
                "ratio": theirs["ms"] / found[name]["ms"],
                "same": same,
            }
    return found


def fetch(con: duckdb.DuckDBPyConnection, sql: str) -> Rows:
    """Run a query and return its rows."""
    return con.sql(sql).fetchall()


def run_peer(generation: Path, rounds: int, peer: Path) -> dict[str, dict[str, Any]]:
    """Export the tables, run the questions in the peer, and return milliseconds and rows."""
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        with duckdb.connect(str(generation), read_only=True) as con:
            for table in TABLES:
                target = f"'{folder}/{table}.parquet' (format parquet, compression zstd)"
                con.execute(f"copy marts.{table} to {target}")
        files = {table: f"file('{folder}/{table}.parquet', Parquet)" for table in TABLES}
        asked = {
            "rounds": rounds,
            "questions": {name: question.format(**files) for name, question in QUESTIONS.items()},
        }
        # The peer has its own packages: our path must not lead it to ours.
        environment = {name: value for name, value in os.environ.items() if name != "PYTHONPATH"}
        ended = subprocess.run(
            [peer, PEER],
            input=json.dumps(asked),
            capture_output=True,
            text=True,
            check=False,
            env=environment,
        )
        if ended.returncode:
            raise SystemExit(f"The peer failed: {ended.stderr[-2000:]}")
        found: dict[str, dict[str, Any]] = json.loads(ended.stdout)
        return found


def comparable(rows: Rows) -> list[tuple[str, ...]]:
    """Return rows as text; numbers to nine digits, since float sums depend on threads' order."""
    return [tuple(map(_cell, row)) for row in rows]


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return f"{float(value):.9g}"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def show_tables(tables: dict[str, float]) -> None:
    """Print the seconds of each table."""
    shown = Table(
        "table", "seconds", "met", title=f"Building; at most {MAX_BUILD_SECONDS:g} s each"
    )
    for name, seconds in tables.items():
        shown.add_row(name, f"{seconds:.2f}", "yes" if seconds <= MAX_BUILD_SECONDS else "no")
    stdout.print(shown)


def show_questions(questions: dict[str, dict[str, Any]]) -> None:
    """Print the milliseconds of each question."""
    shown = Table(
        "question",
        "rows",
        "ms",
        "first ms",
        "met",
        "chDB ms",
        "times as long",
        "same",
        title=f"Asking; at most {MAX_QUESTION_MS:g} ms",
    )
    for name, one in questions.items():
        met = "yes" if one["first_ms"] <= MAX_QUESTION_MS else "no"
        peer = (
            (f"{one['peer_ms']:.0f}", f"{one['ratio']:.1f}", "yes" if one["same"] else "no")
            if "peer_ms" in one
            else ("", "", "")
        )
        shown.add_row(
            name, str(one["rows"]), f"{one['ms']:.0f}", f"{one['first_ms']:.0f}", met, *peer
        )
    stdout.print(shown)


if __name__ == "__main__":
    typer.run(main)
