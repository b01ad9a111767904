"""What is there right now: the published generation, how fresh it is, what was asked lately."""

from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines.archive import utc_now
from pipelines.publish import query
from pipelines.publish.generations import newest
from pipelines.settings import Settings


def read_status(settings: Settings, today: date | None = None) -> dict[str, Any]:
    """The newest generation's meta row, whether yesterday (UTC) is in it, and the latest answers of each source."""
    path = newest(settings)
    [meta] = query.frame(path, "from meta").to_dicts()
    yesterday = (today or utc_now().date()) - timedelta(days=1)
    return {
        "home": str(settings.home),
        "path": str(path),
        **{name: query.plain(value) for name, value in meta.items()},
        "is_fresh": meta["last_date"] is not None and meta["last_date"] >= yesterday,
        "newest_completed_day": yesterday.isoformat(),
        "sources": _rows(path, SOURCES),
        # A generation from before there was telemetry has no such table.
        "targets": _rows(path, TARGETS) if _rows(path, HAS_TARGETS) else [],
    }


def _rows(path: Path, text: str) -> list[dict[str, Any]]:
    return [
        {name: query.plain(value) for name, value in row.items()}
        for row in query.frame(path, text).to_dicts()
    ]


def show_status(console: Console, status: dict[str, Any]) -> None:
    """The same for a person."""
    console.print(
        f"[bold]Generation {status['generation']}[/bold], published {status['published_at']}: {status['path']}",
        soft_wrap=True,
    )
    fresh = (
        "[green]in[/green]"
        if status["is_fresh"]
        else "[red]not in[/red]; run `tokentide ingest market`"
    )
    days = (
        f"Days {status['first_date']} to {status['last_date']}"
        if status["first_date"]
        else "No day of the market"
    )
    console.print(
        f"{days}; {status['newest_completed_day']}, the newest completed day, is {fresh}."
    )
    _show_table(
        console,
        status["sources"],
        ("source", "answers", "last_asked", "last_outcome", "rows", "set_aside"),
    )
    _show_table(
        console,
        status["targets"],
        (
            "target",
            "first_minute",
            "last_minute",
            "prompt_tokens",
            "generation_tokens",
            "gap_minutes",
        ),
    )
    if status["citation"]:
        console.print(str(status["citation"]), highlight=False)


def _show_table(console: Console, rows: list[dict[str, Any]], names: tuple[str, ...]) -> None:
    if rows:
        table = Table(*(name.replace("_", " ") for name in names))
        for row in rows:
            table.add_row(*(str(row[name]) for name in names))
        console.print(table)


SOURCES = """
    select
        source,
        count(*) as answers,
        max(fetched_at) as last_asked,
        arg_max(outcome, fetched_at) as last_outcome,
        sum(rows)::bigint as rows,
        count(*) filter (where outcome in ('partial', 'quarantined', 'unreadable', 'broken')) as set_aside
    from ingest_log
    group by source
    order by source
"""

HAS_TARGETS = "select 1 from duckdb_tables() where table_name = 'served_tokens_minutely'"
TARGETS = """
    select
        target,
        min(minute_at) as first_minute,
        max(minute_at) as last_minute,
        sum(prompt_tokens)::bigint as prompt_tokens,
        sum(generation_tokens)::bigint as generation_tokens,
        count(distinct minute_at) filter (where is_gap) as gap_minutes
    from served_tokens_minutely
    group by target
    order by target
"""
