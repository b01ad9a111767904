"""CPU seconds of what is new: an hour of telemetry, a day of the market, on homes of several ages.

Each home has 64 targets and as many days of telemetry as asked for (tests/support/large_home). Then
one more hour is loaded, built, audited and published, as the sensor does it, and one more day of
the market. What is new is the same on all homes, so its cost should be too.
"""

import json
import resource
import sys
import time
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

sys.path.insert(0, str(Path(__file__).resolve().parents[2] / "tests"))

from support.large_home.maker import MEMORY, NOW, fill_home, next_market_day

from pipelines.ingest.market import load_archive
from pipelines.ingest.telemetry import load
from pipelines.publish.generations import publish
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.metrics.normalise import up_series
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.transform.build import build
from warehouse.connection import session

stdout = Console(highlight=False)

SCRAPE_SECONDS = 15
# Those that the home has already, so that nothing of the past changes.
COUNTERS = {
    "prompt_tokens": "",
    "generation_tokens": "",
    "cached_prompt_tokens": "",
    "preemptions": "",
    "requests_finished": 'reason="stop"',
    "prefix_queries": "",
    "prefix_hits": "",
}
GAUGES = ("requests_running", "requests_waiting", "cache_usage")


def main(
    home: Annotated[Path, typer.Option(help="Folder for the homes; they are made if missing.")],
    days: Annotated[
        list[int] | None, typer.Option(help="Days of telemetry of each home; 12 and 90.")
    ] = None,
    targets: Annotated[int, typer.Option(min=1, help="Targets of the tier.")] = 64,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Measure the CPU seconds of one more hour and one more day on homes of several ages.

    Examples:

        python benchmarks/sources/news.py --home homes

        python benchmarks/sources/news.py --home homes --days 3 --days 6 --targets 8
    """
    found = {
        age: measure(Settings(home / f"{age}-{targets}"), age, targets) for age in days or [12, 90]
    }
    show(found)
    if json_to:
        json_to.write_text(json.dumps(found))


def measure(settings: Settings, days: int, targets: int) -> dict[str, float]:
    """Return CPU seconds of each step on a home of this age."""
    if not settings.warehouse.exists():
        fill_home(settings, 60, days, targets)
    figures = {"a whole build": cpu_seconds(lambda: build(settings, memory=MEMORY, is_whole=True))}
    publish(settings)
    SegmentWriter(settings.telemetry_spool).write(list(next_hour(settings)))
    figures["an hour: load"] = cpu_seconds(lambda: load(settings))
    figures["an hour: build and audit"] = cpu_seconds(lambda: build(settings, memory=MEMORY))
    figures["an hour: publish"] = cpu_seconds(lambda: publish(settings))
    next_market_day(settings)
    figures["a market day: load"] = cpu_seconds(lambda: load_archive(settings))
    figures["a market day: build and audit"] = cpu_seconds(lambda: build(settings, memory=MEMORY))
    figures["a market day: publish"] = cpu_seconds(lambda: publish(settings))
    figures["nothing new: build and audit"] = cpu_seconds(lambda: build(settings, memory=MEMORY))
    return figures


def next_hour(settings: Settings) -> Iterator[Scrape]:
    """Yield an hour of scrapes of each target, from where its ledger ends."""
    with session(settings.warehouse) as con:
        served = con.sql(
            "select distinct target, model_name from ledger.counter_minutes order by all"
        ).fetchall()
        [(last,)] = con.sql("select max(scraped_at) from ledger.scrapes").fetchall()
    start = max(last, NOW) + timedelta(seconds=SCRAPE_SECONDS)
    for number in range(3600 // SCRAPE_SECONDS):
        at = start + timedelta(seconds=number * SCRAPE_SECONDS)
        for target, model in served:
            values = {
                Series(name, "counter", model_name=model, labels=labels): 1e6 + 10.0 * number
                for name, labels in COUNTERS.items()
            }
            values |= {Series(name, "gauge", model_name=model): 1.0 for name in GAUGES}
            values |= {
                Series("power_watts", "gauge", device="0", labels='provenance="measured"'): 300.0,
                up_series("up", samples="50", problems="0"): 1.0,
            }
            stamp, started = (round(each.timestamp() * 1e6) for each in (at, start))
            yield Scrape(target, "vllm", stamp, started, tuple(values), tuple(values.values()))


def cpu_seconds(work: Callable[[], object]) -> float:
    """Return the CPU seconds that this process and its children spend on some work."""
    before = spent()
    work()
    return round(spent() - before, 2)


def spent() -> float:
    """Return the CPU seconds of this process and of its children that ended."""
    children = resource.getrusage(resource.RUSAGE_CHILDREN)
    return time.process_time() + children.ru_utime + children.ru_stime


def show(found: dict[int, dict[str, float]]) -> None:
    """Print a row for each step, and the ratio of the last home to the first."""
    table = Table("CPU seconds", *(f"{age} days" for age in found), "ratio")
    first, *_, last = found.values()
    for step in first:
        ratio = last[step] / max(first[step], 0.01)
        table.add_row(step, *(f"{each[step]:.2f}" for each in found.values()), f"{ratio:.2f}")
    stdout.print(table)


if __name__ == "__main__":
    typer.run(main)
