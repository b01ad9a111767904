"""Reads a second, failed and mixed reads of three readers while ten generations are published.

Every generation gets a number in two tables, the first and last in the order in which tables are
copied, and in every row of a third. A reader that sees two numbers in one connection has seen a
mixed generation. Each reader also keeps one connection open, which must stay with the generation
that it was opened on, although its file is removed meanwhile.
"""

import json
import multiprocessing
import os
import statistics
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass, field
from multiprocessing.synchronize import Event
from pathlib import Path
from typing import Annotated, Any

import duckdb
import typer
from measuring.history import prepare
from rich.console import Console

from pipelines.errors import TokentideError
from pipelines.ingest.market import load_archive
from pipelines.publish.generations import newest, publish
from pipelines.settings import Settings
from pipelines.transform.build import build
from warehouse.connection import open_published, session

stdout = Console(highlight=False)

STAMPED = (
    "select generation from meta union all from aaa_stamp "
    "union all select distinct generation from mmm_rows union all from zzz_stamp"
)
FIGURES = "select count(*), sum(total_tokens)::bigint from market_tokens_daily"


@dataclass
class Reads:
    """Reads, failures and generations of one reader."""

    opened: int = 0
    failures: list[str] = field(default_factory=list)
    mixed: int = 0
    strayed: int = 0
    """Reads of the connection kept open that came from another generation than its own."""
    generations: set[int] = field(default_factory=set)
    seconds: list[float] = field(default_factory=list)


def main(
    publishes: Annotated[int, typer.Option(min=1, help="Generations to publish.")] = 10,
    readers: Annotated[int, typer.Option(min=1, help="Processes that read meanwhile.")] = 3,
    recordings: Annotated[
        Path | None,
        typer.Option(envvar="TOKENTIDE_RECORDINGS", help="A folder of recordings.", exists=True),
    ] = None,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write the figures to this file.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="Two months of rankings instead of fourteen.")
    ] = False,
) -> None:
    """Publish while readers open, read and close; exit code 0 only if no read failed or was mixed.

    Examples:

        python benchmarks/publish_readers.py

        python benchmarks/publish_readers.py --publishes 50 --readers 8 --json readers.json
    """
    with tempfile.TemporaryDirectory(prefix="tokentide-benchmark-") as folder:
        prepare(Path(folder), recordings, quick)
        settings = Settings(Path(folder, "history"))
        load_archive(settings)
        build(settings)
        _publish_stamped(settings, 1)
        with _reading(settings, readers) as results:
            started = time.perf_counter()
            took = [_publish_stamped(settings, number) for number in range(2, publishes + 2)]
            elapsed = time.perf_counter() - started
    report = _report(results, took, elapsed)
    for name, value in report.items():
        stdout.print(f"{name:42} {value}")
    if json_to:
        json_to.write_text(
            json.dumps(
                {
                    **report,
                    "readers": [
                        asdict(one) | {"generations": sorted(one.generations)} for one in results
                    ],
                }
            )
        )
    raise typer.Exit(
        0
        if report["failed reads"] == report["mixed reads"] == report["strayed connections"] == 0
        else 1
    )


def _publish_stamped(settings: Settings, number: int) -> float:
    """Write the next generation's number into the marts; return the seconds of publishing."""
    stamp = f"select {number}::integer as generation"
    with session(settings.warehouse) as con:
        for name, rows in (("aaa_stamp", 1), ("zzz_stamp", 1), ("mmm_rows", 100_000)):
            con.execute(f"create or replace table marts.{name} as {stamp} from range({rows})")
    started = time.perf_counter()
    publish(settings)
    return time.perf_counter() - started


@contextmanager
def _reading(settings: Settings, readers: int) -> Iterator[list[Reads]]:
    """Run readers while the block runs; the list has their reads once it is over."""
    processes = multiprocessing.get_context("spawn")
    stop, begun, results = processes.Event(), processes.Semaphore(0), processes.SimpleQueue()
    found: list[Reads] = []
    started = [
        processes.Process(target=_read, args=(settings, stop, begun, results))
        for _ in range(readers)
    ]
    for process in started:
        process.start()
    for _ in started:
        begun.acquire()
    try:
        yield found
    finally:
        stop.set()
        found.extend(results.get() for _ in started)
        for process in started:
            process.join()


def _read(settings: Settings, stop: Event, begun: Any, results: Any) -> None:
    """Read until the event is set."""
    reads = Reads()
    with open_published(newest(settings)) as kept:
        [own] = _stamps(kept)
        begun.release()
        while not stop.is_set():
            started = time.perf_counter()
            try:
                reads.generations |= _read_once(settings, reads)
                reads.strayed += _stamps(kept) != {own}
            except (duckdb.Error, OSError, TokentideError) as error:
                reads.failures.append(f"{type(error).__name__}: {error}")
            reads.seconds.append(time.perf_counter() - started)
    results.put(reads)


def _read_once(settings: Settings, reads: Reads) -> set[int]:
    """Open the newest generation, read its number, figures, and its number again."""
    reads.opened += 1
    with open_published(newest(settings)) as con:
        before = _stamps(con)
        con.sql(FIGURES).fetchall()
        seen = before | _stamps(con)
    reads.mixed += len(seen) != 1
    return seen


def _stamps(con: duckdb.DuckDBPyConnection) -> set[int]:
    return {number for (number,) in con.sql(STAMPED).fetchall()}


def _report(results: list[Reads], took: list[float], elapsed: float) -> dict[str, Any]:
    seconds = sorted(one for reads in results for one in reads.seconds)
    return {
        "cores": len(os.sched_getaffinity(0)),
        "readers": len(results),
        "publishes": len(took),
        "seconds of publishing and stamping": round(elapsed, 2),
        "seconds a publish, median": round(statistics.median(took), 3),
        "reads": len(seconds),
        "reads a second, all readers": round(len(seconds) / elapsed, 1),
        "milliseconds a read, median": round(statistics.median(seconds) * 1000, 1),
        "milliseconds a read, 99 of 100": round(seconds[int(len(seconds) * 0.99)] * 1000, 1),
        "failed reads": sum(len(reads.failures) for reads in results),
        "mixed reads": sum(reads.mixed for reads in results),
        "strayed connections": sum(reads.strayed for reads in results),
        "generations seen": len(set().union(*(reads.generations for reads in results))),
    }


if __name__ == "__main__":
    typer.run(main)
