"""Loads fourteen months of the daily board, from archive to published, beside dlt into DuckDB and Dagster's stock DuckDB I/O manager.

Every side runs in a process and a database of its own, the sides take turns, and each must have loaded the same days, rows and tokens
before its time counts. README.md beside this file says what each figure means.
"""

import importlib.util
import json
import os
import platform
import statistics
import sys
import tempfile
from collections.abc import Sequence
from importlib.metadata import distributions, version
from pathlib import Path
from typing import Annotated, Any

import typer
from comparison import (
    Figure,
    Limit,
    Ratio,
    Round,
    day_by_day,
    each_day,
    figures_as_json,
    limits_as_json,
    memory,
    ratios_as_json,
    show,
    stages,
    whole,
)
from history import History, prepare
from rich.console import Console
from sides import ONE_DAY_AT_A_TIME, SIDES
from stopwatch import Measured, await_calm, measure

HERE = Path(__file__).parent
TRIES = 8
DLT_AIM, STOCK_AIM, REBUILD_SECONDS, REBUILD_MIB = 10.0, 20.0, 20.0, 1024.0
PEERS = {"dlt": "dlt", "dagster": "dagster_duckdb_polars"}
VERSIONS = (
    "tokentide",
    "duckdb",
    "polars",
    "pyarrow",
    "dbt-core",
    "dbt-duckdb",
    "dlt",
    "dagster",
    "dagster-duckdb-polars",
)
# No side may be slowed, or helped, by what it tells its makers or by settings of whoever runs this.
QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false", "RUNTIME__LOG_LEVEL": "WARNING",
    "DAGSTER_DISABLE_TELEMETRY": "1", "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}  # fmt: skip

WIDTH = 150
messages = Console(stderr=True, highlight=False)
answers = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def main(
    recordings: Annotated[
        Path | None,
        typer.Option(envvar="TOKENTIDE_RECORDINGS", help="A folder of recordings.", exists=True),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="How often every side takes its turn.")] = 5,
    days: Annotated[
        int, typer.Option(min=2, help="Days that the day-by-day side loads; others are reckoned.")
    ] = 40,
    all_days: Annotated[
        bool,
        typer.Option(
            "--all-days", help="Let the day-by-day side load every day; takes minutes a round."
        ),
    ] = False,
    side: Annotated[
        list[str] | None, typer.Option(help="Only this side; may be given several times.")
    ] = None,
    calm: Annotated[
        float,
        typer.Option(
            min=0, max=1, help="Repeat a turn in which others used more of the processors."
        ),
    ] = 1.0,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write every figure of every round to this file.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of two months: shows that it works, no more.")
    ] = False,
) -> None:
    """Load the recorded history beside dlt and Dagster's stock approach, and print what it took and the ratios.

    Without --recordings (or TOKENTIDE_RECORDINGS) the stand-in market invents a history of the same size, and the table says so.

    Examples:

        python benchmarks/ingest.py --recordings ../recordings --json figures.json

        python benchmarks/ingest.py --rounds 3 --side ours-from-dicts --side dlt-parquet

        python benchmarks/ingest.py --quick
    """
    if unknown := set(side or ()) - set(SIDES):
        raise typer.BadParameter(f"{min(unknown)!r} is no side; choose from {', '.join(SIDES)}.")
    with tempfile.TemporaryDirectory(
        prefix="tokentide-benchmark-", ignore_cleanup_errors=True
    ) as folder:
        history = prepare(Path(folder, "prepared"), recordings, quick)
        facts = history.facts()
        loaded = facts.days if all_days else min(3 if quick else days, facts.days)
        sides = [name for name in SIDES if name in (side or SIDES) and _is_installed(name)]
        found = [
            _round(history, Path(folder, f"round-{number}"), sides, loaded, calm)
            for number in range(1 if quick else rounds)
        ]
    said = f"{'recorded' if recordings else 'invented'}, {facts.days} days, {facts.rows} rows, {facts.total_tokens} tokens"
    report = {"history": said, **_report(found, sides, loaded, facts.days)}
    show(report, answers)
    if json_to:
        json_to.write_text(json.dumps(report, indent=1))


def _is_installed(side: str) -> bool:
    package = PEERS.get(side.partition("-")[0])
    return package is None or importlib.util.find_spec(package) is not None


def _round(history: History, folder: Path, sides: Sequence[str], days: int, calm: float) -> Round:
    return {side: _turn(history, folder / side, side, days, calm) for side in sides}


def _turn(history: History, folder: Path, side: str, days: int, calm: float) -> Measured:
    """Run one side; where others kept the processors busy, again, and after the last try the calmest of them counts."""
    tries: list[Measured] = []
    while not tries or (tries[-1].others_share > calm and len(tries) < TRIES):
        await_calm(calm)
        work = folder / f"try-{len(tries)}"
        work.mkdir(parents=True)
        command = [
            sys.executable,
            str(HERE / "sides.py"),
            side,
            str(history.folder),
            str(work),
            "--days",
            str(days),
        ]
        tries.append(
            measure(
                command,
                {**os.environ, **QUIET, "DLT_DATA_DIR": str(work)},
                work / "report.json",
                work / "log",
            )
        )
        messages.print(
            f"{folder.parent.name}: {side}, {tries[-1].others_share:.0%} of the processors used by others"
        )
    return min(tries, key=lambda one: one.others_share)


