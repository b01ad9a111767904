"""A home of the size that we promise: two years of market, ninety days of 64 targets, six million requests, all of it simulated.

The stand-in's market begins in 2025 and the home ends on a fixed day, so the two years are 692 days.

The boards are the stand-in market's, asked and landed as any other; what would be a hundred thousand answers of catalogue and hosts is
drawn from one of each by SQL, and so are the tier's facts (`large/*.sql`). The same options give the same rows.
"""

import json
import os
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import duckdb
import httpx
import typer
from history import KEY
from rich.console import Console

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import load_archive
from pipelines.publish.generations import publish
from pipelines.settings import Settings
from pipelines.simulator.api.serve import build_app, serve_in_thread
from pipelines.sources.openrouter import (
    apps,
    benchmarks,
    catalogue,
    endpoints,
    providers,
    rankings,
    session_costs,
    tasks,
)
from pipelines.transform.dbt import build
from warehouse.connection import open_warehouse

SQL = Path(__file__).parent / "large"
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
MEMORY = "5GB"
HOSTED = 20
RESTATED = 30
Asked = tuple[str, str, dict[str, str], dict[str, str]]

answers = Console(highlight=False)


def main(
    home: Annotated[
        Path, typer.Option(help="Where to make it; what is there must be an empty folder or none.")
    ],
    days: Annotated[int, typer.Option(min=2, max=692, help="Days of market.")] = 692,
    served_days: Annotated[int, typer.Option(min=1, help="Days of telemetry.")] = 90,
    targets: Annotated[int, typer.Option(min=1, help="Targets of the tier.")] = 64,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Make a large home, build it, publish it, and say how long each took.

    Examples:

        python benchmarks/large_home.py --home /tmp/large-home
    """
    report = make(Settings(home), days, served_days, targets)
    for name, value in report.items():
        answers.print(f"{name:32} {value}")
    if json_to:
        json_to.write_text(json.dumps(report))


def make(settings: Settings, days: int, served_days: int, targets: int) -> dict[str, float]:
    """Make, build and publish; returns the seconds of each, those of every table, and the sizes of both files."""
    report: dict[str, float] = {}
    started = time.perf_counter()
    fill(settings, days, served_days, targets)
    report["seconds to make it"] = round(time.perf_counter() - started, 1)
    started = time.perf_counter()
    # Else the build takes what it finds; this one is to show that it needs no more.
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
    """Raw and ledger tables, nothing built of them yet."""
    last = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC)
    _ask(settings, days)
    load_archive(settings)
    first_date = (NOW - timedelta(days=days)).date()
    values = {
        "first_date": first_date, "last_date": NOW.date(), "days": days, "targets": targets,
        "first_at": last - timedelta(days=served_days), "last_at": last,
    }  # fmt: skip
    con = open_warehouse(settings.warehouse)
    try:
        con.execute(f"set memory_limit = '{MEMORY}'")
        for name in ("market", "targets", "ledger"):
            _run(con, (SQL / f"{name}.sql").read_text(), values)
    finally:
        con.close()


def seconds_of_tables(settings: Settings) -> dict[str, float]:
    """How long dbt took for each table and check of the last build, longest first."""
    results = json.loads((settings.home / "dbt" / "target" / "run_results.json").read_text())[
        "results"
    ]
    took = {
        result["unique_id"].split(".", 2)[2]: round(result["execution_time"], 2)
        for result in results
    }
    return dict(sorted(took.items(), key=lambda one: -one[1]))


def _run(con: duckdb.DuckDBPyConnection, script: str, values: dict[str, object]) -> None:
    """Run each statement with those of the values that it names."""
    for statement in con.extract_statements(script):
        con.execute(statement, {name: values[name] for name in statement.named_parameters})


def _ask(settings: Settings, days: int) -> None:
    """Keep the stand-in's answers, asked past our own client, whose budget would make this take hours."""
    archive = Archive(settings.archive)
    app = build_app("market", now=NOW, key=KEY, limits=False)
    with (
        serve_in_thread(app) as base,
        httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=60) as http,
    ):
        models = http.get(f"{base}/models").raise_for_status().json()["data"][:HOSTED]
        for number, (at, (source, path, params, context)) in enumerate(_plan(days, models)):
            http.put(
                f"{base.removesuffix('/api/v1')}/_simulator/now", json={"now": at.isoformat()}
            ).raise_for_status()
            response = http.get(f"{base}{path}", params=params).raise_for_status()
            asked_at = at + timedelta(seconds=number)
            archive.keep(
                Answer(
                    source,
                    str(response.url),
                    asked_at,
                    200,
                    0,
                    "",
                    "large-home",
                    params,
                    "simulated",
                    context=context,
                ),
                response.content,
            )


def _plan(days: int, models: list[dict[str, str]]) -> Iterator[tuple[datetime, Asked]]:
    """The whole history, then the trailing week of each of the last mornings, then one of everything else."""
    last, restated = NOW.date() - timedelta(days=1), min(RESTATED, days - 1)
    for first, end in rankings.windows(
        last - timedelta(days=days - 1), last - timedelta(days=restated)
    ):
        yield (
            NOW - timedelta(days=restated),
            (rankings.SOURCE, rankings.PATH, _window(first, end), {}),
        )
    for before in range(restated, -1, -1):
        end = last - timedelta(days=before)
        yield (
            NOW - timedelta(days=before),
            (rankings.SOURCE, rankings.PATH, _window(end - rankings.TRAILING, end), {}),
        )
    usage = {"start_date": last.isoformat(), "end_date": last.isoformat(), "limit": "100"}
    for source, path, params in (
        (catalogue.SOURCE, "/models", {"output_modalities": "all"}), (providers.SOURCE, "/providers", {}),
        (apps.SOURCE, "/datasets/app-rankings", usage), (tasks.SOURCE, "/classifications/task", {"window": "7d"}),
        (benchmarks.SOURCE, "/benchmarks", {}), (session_costs.SOURCE, "/datasets/session-cost", {"limit": "500"}),
    ):  # fmt: skip
        yield NOW, (source, path, params, {})
    for model in models:
        yield (
            NOW,
            (
                endpoints.SOURCE,
                f"/models/{model['id']}/endpoints",
                {},
                {"model": model["canonical_slug"]},
            ),
        )


def _window(first: object, last: object) -> dict[str, str]:
    return {"start_date": str(first), "end_date": str(last)}


if __name__ == "__main__":
    typer.run(main)
