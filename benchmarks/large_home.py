"""A simulated home of the size that we promise: two years of market, ninety days of 64 targets.

The simulated market begins in 2025 and the home ends on a fixed day, so the two years are 692 days.

Rankings are requested of the simulator and loaded as any other. What would be a hundred thousand
answers of catalogue and hosts is made from one of each by SQL, and so are the facts of the tier and
six million requests (`large/*.sql`). The same options give the same rows.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import typer
from measuring.simulated_answers import (
    MarketRequest,
    day_before,
    rankings_request,
    simulated_market,
    snapshot_requests,
    trailing_week,
)
from rich.console import Console

from pipelines.archive import Archive
from pipelines.ingest.market import load_archive
from pipelines.publish.generations import publish
from pipelines.settings import Settings
from pipelines.sources.openrouter import rankings
from pipelines.transform.dbt import build
from warehouse.connection import session

SQL = Path(__file__).parent / "large"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
MEMORY = "5GB"
HOSTED = 20
RESTATED = 30

stdout = Console(highlight=False)


def main(
    home: Annotated[Path, typer.Option(help="The folder to make; an empty one will do.")],
    days: Annotated[int, typer.Option(min=2, max=692, help="Days of market.")] = 692,
    served_days: Annotated[int, typer.Option(min=1, help="Days of telemetry.")] = 90,
    targets: Annotated[int, typer.Option(min=1, help="Targets of the tier.")] = 64,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Make a large home, build and publish it, and print the seconds of each.

    Examples:

        python benchmarks/large_home.py --home /tmp/large-home
    """
    report = make(Settings(home), days, served_days, targets)
    for name, value in report.items():
        stdout.print(f"{name:32} {value}")
    if json_to:
        json_to.write_text(json.dumps(report))


def make(settings: Settings, days: int, served_days: int, targets: int) -> dict[str, float]:
    """Make, build and publish; return the seconds of each and of every table, and file sizes."""
    report: dict[str, float] = {}
    started = time.perf_counter()
    fill(settings, days, served_days, targets)
    report["seconds to make it"] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    # Without a limit the build takes what memory it finds; this one shows that it needs no more.
    os.environ.setdefault("DBT_MEMORY_LIMIT", MEMORY)
    build(settings)
    report["seconds to build and audit"] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    generation = publish(settings)
    report["seconds to publish"] = round(time.perf_counter() - started, 1)
    report["warehouse MB"] = round(settings.warehouse.stat().st_size / 1e6)
    report["published MB"] = round(generation.path.stat().st_size / 1e6)
    return report | seconds_of_tables(settings)


def fill(settings: Settings, days: int, served_days: int, targets: int) -> None:
    """Fill the raw tables and the ledger; build nothing yet."""
    last = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC)
    request_market(settings, days)
    load_archive(settings)
    first_date = (NOW - timedelta(days=days)).date()
    values = {
        "first_date": first_date,
        "last_date": NOW.date(),
        "days": days,
        "targets": targets,
        "first_at": last - timedelta(days=served_days),
        "last_at": last,
    }
    with session(settings.warehouse) as con:
        con.execute(f"set memory_limit = '{MEMORY}'")
        for name in ("market", "targets", "ledger"):
            run_script(con, (SQL / f"{name}.sql").read_text(), values)


def seconds_of_tables(settings: Settings) -> dict[str, float]:
    """Return the seconds of each table and check of the last build, longest first."""
    results = json.loads((settings.home / "dbt" / "target" / "run_results.json").read_text())[
        "results"
    ]
    took = {
        result["unique_id"].split(".", 2)[2]: round(result["execution_time"], 2)
        for result in results
    }
    return dict(sorted(took.items(), key=lambda one: -one[1]))


def run_script(con: duckdb.DuckDBPyConnection, script: str, values: dict[str, object]) -> None:
    """Run each statement with the values that it names."""
    for statement in con.extract_statements(script):
        con.execute(statement, {name: values[name] for name in statement.named_parameters})


def request_market(settings: Settings, days: int) -> None:
    """Keep the answers of the simulated market that the home begins with."""
    archive = Archive(settings.archive)
    with simulated_market(NOW) as market:
        models = market.models(HOSTED)
        for number, (at, request) in enumerate(timed_requests(days, models)):
            market.set_clock(at)
            market.keep(archive, request, at + timedelta(seconds=number), "large-home")


def timed_requests(
    days: int, models: list[dict[str, str]]
) -> Iterator[tuple[datetime, MarketRequest]]:
    """Yield the whole history, the trailing week of the last mornings, then all else once."""
    last, restated = day_before(NOW), min(RESTATED, days - 1)
    begin, end = last - timedelta(days=days - 1), last - timedelta(days=restated)
    for window in rankings.windows(begin, end):
        yield NOW - timedelta(days=restated), rankings_request(*window)
    for before in range(restated, -1, -1):
        yield NOW - timedelta(days=before), trailing_week(last - timedelta(days=before))
    for request in snapshot_requests(last, models):
        yield NOW, request


if __name__ == "__main__":
    typer.run(main)
