"""Time of a rebuild after many daily runs, each of which leaves some forty answers in the archive.

The simulated market is asked as a daily run would ask it, one morning after the other: the trailing
week of rankings, catalogue, hosts, apps, tasks, benchmarks and session costs. `ingest.py` rebuilds
a long history in few answers; this is many small ones.
"""

import json
import tempfile
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Annotated

import typer
from measuring.simulated_answers import (
    day_before,
    simulated_market,
    snapshot_requests,
    trailing_week,
)
from rich.console import Console

from pipelines.archive import Archive
from pipelines.ingest.market import TOP_MODELS, load_archive
from pipelines.ingest.rebuild import rebuild
from pipelines.settings import Settings

LAST_RUN = datetime(2026, 3, 1, 9, tzinfo=UTC)

stdout = Console(highlight=False)


def main(
    days: Annotated[int, typer.Option(min=1, help="Daily runs in the archive.")] = 30,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Archive the answers of daily runs, then time loading them all and rebuilding everything.

    Examples:

        python benchmarks/daily_runs.py

        python benchmarks/daily_runs.py --days 365 --json year.json
    """
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        settings = Settings(Path(folder))
        archived = fill_archive(settings, days)
        started = time.perf_counter()
        load_archive(settings)
        loaded = time.perf_counter()
        rebuild(settings)
        report = {
            "daily runs": days,
            "answers": archived,
            "seconds to load them": round(loaded - started, 2),
            "milliseconds an answer": round((loaded - started) / archived * 1000, 2),
            "seconds to rebuild everything": round(time.perf_counter() - loaded, 2),
        }
    for name, value in report.items():
        stdout.print(f"{name:32} {value}")
    if json_to:
        json_to.write_text(json.dumps(report))


def fill_archive(settings: Settings, days: int) -> int:
    """Keep the answers of each morning's run, and return their number."""
    archive, kept = Archive(settings.archive), 0
    with simulated_market(LAST_RUN) as market:
        for number in range(days):
            now = LAST_RUN - timedelta(days=days - 1 - number)
            market.set_clock(now)
            last, models = day_before(now), market.models(TOP_MODELS)
            requests = (trailing_week(last), *snapshot_requests(last, models))
            for second, request in enumerate(requests):
                market.keep(archive, request, now + timedelta(seconds=second), f"run-{number}")
            kept += len(requests)
    return kept


if __name__ == "__main__":
    typer.run(main)
