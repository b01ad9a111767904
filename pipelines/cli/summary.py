"""The report after an ingest: days that are missing, how much is known, who leads, how to query."""

from collections.abc import Sequence
from datetime import timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.ingest.days import DayStatus, Status
from pipelines.ingest.market import MarketIngest
from pipelines.publish.generations import NEWEST, newest
from pipelines.publish.query import records
from pipelines.settings import Settings
from pipelines.sources.failure import Failure
from pipelines.sql import read_sql

MAX_FAILURES = 6  # printed by name
COLOURS: dict[Status, str] = {"failed": "red", "missing": "yellow", "not offered": "yellow"}
SIMULATED = (
    "[bold magenta]SIMULATED[/bold magenta] figures: "
    "they come from the simulated market and say nothing about the real one."
)
NO_DAY = (
    "No day is loaded yet, so there is nothing to show. "
    '`tokentide sql "from ingest_log"` lists what happened.'
)


def show_days(console: Console, ingested: MarketIngest) -> None:
    """Print the days that are not loaded, with reasons, then failed requests and warnings."""
    for run in runs_of([day for day in ingested.extract.days if day.status != "loaded"]):
        status, first, last = run[0].status, run[0].date, run[-1].date
        days = f"{first}" if first == last else f"{first} to {last}, {len(run)} days:"
        console.print(
            f"[{COLOURS[status]}]{status}[/]  {days}  {escape(str(run[0].reason))}", highlight=False
        )
    # The others are reasons of days, which are printed above.
    _show_failures(console, ingested.extract.not_got)
    if absent := ingested.extract.absent:
        more = f" and {len(absent) - 1} more like it" if len(absent) > 1 else ""
        console.print(f"[yellow]not at the source[/yellow] {absent[0].what}{more}", highlight=False)
    for damaged in ingested.extract.damaged:
        console.print(
            f"[red]not in the archive[/red] {damaged.answer_id} of {damaged.source}: "
            f"{escape(damaged.reason)}",
            highlight=False,
        )
    for warning in ingested.built.warnings:
        console.print(f"[yellow]audit warns[/yellow] {escape(warning)}", highlight=False)


def runs_of(days: Sequence[DayStatus]) -> list[list[DayStatus]]:
    """Group neighbouring days that share status and reason."""
    runs: list[list[DayStatus]] = []
    for day in days:
        if runs and _continues(runs[-1][-1], day):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def show_summary(console: Console, settings: Settings) -> None:
    """Print totals of the newest generation, the five largest labs, and how to query it."""
    path = newest(settings)
    [meta] = records(path, "from meta")
    [known] = records(path, read_sql(__file__, "summary_days"))
    if meta["origin"] == "simulated":
        console.print(SIMULATED)
    if not known["days"]:
        console.print(NO_DAY)
        return
    console.print(
        f"[bold]Generation {meta['generation']}[/bold]: {known['days']} days "
        f"from {meta['first_date']} to {meta['last_date']}, "
        f"{known['missing']} missing at the source, {known['models']} models, "
        f"{format_tokens(known['week_tokens'])} tokens in the last seven days."
    )
    console.print(_leaders(records(path, read_sql(__file__, "summary_leaders"))))
    console.print(f"{meta['citation']}\n", highlight=False)
    show_how_to_query(console, settings)


def show_how_to_query(console: Console, settings: Settings) -> None:
    """Print how to query the newest generation here, in DuckDB, in Python and in a BI tool."""
    link = settings.published / NEWEST
    home = "" if settings.home == Path("var").absolute() else f"TOKENTIDE_HOME={settings.home} "
    query = "from market_share_weekly where dimension = 'country' order by week_start desc limit 24"
    connect = f"duckdb.connect('{link}', read_only=True)"
    lines = [
        f'{home}tokentide sql "{query}"',
        f"duckdb -readonly {link}",
        f"python -c \"import duckdb; print({connect}.sql('from marts.meta'))\"",
        f"a BI tool: DuckDB driver (jdbc:duckdb:{link}), read-only, tables in the schema marts",
    ]
    console.print("Query it:", style="bold")
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def as_json(ingested: MarketIngest) -> dict[str, Any]:
    """Return the report for a program."""
    extract = ingested.extract
    return {
        "run_id": extract.run_id,
        "generation": ingested.generation.number,
        "is_complete": extract.is_complete,
        "days": [
            {"date": day.date.isoformat(), "status": day.status, "reason": day.reason}
            for day in extract.days
        ],
        "failures": [
            {"what": failure.what, "reason": failure.reason} for failure in extract.failures
        ],
        "not_got": [failure.what for failure in extract.not_got],
        "damaged": [
            {"answer_id": damaged.answer_id, "source": damaged.source, "reason": damaged.reason}
            for damaged in extract.damaged
        ],
        "warnings": ingested.built.warnings,
    }


def format_tokens(count: int | None) -> str:
    """Format a number of tokens with three digits and a unit."""
    if count is None:
        return "no"
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def _continues(last: DayStatus, day: DayStatus) -> bool:
    return (last.status, last.reason, last.date + timedelta(days=1)) == (
        day.status,
        day.reason,
        day.date,
    )


def _show_failures(console: Console, failures: Sequence[Failure]) -> None:
    for failure in failures[:MAX_FAILURES]:
        console.print(
            f"[red]not got[/red] {failure.what}: {escape(failure.reason)}",
            highlight=False,
        )
    if len(failures) > MAX_FAILURES:
        console.print(
            f"[red]not got[/red] {len(failures) - MAX_FAILURES} more; "
            "marts.ingest_log lists them all"
        )


def _leaders(rows: list[dict[str, Any]]) -> Table:
    table = Table(
        "",
        "author",
        "tokens",
        "share",
        "with the unknown",
        title="The last seven days, all traffic",
        title_justify="left",
    )
    for place, row in enumerate(rows, 1):
        table.add_row(
            str(place),
            row["author_slug"],
            format_tokens(row["tokens"]),
            f"{row['share']:.1%}",
            f"to {row['share_high']:.1%}",
        )
    return table
