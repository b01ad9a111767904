"""CPU seconds and memory of loading each minute of an hour, for a large tier.

Each minute is its own segment, loaded by a fresh process, as it is when telemetry is loaded
minute by minute. What is new is the same in every minute, so its cost should be too.
"""

import json
import multiprocessing
import resource
import time
from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from pipelines.ingest.telemetry import load
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series

stdout, stderr = Console(highlight=False), Console(stderr=True, highlight=False)

START = datetime(2026, 8, 22, 7, tzinfo=UTC)
BUCKETS = (0.01, 0.05, 0.1, 0.25, 0.5, 1.0, 2.5, 5.0, 10.0, float("inf"))
COUNTERS = (
    "prompt_tokens",
    "generation_tokens",
    "cached_prompt_tokens",
    "preemptions",
    "prefix_queries",
    "prefix_hits",
)
HISTOGRAMS = ("ttft_seconds", "e2e_seconds", "tpot_seconds")
GAUGES = ("requests_running", "requests_waiting", "cache_usage")
SPAWN = multiprocessing.get_context("spawn")


def main(
    targets: Annotated[int, typer.Option(min=1, help="Targets of the tier.")] = 2000,
    minutes: Annotated[int, typer.Option(min=2, max=60, help="Minutes to load.")] = 57,
    scrape_seconds: Annotated[int, typer.Option(min=1, max=60, help="Seconds of a scrape.")] = 15,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Load an hour minute by minute, and compare the last minutes with the first.

    Examples:

        python benchmarks/minutes.py

        python benchmarks/minutes.py --targets 50 --minutes 10
    """
    with TemporaryDirectory() as folder:
        settings = Settings(Path(folder))
        found = []
        for minute in range(minutes):
            write_minute(settings, minute, targets, scrape_seconds)
            found.append(measure(settings))
            stderr.print(f"minute {minute}: {found[-1]}")
    show(found)
    if json_to:
        json_to.write_text(json.dumps(found))


def write_minute(settings: Settings, minute: int, targets: int, scrape_seconds: int) -> None:
    """Write a segment with a minute of scrapes, some 50 series each."""
    series = all_series()
    started = round((START - timedelta(hours=5)).timestamp() * 1e6)
    scrapes = []
    for second in range(minute * 60, minute * 60 + 60, scrape_seconds):
        at = round((START + timedelta(seconds=second + 1)).timestamp() * 1e6)
        values = tuple(
            1.0 if each.kind == "gauge" else 1000.0 + second * place
            for place, each in enumerate(series, start=1)
        )
        scrapes += [
            Scrape(f"replica-{number}", "vllm", at + number, started, series, values)
            for number in range(targets)
        ]
    SegmentWriter(settings.telemetry_spool).write(scrapes)


def all_series() -> tuple[Series, ...]:
    """Return the series of one target's page and of its device."""
    series = [Series(name, "counter", model_name="m") for name in COUNTERS]
    series += [
        Series("requests_finished", "counter", model_name="m", labels=f'reason="{reason}"')
        for reason in ("stop", "length", "abort")
    ]
    for name in HISTOGRAMS:
        series += [Series(name, "histogram", "bucket", model_name="m", le=le) for le in BUCKETS]
        series += [Series(name, "histogram", part, model_name="m") for part in ("sum", "count")]
    series += [Series(name, "gauge", model_name="m") for name in GAUGES]
    series.append(Series("power_watts", "gauge", device="0", labels='provenance="measured"'))
    return (*series, up_series("up", samples="50", problems="0"))


def measure(settings: Settings) -> dict[str, float]:
    """Load what waits in another process; return its CPU seconds and megabytes."""
    answers = SPAWN.Queue()
    process = SPAWN.Process(target=load_and_tell, args=(settings.home, answers))
    process.start()
    figures: dict[str, float] = answers.get()
    process.join()
    return figures


def load_and_tell(home: Path, answers: "multiprocessing.Queue[dict[str, float]]") -> None:
    """Load what waits in a home, and put the figures into a queue."""
    before = time.process_time()
    samples = load(Settings(home)).samples
    answers.put(
        {
            "samples": samples,
            "cpu_seconds": round(time.process_time() - before, 2),
            "megabytes": resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024,
        }
    )


def show(found: Sequence[dict[str, float]]) -> None:
    """Print the means of the first minutes and of the last ones, and their ratio.

    Minute 0 makes the home, so the first minutes are 1 and 2.
    """
    early, late = found[1:3], found[-2:]
    table = Table("", "minutes 1, 2", f"minutes {len(found) - 2}, {len(found) - 1}", "ratio")
    for name in ("samples", "cpu_seconds", "megabytes"):
        first, last = (sum(each[name] for each in part) / len(part) for part in (early, late))
        table.add_row(name, f"{first:.2f}", f"{last:.2f}", f"{last / max(first, 0.01):.2f}")
    stdout.print(table)


if __name__ == "__main__":
    typer.run(main)
