"""Idle cost of the whole product: CPU and memory of `tokentide up` once it has settled.

The market is simulated, since nothing may be asked of others. CPU time is that which the kernel
counts for each process, so that other work on the machine does not change it.
"""

import json
import os
import signal
import subprocess
import sys
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Annotated

import typer
from processes import ProcessUse, cpu_between, uses
from rich.console import Console
from rich.table import Table

stdout, stderr = Console(highlight=False), Console(stderr=True, highlight=False)

# Words of a command, and the part of the product that it is; the first that fits counts.
PARTS = (
    ("pipelines up ", "supervisor"),
    ("pipelines simulate ", "simulated market"),
    ("pipelines dashboard ", "dashboard"),
    ("pipelines ingest telemetry ", "publishing"),
    ("pipelines collect", "collector"),
    ("pipelines serve ", "inference server"),
    ("models.", "inference server"),
    ("dagster._daemon", "Dagster: daemon"),
    ("dagster_server", "Dagster: page"),
    ("dagster", "Dagster: code server and runs"),
)
TOKENTIDE = (sys.executable, "-m", "pipelines")
READY = "Everything runs until you press Ctrl-C."
UNREACHABLE = "http://127.0.0.1:9/api/v1"
MAX_START_SECONDS = 600.0
# Without Dagster, and with it: half of what it was. In percent of a core, and megabytes.
AIMS = {False: (2.0, 500.0), True: (2.3, 523.5)}
SUMS = {False: "without Dagster", True: "all of it"}


def main(
    settle_seconds: Annotated[float, typer.Option(help="Seconds from ready to the start.")] = 120,
    seconds: Annotated[float, typer.Option(help="Seconds to measure.")] = 300,
    tier: Annotated[bool, typer.Option("--tier", help="Serve the shipped model too.")] = False,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
) -> None:
    """Run the product, let it settle, and print what each part of it costs.

    Examples:

        python benchmarks/limits/idle.py

        python benchmarks/limits/idle.py --tier
    """
    with TemporaryDirectory() as folder, run_product(Path(folder), tier=tier) as process:
        time.sleep(settle_seconds)
        before = uses(process.pid)
        start = time.monotonic()
        time.sleep(seconds)
        after = uses(process.pid)
        parts = by_part(before, after, time.monotonic() - start)
    show(parts)
    if json_to:
        aims = {SUMS[has_dagster]: aim for has_dagster, aim in AIMS.items()}
        json_to.write_text(json.dumps({"parts": parts, "aims": aims, "tier": tier}))


@contextmanager
def run_product(folder: Path, *, tier: bool) -> Iterator["subprocess.Popen[bytes]"]:
    """Run `tokentide up` until the block ends; yield it once all of it answers."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TOKENTIDE_")}
    own = {"TOKENTIDE_HOME": str(folder / "home"), "TOKENTIDE_OPENROUTER_URL": UNREACHABLE}
    ports = ("--port", "13000", "--dashboard-port", "18050", "--tier-port", "18000")
    options = ("--no-load",) if tier else ("--no-tier",)
    log = folder / "log"
    with log.open("wb") as output:
        process = subprocess.Popen(
            # A shell starts jobs in the background with Ctrl-C ignored.
            ["/usr/bin/env", "--default-signal=INT,TERM", *TOKENTIDE, "up", *ports, *options],
            env={**kept, **own},
            cwd=folder,
            stdout=output,
            stderr=output,
        )
    try:
        end = time.monotonic() + MAX_START_SECONDS
        while READY not in log.read_text(errors="replace"):
            if process.poll() is not None or time.monotonic() > end:
                raise SystemExit(f"The product did not start:\n{log.read_text()[-3000:]}")
            time.sleep(1)
        stderr.print(log.read_text(errors="replace"))
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.wait(60)


def part_of(words: Sequence[str]) -> str:
    """Return the part of the product that a command is."""
    line = " ".join(words)
    return next((part for word, part in PARTS if word in line), "others")


def by_part(
    before: dict[int, ProcessUse], after: dict[int, ProcessUse], seconds: float
) -> dict[str, dict[str, float]]:
    """Add up processes, percent of a core and megabytes by the part of the product."""
    cpu = cpu_between(before, after)
    parts: dict[str, dict[str, float]] = defaultdict(lambda: dict.fromkeys(FIGURES, 0.0))
    for pid, use in after.items():
        found = parts[part_of(use.words)]
        found["processes"] += 1
        found["percent"] += 100 * cpu[pid] / seconds
        found["megabytes"] += use.megabytes
    return dict(parts)


FIGURES = ("processes", "percent", "megabytes")


def show(parts: dict[str, dict[str, float]]) -> None:
    """Print each part, and the sums without Dagster and with it, beside their aims."""
    table = Table("", "processes", "% of a core", "MB", "aim")
    for name, found in sorted(parts.items()):
        table.add_row(name, *(f"{found[figure]:.1f}" for figure in FIGURES), "")
    for has_dagster, (percent, megabytes) in AIMS.items():
        counted = [
            found for name, found in parts.items() if has_dagster or not name.startswith("Dagster")
        ]
        sums = [sum(found[figure] for found in counted) for figure in FIGURES]
        aim = f"{percent} %, {megabytes} MB"
        table.add_row(SUMS[has_dagster], *(f"{each:.1f}" for each in sums), aim)
    stdout.print(table)


if __name__ == "__main__":
    typer.run(main)
