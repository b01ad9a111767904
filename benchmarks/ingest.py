"""Benchmark of loading fourteen months of rankings, beside dlt and Dagster's DuckDB I/O manager.

Every contender runs in a separate process with a fresh database, they take turns, and each must
have loaded the same days, rows and tokens before its time counts. README.md beside this file
explains each figure.
"""

import importlib.util
import json
import os
import statistics
import sys
import tempfile
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any

import typer
from measuring.comparison import (
    Figure,
    Round,
    figures_as_json,
    limits_as_json,
    ratios_as_json,
    show,
)
from measuring.history import History, prepare
from measuring.ingest_figures import figures_of, limits, ratios_of
from measuring.timing import Measured, measure, wait_for_idle
from peers.contenders import CONTENDERS, ONE_DAY_AT_A_TIME
from reporting.machine import machine, versions
from rich.console import Console

HERE = Path(__file__).parent
MAX_TRIES = 8
PEERS = {"dlt": "dlt", "dagster": "dagster_duckdb_polars"}
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

    ratios = [ratio for ratio in ratios_of(loaded, days) if ran(ratio.peer, ratio.ours)]
    bounds = [limit for limit in limits() if ran(limit.figure)]
    others = [turn.others_share for one in found for turn in one.values()]
    return {
        "machine": machine() | versions(),
        "rounds": len(found),
        "others": (
            f"Other work used {statistics.median(others):.0%} of the CPUs meanwhile, "
            f"at most {max(others):.0%}"
        ),
        "figures": figures_as_json(
            [figure for figure in figures_of(loaded, days) if ran(figure)], found
        ),
        "ratios": ratios_as_json(ratios, found),
        "limits": limits_as_json(bounds, found),
        "notes": _notes(contenders, loaded, days),
    }


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


if __name__ == "__main__":
    typer.run(main)
