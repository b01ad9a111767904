"""A home of the size that we promise: two years of market, 90 days of 64 targets.

It has six million requests, all simulated (tests/support/large_home). The home ends on a fixed day
and the simulated market begins in 2025, so two years are 692 days.
"""

import json
import sys
import time
from collections.abc import Iterable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))

from support.large_home.maker import MEMORY, fill_home

from pipelines.publish.generations import publish
from pipelines.settings import Settings
from pipelines.transform.build import build
from pipelines.transform.runner import NodeResult

stdout = Console(highlight=False)


def main(
    home: Annotated[
        Path, typer.Option(help="Where to make it: an empty folder, or one that does not exist.")
    ],
    days: Annotated[int, typer.Option(min=2, max=692, help="Days of market.")] = 692,
    served_days: Annotated[int, typer.Option(min=1, help="Days of telemetry.")] = 90,
    targets: Annotated[int, typer.Option(min=1, help="Targets of the tier.")] = 64,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Make a large home, build it and publish it, and print how long each step took.

    Examples:

        python benchmarks/large_home.py --home /tmp/large-home
    """
    report = measure(Settings(home), days, served_days, targets)
    for name, value in report.items():
        stdout.print(f"{name:32} {value}")
    if json_to:
        json_to.write_text(json.dumps(report))


def measure(settings: Settings, days: int, served_days: int, targets: int) -> dict[str, float]:
    """Return the seconds of each step and of each table, and the sizes of both files."""
    started = time.perf_counter()
    fill_home(settings, days, served_days, targets)
    filled = time.perf_counter()
    # Without a limit a build takes the memory that it finds; this one shows that it needs no more.
    results = build(settings, memory=MEMORY).results
    built = time.perf_counter()
    generation = publish(settings)
    published = time.perf_counter()
    return {
        "days of market": days,
        "days of telemetry": served_days,
        "targets": targets,
        "seconds to make it": round(filled - started, 1),
        "seconds to build and audit": round(built - filled, 1),
        "seconds to publish": round(published - built, 1),
        "warehouse MB": round(settings.warehouse.stat().st_size / 1e6),
        "published MB": round(generation.path.stat().st_size / 1e6),
        **seconds_of_nodes(results),
    }


def seconds_of_nodes(results: Iterable[NodeResult]) -> dict[str, float]:
    """Return the seconds of each table and check of a build, the longest first."""
    took = {result.node.name: round(result.seconds, 2) for result in results}
    return dict(sorted(took.items(), key=lambda one: -one[1]))


if __name__ == "__main__":
    typer.run(main)
