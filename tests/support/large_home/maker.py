"""A large home: years of market and months of a tier, all simulated, built and published.

Rankings are those of the simulated market, fetched and loaded like any others. A hundred thousand
answers of catalogue and hosts would take hours, so SQL makes them from one answer of each kind, and
the tier's facts too (the `.sql` files here). The same options give the same rows.

The simulated market begins in 2025 and the home ends on a fixed day, so it has at most 692 days.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import closing
from dataclasses import dataclass, field
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import httpx
from support.simulator import KEY

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
from pipelines.sources.source import Source
from pipelines.transform.build import build
from warehouse.connection import open_warehouse

SCRIPTS = ("market", "targets", "ledger")
NOW = datetime(2026, 11, 25, 9, tzinfo=UTC)
MEMORY = "5GB"
HOSTED_MODELS = 20
RESTATED_DAYS = 30

Models = list[dict[str, str]]
"""Entries of the catalogue."""


@dataclass(frozen=True)
class PlannedRequest:
    """One request to the simulator, at an instant of its clock."""

    at: datetime
    source: Source
    path: str
    params: dict[str, str] = field(default_factory=dict)
    context: dict[str, str] = field(default_factory=dict)


def make_home(settings: Settings, days: int, served_days: int, targets: int) -> None:
    """Fill a home, build it and publish it."""
    fill_home(settings, days, served_days, targets)
    build(settings)
    publish(settings)


def fill_home(settings: Settings, days: int, served_days: int, targets: int) -> None:
    """Fill the raw tables and the ledger; nothing is built from them yet."""
    _fetch(settings, lambda models: _plan(days, models))
    load_archive(settings)
    last = datetime(NOW.year, NOW.month, NOW.day, tzinfo=UTC)
    values = {
        "first_date": (NOW - timedelta(days=days)).date(),
        "last_date": NOW.date(),
        "days": days,
        "targets": targets,
        "first_at": last - timedelta(days=served_days),
        "last_at": last,
    }
    with closing(open_warehouse(settings.warehouse)) as con:
        con.execute(f"set memory_limit = '{MEMORY}'")
        for name in SCRIPTS:
            _run_script(con, Path(__file__).with_name(f"{name}.sql").read_text(), values)


def next_market_day(settings: Settings) -> None:
    """Archive the answer about one more day, as the daily run gets it; it is not loaded yet."""
    last = NOW.date()
    plan = [_rankings(NOW + timedelta(days=1), last - rankings.TRAILING, last)]
    _fetch(settings, lambda models: plan)


def _run_script(con: duckdb.DuckDBPyConnection, script: str, values: dict[str, object]) -> None:
    """Run each statement with those of the values that it names."""
    for statement in con.extract_statements(script):
        con.execute(statement, {name: values[name] for name in statement.named_parameters})


def _fetch(settings: Settings, plan: Callable[[Models], Iterable[PlannedRequest]]) -> None:
    """Archive the simulator's answers without our client, whose budget would make it take hours."""
    archive = Archive(settings.archive)
    app = build_app("market", now=NOW, key=KEY, limits=False)
    headers = {"Authorization": f"Bearer {KEY}"}
    with serve_in_thread(app) as base, httpx.Client(headers=headers, timeout=60) as client:
        clock = f"{base.removesuffix('/api/v1')}/_simulator/now"
        models = client.get(f"{base}/models").raise_for_status().json()["data"][:HOSTED_MODELS]
        for number, planned in enumerate(plan(models)):
            client.put(clock, json={"now": planned.at.isoformat()}).raise_for_status()
            response = client.get(f"{base}{planned.path}", params=planned.params)
            answer = Answer(
                source=planned.source.name,
                url=str(response.raise_for_status().url),
                fetched_at=planned.at + timedelta(seconds=number),
                status=200,
                bytes=0,
                sha256="",
                run_id="large-home",
                params=planned.params,
                origin="simulated",
                context=planned.context,
            )
            archive.keep(answer, response.content)


def _plan(days: int, models: Models) -> Iterator[PlannedRequest]:
    """Yield the whole history, then the last week of each of the last mornings, then the rest."""
    last, restated = NOW.date() - timedelta(days=1), min(RESTATED_DAYS, days - 1)
    first = last - timedelta(days=days - 1)
    for start, end in rankings.windows(first, last - timedelta(days=restated)):
        yield _rankings(NOW - timedelta(days=restated), start, end)
    for before in range(restated, -1, -1):
        end = last - timedelta(days=before)
        yield _rankings(NOW - timedelta(days=before), end - rankings.TRAILING, end)
    usage = {"start_date": last.isoformat(), "end_date": last.isoformat(), "limit": "100"}
    yield PlannedRequest(NOW, catalogue.SOURCE, "/models", {"output_modalities": "all"})
    yield PlannedRequest(NOW, providers.SOURCE, "/providers")
    yield PlannedRequest(NOW, apps.SOURCE, "/datasets/app-rankings", usage)
    yield PlannedRequest(NOW, tasks.SOURCE, "/classifications/task", {"window": "7d"})
    yield PlannedRequest(NOW, benchmarks.SOURCE, "/benchmarks")
    yield PlannedRequest(NOW, session_costs.SOURCE, "/datasets/session-cost", {"limit": "500"})
    for model in models:
        path, context = f"/models/{model['id']}/endpoints", {"model": model["canonical_slug"]}
        yield PlannedRequest(NOW, endpoints.SOURCE, path, context=context)


def _rankings(at: datetime, first: date, last: date) -> PlannedRequest:
    window = {"start_date": first.isoformat(), "end_date": last.isoformat()}
    return PlannedRequest(at, rankings.SOURCE, rankings.PATH, window)
