"""How long a rebuild takes after so many days of daily runs, each of which leaves some forty answers in the archive.

The stand-in market is asked as a daily run would ask, one invented morning after the other: the trailing week of the board, catalogue,
hosts, apps, tasks, benchmarks and session costs. What `ingest.py` rebuilds is a long history in few answers; this is many small ones.
"""

import json
import tempfile
import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import httpx
import typer
from history import KEY
from rich.console import Console

from pipelines.archive import Answer, Archive
from pipelines.ingest.market import TOP_MODELS, load_archive
from pipelines.ingest.rebuild import rebuild
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

LAST_RUN = datetime(2026, 3, 1, 9, tzinfo=UTC)
Asked = tuple[str, str, dict[str, str], dict[str, str]]
"""Source, path, parameters, and what the archive notes beside the answer."""

answers = Console(highlight=False)


def main(
    days: Annotated[int, typer.Option(min=1, help="How many daily runs the archive holds.")] = 30,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Archive the answers of so many daily runs, then time landing them all and rebuilding everything from them.

    Examples:

        python benchmarks/daily_runs.py

        python benchmarks/daily_runs.py --days 365 --json year.json
    """
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        settings = Settings(Path(folder))
        archived = _archive(settings, days)
        started = time.perf_counter()
        load_archive(settings)
        landed = time.perf_counter()
        rebuild(settings)
        report = {
            "daily runs": days,
            "answers": archived,
            "seconds to land them": round(landed - started, 2),
            "milliseconds an answer": round((landed - started) / archived * 1000, 2),
            "seconds to rebuild everything": round(time.perf_counter() - landed, 2),
        }
    for name, value in report.items():
        answers.print(f"{name:32} {value}")
    if json_to:
        json_to.write_text(json.dumps(report))


def _archive(settings: Settings, days: int) -> int:
    """Keep what the market answers on each morning; asked past our own client, whose budget would make this take hours."""
    archive, kept = Archive(settings.archive), 0
    app = build_app("market", now=LAST_RUN, key=KEY, limits=False)
    with (
        serve_in_thread(app) as base,
        httpx.Client(headers={"Authorization": f"Bearer {KEY}"}, timeout=30) as http,
    ):
        for number in range(days):
            now = LAST_RUN - timedelta(days=days - 1 - number)
            http.put(
                f"{base.removesuffix('/api/v1')}/_simulator/now", json={"now": now.isoformat()}
            ).raise_for_status()
            models = http.get(f"{base}/models").raise_for_status().json()["data"][:TOP_MODELS]
            for second, (source, path, params, context) in enumerate(_run(now, models)):
                response = http.get(f"{base}{path}", params=params).raise_for_status()
                at, run_id = now + timedelta(seconds=second), f"run-{number}"
                answer = Answer(
                    source,
                    str(response.url),
                    at,
                    200,
                    0,
                    "",
                    run_id,
                    params,
                    "simulated",
                    context=context,
                )
                archive.keep(answer, response.content)
                kept += 1
    return kept


def _run(now: datetime, models: list[dict[str, str]]) -> Iterator[Asked]:
    """What one daily run asks."""
    last = now.date() - timedelta(days=1)
    window = {"start_date": (last - rankings.TRAILING).isoformat(), "end_date": last.isoformat()}
    yield rankings.SOURCE, rankings.PATH, window, {}
    yield catalogue.SOURCE, "/models", {"output_modalities": "all"}, {}
    yield providers.SOURCE, "/providers", {}, {}
    yield (
        apps.SOURCE,
        "/datasets/app-rankings",
        {"start_date": last.isoformat(), "end_date": last.isoformat(), "limit": "100"},
        {},
    )
    yield tasks.SOURCE, "/classifications/task", {"window": "7d"}, {}
    yield benchmarks.SOURCE, "/benchmarks", {}, {}
    yield session_costs.SOURCE, "/datasets/session-cost", {"limit": "500"}, {}
    for model in models:
        yield (
            endpoints.SOURCE,
            f"/models/{model['id']}/endpoints",
            {},
            {"model": model["canonical_slug"]},
        )


if __name__ == "__main__":
    typer.run(main)
