"""CPU seconds and memory of loading each minute of an hour, for a large tier.

Each minute is its own segment, loaded by a fresh process, as it is when telemetry is loaded
minute by minute. What is new is the same in every minute, so its cost should be too.
"""

import json
import multiprocessing
import resource
import time
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from measuring.segments import write_minute
from rich.console import Console
from rich.table import Table

from pipelines.ingest.telemetry import load
from pipelines.settings import Settings

stdout, stderr = Console(highlight=False), Console(stderr=True, highlight=False)

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
            write_minute(settings.telemetry_spool, minute, targets, scrape_seconds)
            found.append(measure(settings))
            stderr.print(f"minute {minute}: {found[-1]}")
    show(found)
    if json_to:
        json_to.write_text(json.dumps(found))


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
