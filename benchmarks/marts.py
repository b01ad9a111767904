"""How long each table of the marts takes to build, and how long usual questions take on the published file, beside chDB on the same rows.

Tables are built from dbt's own SQL of the last build, one by one, without dbt around it. chDB runs in a Python of its own on Parquet files
exported from the generation; both have two threads, warm caches, and must give the same answers. Our file is DuckDB's own format, which is
how we ship it, so the ratio is of what a reader waits and not of two engines on one format.
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
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from marts_questions import QUESTIONS, TABLES
from rich.console import Console
from rich.table import Table

from pipelines.publish.generations import newest
from pipelines.settings import Settings
from warehouse.connection import open_published, open_warehouse

MAX_BUILD_SECONDS, MAX_QUESTION_MS = 5.0, 200.0
MEMORY = "5GB"
PEER = Path(__file__).parent / "marts_chdb.py"
Answer = list[list[Any]]

answers = Console(highlight=False, width=140)


def main(
    home: Annotated[
        Path,
        typer.Option(
            help="A home that was built and published, as large_home.py makes it.", exists=True
        ),
    ],
    rounds: Annotated[
        int, typer.Option(min=1, help="Rounds of each figure; medians are given.")
    ] = 3,
    build: Annotated[bool, typer.Option(help="Also time building each table.")] = True,
    peer: Annotated[
        Path | None, typer.Option(help="A Python that has chdb; without it ours stand alone.")
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Time tables and questions; exit code 0 only where both sides gave the same answers.

    Examples:

        python benchmarks/large_home.py --home /tmp/large-home && python benchmarks/marts.py --home /tmp/large-home --peer chdb/bin/python
    """
    settings = Settings(home)
    tables = build_seconds(settings, rounds) if build else {}
    questions = ask_all(newest(settings), rounds, peer)
    _show_tables(tables)
    _show_questions(questions)
    different = [name for name, found in questions.items() if found.get("same") is False]
    if json_to:
        json_to.write_text(
            json.dumps({"tables": tables, "questions": questions, "different": different})
        )
    raise typer.Exit(1 if different else 0)


def build_seconds(settings: Settings, rounds: int) -> dict[str, float]:
    """The median seconds of each table of the last build, longest first."""
    results = json.loads((settings.home / "dbt" / "target" / "run_results.json").read_text())[
        "results"
    ]
    bodies = {
        one["relation_name"]: one["compiled_code"]
        for one in results
        if one["unique_id"].startswith("model.") and one["compiled_code"]
    }
    con = open_warehouse(settings.warehouse)
    try:
        con.execute("set threads = 2")
        con.execute(f"set memory_limit = '{MEMORY}'")
        views = {
            f'"{name}"'
            for (name,) in con.sql(
                "select view_name from duckdb_views() where not internal"
            ).fetchall()
        }
        wanted = {
            name.split(".")[-1]: body
            for name, body in bodies.items()
            if name.split(".")[-1] not in views
        }
        took = {
            name.strip('"'): median_seconds(lambda body=body: _build(con, body), rounds)
            for name, body in wanted.items()
        }
    finally:
        con.close()
    return dict(sorted(took.items(), key=lambda one: -one[1]))


def _build(con: duckdb.DuckDBPyConnection, body: str) -> None:
    # On the disk, as the real one is, and gone again when the turn is over.
    con.execute(f"create or replace table main.measured as {body}")
    con.execute("drop table main.measured")


def median_seconds(work: Callable[[], object], rounds: int) -> float:
    """The median of several."""
    spent = []
    for _ in range(rounds):
        started = time.perf_counter()
        work()
        spent.append(time.perf_counter() - started)
    return statistics.median(spent)


def ask_all(generation: Path, rounds: int, peer: Path | None) -> dict[str, dict[str, Any]]:
    """Milliseconds of each question, the first time and then in the median, and the peer's beside them."""
    found: dict[str, dict[str, Any]] = {}
    given: dict[str, Answer] = {}
    for name, question in QUESTIONS.items():
        sql = question.format(**{table: table for table in TABLES})
        con = open_published(generation)
        try:
            first = median_seconds(lambda con=con, sql=sql: con.sql(sql).fetchall(), 1)
            again = median_seconds(lambda con=con, sql=sql: con.sql(sql).fetchall(), rounds)
            given[name] = con.sql(sql).fetchall()
        finally:
            con.close()
        found[name] = {"first_ms": first * 1000, "ms": again * 1000, "rows": len(given[name])}
    if peer:
        for name, theirs in _ask_peer(generation, rounds, peer).items():
            same = comparable(theirs["answer"]) == comparable(given[name])
            found[name] |= {
                "peer_ms": theirs["ms"],
                "ratio": theirs["ms"] / found[name]["ms"],
                "same": same,
            }
    return found


def _ask_peer(generation: Path, rounds: int, peer: Path) -> dict[str, dict[str, Any]]:
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        con = duckdb.connect(str(generation), read_only=True)
        try:
            for table in TABLES:
                con.execute(
                    f"copy marts.{table} to '{folder}/{table}.parquet' (format parquet, compression zstd)"
                )
        finally:
            con.close()
        files = {table: f"file('{folder}/{table}.parquet', Parquet)" for table in TABLES}
        asked = {
            "rounds": rounds,
            "questions": {name: question.format(**files) for name, question in QUESTIONS.items()},
        }
        # What it needs is its own: our path must not lead it to our packages.
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
        told: dict[str, dict[str, Any]] = json.loads(ended.stdout)
        return told


def comparable(answer: Answer) -> list[tuple[str, ...]]:
    """Rows as text, numbers to nine digits: sums of floats differ in the last ones by the order in which threads add."""
    return [tuple(map(_cell, row)) for row in answer]


def _cell(value: Any) -> str:
    if isinstance(value, bool) or value is None:
        return str(value)
    if isinstance(value, int | float | Decimal):
        return f"{float(value):.9g}"
    return value.isoformat() if isinstance(value, date | datetime) else str(value)


def _show_tables(tables: dict[str, float]) -> None:
    shown = Table(
        "table", "seconds", "met", title=f"Building; at most {MAX_BUILD_SECONDS:g} s each"
    )
    for name, seconds in tables.items():
        shown.add_row(name, f"{seconds:.2f}", "yes" if seconds <= MAX_BUILD_SECONDS else "no")
    answers.print(shown)


def _show_questions(questions: dict[str, dict[str, Any]]) -> None:
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
    answers.print(shown)


if __name__ == "__main__":
    typer.run(main)