def _report(found: Sequence[Round], sides: Sequence[str], loaded: int, days: int) -> dict[str, Any]:
    """All figures, ratios and limits for which the sides were run, and under which circumstances."""

    def ran(*figures: Figure) -> bool:
        return all(side in sides for figure in figures for side in figure.sides)

    ratios = [ratio for ratio in _ratios(loaded, days) if ran(ratio.peer, ratio.ours)]
    limits = [limit for limit in _limits() if ran(limit.figure)]
    others = [turn.others_share for one in found for turn in one.values()]
    return {
        "machine": _machine(),
        "rounds": len(found),
        "others": f"used {statistics.median(others):.0%} of the processors meanwhile, at most {max(others):.0%}",
        "figures": figures_as_json(
            [figure for figure in _figures(loaded, days) if ran(figure)], found
        ),
        "ratios": ratios_as_json(ratios, found),
        "limits": limits_as_json(limits, found),
        "notes": _notes(sides, loaded, days),
    }


OURS_DICTS = stages("ours, dicts to tables", "ours-from-dicts")
OURS_BYTES = stages("ours, archive to tables", "ours-from-bytes")
OURS_WHOLE = whole("ours, archive to tables, whole process", "ours-from-bytes")
OURS_PUBLISHED = stages("ours, archive to published", "ours-published")
DLT_INSERTS = stages("dlt, defaults, dicts to tables", "dlt-insert-values", "load")
DLT_PARQUET = stages("dlt, parquet, dicts to tables", "dlt-parquet", "load")
DLT_BYTES = stages("dlt, parquet, bytes to tables", "dlt-parquet")
DLT_ARROW = stages("dlt, dicts by Arrow to tables", "dlt-arrow", "load")
DLT_WHOLE = whole("dlt, parquet, whole process", "dlt-parquet")


def _stock(loaded: int, days: int) -> tuple[Figure, Figure]:
    said = "as measured" if loaded == days else f"reckoned from {loaded}"
    return (
        day_by_day(f"stock Dagster, {days} days, {said}", "dagster-in-memory", loaded, days),
        day_by_day(
            f"stock Dagster with SQLite, {days} days, {said}", "dagster-in-sqlite", loaded, days
        ),
    )


def _figures(loaded: int, days: int) -> list[Figure]:
    published = [
        stages(f"  of which {name}", "ours-published", name)
        for name in ("land", "build and audit", "publish")
    ]
    first = [
        stages(f"{figure.what}, first time", figure.sides[0], "load", attempt=0)
        for figure in (OURS_DICTS, OURS_BYTES, DLT_PARQUET)
    ]
    return [
        OURS_DICTS, OURS_BYTES, OURS_PUBLISHED, *published, whole("ours, archive to published, whole process", "ours-published"),
        DLT_INSERTS, DLT_PARQUET, DLT_ARROW, DLT_BYTES, *first, OURS_WHOLE, DLT_WHOLE,
        each_day("stock Dagster", "dagster-in-memory", loaded), each_day("stock Dagster with SQLite", "dagster-in-sqlite", loaded),
        *_stock(loaded, days),
        stages("ours, rebuild of everything again", "ours-rebuilt", "rebuild again"),
        memory("ours, rebuild of everything, largest process", "ours-rebuilt", total=False),
    ]  # fmt: skip


def _ratios(loaded: int, days: int) -> list[Ratio]:
    in_memory, in_sqlite = _stock(loaded, days)
    return [
        Ratio("the same dicts, dlt's suggested settings", DLT_PARQUET, OURS_DICTS, DLT_AIM),
        Ratio("the same dicts, dlt's default settings", DLT_INSERTS, OURS_DICTS, DLT_AIM),
        Ratio("the same bytes", DLT_BYTES, OURS_BYTES),
        Ratio("the same dicts, dlt past its normalisation", DLT_ARROW, OURS_DICTS),
        Ratio("a process of its own", DLT_WHOLE, OURS_WHOLE),
        Ratio("a partition a day", in_memory, OURS_BYTES, STOCK_AIM),
        Ratio("a partition a day, runs remembered", in_sqlite, OURS_BYTES, STOCK_AIM),
        Ratio(
            "not alike: a load beside a load, build, audit and publish", DLT_PARQUET, OURS_PUBLISHED
        ),
        Ratio("not alike: a partition a day beside all of ours", in_memory, OURS_PUBLISHED),
        Ratio("not alike: the same, runs remembered", in_sqlite, OURS_PUBLISHED),
    ]


def _limits() -> list[Limit]:
    return [
        Limit(stages("ours, rebuild of everything", "ours-rebuilt", "rebuild"), REBUILD_SECONDS),
        Limit(
            memory(
                "ours, rebuild of everything, all processes together", "ours-rebuilt", total=True
            ),
            REBUILD_MIB,
        ),
    ]


def _notes(sides: Sequence[str], loaded: int, days: int) -> list[str]:
    missing = sorted({name.partition("-")[0] for name in SIDES if not _is_installed(name)})
    notes = [
        f"{name} is not installed, so it is left out; pip install -e '.[bench]' brings it."
        for name in missing
    ]
    if loaded < days and ONE_DAY_AT_A_TIME.intersection(sides):
        notes.append(
            f"Stock Dagster loaded {loaded} of {days} days; the rest is reckoned from them, and --all-days measures it."
        )
    return notes


def _machine() -> dict[str, str]:
    """What this ran on."""
    cpus = Path("/proc/cpuinfo").read_text() if Path("/proc/cpuinfo").exists() else ""
    models = [
        line.partition(":")[2].strip()
        for line in cpus.splitlines()
        if line.startswith("model name")
    ]
    return {
        "processor": models[0] if models else platform.machine(),
        "cores": str(len(os.sched_getaffinity(0))),
        "memory": f"{os.sysconf('SC_PAGE_SIZE') * os.sysconf('SC_PHYS_PAGES') >> 30} GiB",
        "Python": platform.python_version(),
        **{name: version(name) for name in VERSIONS if name in _installed()},
    }


def _installed() -> set[str]:
    return {found.metadata["Name"] for found in distributions()}


if __name__ == "__main__":
    typer.run(main)
