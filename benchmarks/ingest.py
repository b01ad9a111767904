"""Benchmark of loading fourteen months of rankings, beside dlt and Dagster's DuckDB I/O manager.

Every contender runs in a separate process with a fresh database, they take turns, and each must
have loaded the same days, rows and tokens before its time counts. README.md beside this file
explains each figure.
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
from measuring.comparison import (
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
from measuring.history import History, prepare
from measuring.timing import Measured, measure, wait_for_idle
from peers.contenders import CONTENDERS, ONE_DAY_AT_A_TIME
from rich.console import Console

HERE = Path(__file__).parent
MAX_TRIES = 8
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
# Neither telemetry nor the settings of whoever runs this may slow or help a contender.
QUIET = {
    "RUNTIME__DLTHUB_TELEMETRY": "false",
    "RUNTIME__LOG_LEVEL": "WARNING",
    "DAGSTER_DISABLE_TELEMETRY": "1",
    "DBT_SEND_ANONYMOUS_USAGE_STATS": "false",
}

WIDTH = 150
stderr = Console(stderr=True, highlight=False)
stdout = Console(highlight=False, width=None if sys.stdout.isatty() else WIDTH)


def main(
    recordings: Annotated[
        Path | None,
        typer.Option(envvar="TOKENTIDE_RECORDINGS", help="A folder of recordings.", exists=True),
    ] = None,
    rounds: Annotated[int, typer.Option(min=1, help="Turns of every contender.")] = 5,
    days: Annotated[
        int, typer.Option(min=2, help="Days that are loaded day by day; the rest is projected.")
    ] = 40,
    all_days: Annotated[
        bool,
        typer.Option("--all-days", help="Load every day day by day; takes minutes a round."),
    ] = False,
    contender: Annotated[
        list[str] | None,
        typer.Option("--contender", "--side", help="Only this one; may be given several times."),
    ] = None,
    max_load: Annotated[
        float,
        typer.Option(
            "--max-load",
            "--calm",
            min=0,
            max=1,
            help="Repeat a turn during which other work used more of the CPUs.",
        ),
    ] = 1.0,
    json_to: Annotated[
        Path | None, typer.Option("--json", help="Write every figure of every round to this file.")
    ] = None,
    quick: Annotated[
        bool, typer.Option("--quick", help="One round of two months: shows that it works.")
    ] = False,
) -> None:
    """Load recorded rankings beside dlt and Dagster's stock approach; print times and ratios.

    Without --recordings (or TOKENTIDE_RECORDINGS) the rankings are simulated, as many of them, and
    the table says so.

    Examples:

        python benchmarks/ingest.py --recordings ../recordings --json figures.json

        python benchmarks/ingest.py --contender ours-from-dicts --contender dlt-parquet

        python benchmarks/ingest.py --quick
    """
    if unknown := set(contender or ()) - set(CONTENDERS):
        choices = ", ".join(CONTENDERS)
        raise typer.BadParameter(f"{min(unknown)!r} is no contender; choose from {choices}.")
    wanted = [name for name in contender or CONTENDERS if is_installed(name)]
    report = compare(recordings, rounds, None if all_days else days, wanted, max_load, quick=quick)
    show(report, stdout)
    if json_to:
        json_to.write_text(json.dumps(report, indent=1))


def compare(
    recordings: Path | None,
    rounds: int,
    days: int | None,
    contenders: Sequence[str],
    max_load: float,
    *,
    quick: bool,
) -> dict[str, Any]:
    """Run all rounds and return the report; `days` is None for all days."""
    with tempfile.TemporaryDirectory(
        prefix="tokentide-benchmark-", ignore_cleanup_errors=True
    ) as folder:
        history = prepare(Path(folder, "prepared"), recordings, quick)
        facts = history.facts()
        loaded = min(3 if quick and days else days or facts.days, facts.days)
        found = [
            {
                name: turn(history, Path(folder, f"round-{number}", name), name, loaded, max_load)
                for name in contenders
            }
            for number in range(1 if quick else rounds)
        ]
    origin = "recorded" if recordings else "simulated"
    return {
        "rankings": f"{origin}, {facts.days} days, {facts.rows} rows, {facts.total_tokens} tokens",
        **report_of(found, contenders, loaded, facts.days),
    }


def is_installed(contender: str) -> bool:
    """Tell whether the package that a contender needs is installed."""
    package = PEERS.get(contender.partition("-")[0])
    return package is None or importlib.util.find_spec(package) is not None


def turn(history: History, folder: Path, contender: str, days: int, max_load: float) -> Measured:
    """Run one contender, again while other work keeps the CPUs busy; return the least disturbed."""
    tries: list[Measured] = []
    while not tries or (tries[-1].others_share > max_load and len(tries) < MAX_TRIES):
        wait_for_idle(max_load)
        work = folder / f"try-{len(tries)}"
        work.mkdir(parents=True)
        arguments = [contender, str(history.folder), str(work), "--days", str(days)]
        path = os.pathsep.join([str(HERE), os.environ.get("PYTHONPATH", "")]).rstrip(os.pathsep)
        env = {**os.environ, **QUIET, "DLT_DATA_DIR": str(work), "PYTHONPATH": path}
        command = [sys.executable, "-m", "peers.contenders", *arguments]
        tries.append(measure(command, env, work / "report.json", work / "log"))
        load = f"other work used {tries[-1].others_share:.0%} of the CPUs"
        stderr.print(f"{folder.parent.name}: {contender}, {load}")
    return min(tries, key=lambda one: one.others_share)


def report_of(
    found: Sequence[Round], contenders: Sequence[str], loaded: int, days: int
) -> dict[str, Any]:
    """Return the figures, ratios and limits of contenders that ran, with the circumstances."""

    def ran(*figures: Figure) -> bool:
        return all(name in contenders for figure in figures for name in figure.contenders)

    ratios = [ratio for ratio in _ratios(loaded, days) if ran(ratio.peer, ratio.ours)]
    limits = [limit for limit in _limits() if ran(limit.figure)]
    others = [turn.others_share for one in found for turn in one.values()]
    return {
        "machine": _machine(),
        "rounds": len(found),
        "others": (
            f"Other work used {statistics.median(others):.0%} of the CPUs meanwhile, "
            f"at most {max(others):.0%}"
        ),
        "figures": figures_as_json(
            [figure for figure in _figures(loaded, days) if ran(figure)], found
        ),
        "ratios": ratios_as_json(ratios, found),
        "limits": limits_as_json(limits, found),
        "notes": _notes(contenders, loaded, days),
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
    basis = "as measured" if loaded == days else f"projected from {loaded}"
    return (
        day_by_day(f"stock Dagster, {days} days, {basis}", "dagster-in-memory", loaded, days),
        day_by_day(
            f"stock Dagster with SQLite, {days} days, {basis}", "dagster-in-sqlite", loaded, days
        ),
    )


def _figures(loaded: int, days: int) -> list[Figure]:
    published = [
        stages(f"  of which {name}", "ours-published", name)
        for name in ("load", "build and audit", "publish")
    ]
    first = [
        stages(f"{figure.what}, first time", figure.contenders[0], "load", attempt=0)
        for figure in (OURS_DICTS, OURS_BYTES, DLT_PARQUET)
    ]
    return [
        OURS_DICTS,
        OURS_BYTES,
        OURS_PUBLISHED,
        *published,
        whole("ours, archive to published, whole process", "ours-published"),
        DLT_INSERTS,
        DLT_PARQUET,
        DLT_ARROW,
        DLT_BYTES,
        *first,
        OURS_WHOLE,
        DLT_WHOLE,
        each_day("stock Dagster", "dagster-in-memory", loaded),
        each_day("stock Dagster with SQLite", "dagster-in-sqlite", loaded),
        *_stock(loaded, days),
        stages("ours, rebuild of everything again", "ours-rebuilt", "rebuild again"),
        memory("ours, rebuild of everything, largest process", "ours-rebuilt", total=False),
    ]


def _ratios(loaded: int, days: int) -> list[Ratio]:
    in_memory, in_sqlite = _stock(loaded, days)
    return [
        Ratio("the same dicts, dlt's suggested settings", DLT_PARQUET, OURS_DICTS, DLT_AIM),
        Ratio("the same dicts, dlt's default settings", DLT_INSERTS, OURS_DICTS, DLT_AIM),
        Ratio("the same bytes", DLT_BYTES, OURS_BYTES),
        Ratio("the same dicts, dlt past its normalisation", DLT_ARROW, OURS_DICTS),
        Ratio("a whole process", DLT_WHOLE, OURS_WHOLE),
        Ratio("a partition a day", in_memory, OURS_BYTES, STOCK_AIM),
        Ratio("a partition a day, runs stored", in_sqlite, OURS_BYTES, STOCK_AIM),
        Ratio(
            "not alike: a load beside a load, build, audit and publish", DLT_PARQUET, OURS_PUBLISHED
        ),
        Ratio("not alike: a partition a day beside all of ours", in_memory, OURS_PUBLISHED),
        Ratio("not alike: the same, runs stored", in_sqlite, OURS_PUBLISHED),
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


def _notes(contenders: Sequence[str], loaded: int, days: int) -> list[str]:
    missing = sorted({name.partition("-")[0] for name in CONTENDERS if not is_installed(name)})
    notes = [
        f"{name} is not installed, so it is left out; pip install -e '.[bench]' installs it."
        for name in missing
    ]
    if loaded < days and ONE_DAY_AT_A_TIME.intersection(contenders):
        notes.append(
            f"Stock Dagster loaded {loaded} of {days} days; the rest is projected from them, "
            "and --all-days measures it."
        )
    return notes


def _machine() -> dict[str, str]:
    """Describe the machine and the versions."""
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
