"""The verb `status`: the published generation, how fresh it is, and what the sources gave."""

import json
from datetime import date, timedelta
from typing import Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import Json, stdout
from pipelines.settings import Settings, read_settings
from pipelines.sql import read_sql

HAS_TARGETS = "select 1 from duckdb_tables() where table_name = 'served_tokens_minutely'"
HAS_SCRAPES = "select 1 from duckdb_tables() where table_name = 'scrape_outcomes_hourly'"
# Column headings, with the keys of `--json`.
SOURCE_COLUMNS = {
    "source": "source",
    "answers": "answers",
    "last request": "last_asked",
    "last outcome": "last_outcome",
    "rows": "rows",
    "quarantined": "set_aside",
}
TARGET_COLUMNS = {
    "target": "target",
    "first minute": "first_minute",
    "last minute": "last_minute",
    "prompt tokens": "prompt_tokens",
    "generation tokens": "generation_tokens",
    "gap minutes": "gap_minutes",
}
SCRAPE_COLUMNS = {
    "target": "target",
    "source": "source",
    "hour": "hour_at",
    "outcome": "outcome",
    "scrapes": "scrapes",
    "reason": "reason",
}
MAPPING_COLUMNS = {
    "target": "target",
    "model": "model_name",
    "mapped to": "known_as",
    "warning": "mapping_warning",
}


def status(as_json: Json = False) -> None:
    """Print what is published, if yesterday is in it, and what each source and target gave.

    Examples:

        tokentide status

        tokentide status --json
    """
    found = read_status(read_settings())
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        show_status(stdout, found)


def read_status(settings: Settings, today: date | None = None) -> dict[str, Any]:
    """Read the newest generation's meta row, its freshness, and totals by source and target."""
    from pipelines.archive import utc_now
    from pipelines.publish.generations import newest
    from pipelines.publish.query import records

    path = newest(settings)
    [meta] = records(path, "from meta")
    yesterday = ((today or utc_now().date()) - timedelta(days=1)).isoformat()
    # A generation made before telemetry was collected has no such table.
    has_targets = bool(records(path, HAS_TARGETS))
    has_scrapes = bool(records(path, HAS_SCRAPES))
    return {
        "home": str(settings.home),
        "path": str(path),
        **meta,
        # Days in ISO 8601 sort as they follow each other.
        "is_fresh": meta["last_date"] is not None and meta["last_date"] >= yesterday,
        "newest_completed_day": yesterday,
        "sources": records(path, read_sql(__file__, "status_sources")),
        "lost": records(path, read_sql(__file__, "status_archive")),
        "targets": records(path, read_sql(__file__, "status_targets")) if has_targets else [],
        "scrapes": records(path, read_sql(__file__, "status_scrapes")) if has_scrapes else [],
        "mappings": records(path, read_sql(__file__, "status_mappings")) if has_scrapes else [],
    }


def show_status(console: Console, status: dict[str, Any]) -> None:
    """Print the status for a person."""
    console.print(
        f"[bold]Generation {status['generation']}[/bold], "
        f"published {status['published_at']}: {status['path']}",
        soft_wrap=True,
    )
    days = (
        f"Days {status['first_date']} to {status['last_date']}"
        if status["first_date"]
        else "No day of the market"
    )
    fresh = (
        "[green]in[/green]"
        if status["is_fresh"]
        else "[red]not in[/red]; run `tokentide ingest market`"
    )
    console.print(
        f"{days}; {status['newest_completed_day']}, the newest completed day, is {fresh}."
    )
    _show_table(console, status["sources"], SOURCE_COLUMNS)
    _show_table(console, status["targets"], TARGET_COLUMNS)
    # Scrapes that succeeded and left nothing out need no line.
    _show_table(console, [each for each in status["scrapes"] if each["reason"]], SCRAPE_COLUMNS)
    _show_table(console, status["mappings"], MAPPING_COLUMNS)
    for lost in status["lost"]:
        console.print(
            f"[red]not in the archive[/red] {lost['what']}: {lost['reason']}", highlight=False
        )
    if status["citation"]:
        console.print(str(status["citation"]), highlight=False)


def _show_table(console: Console, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    if rows:
        table = Table(*columns)
        for row in rows:
            table.add_row(*(escape(str(row[key])) for key in columns.values()))
        console.print(table)
