"""The verb `status`: the published generation, how fresh it is, what sources and tier gave."""

import json
from datetime import date, timedelta
from typing import Annotated, Any

import typer
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import Json, stdout
from pipelines.cli.tier.health import HAS_SERVICES, describe_health, read_health
from pipelines.settings import Settings, read_settings
from pipelines.sql import read_sql

# Column headings, with the keys of `--json`.
SOURCE_COLUMNS = {
    "source": "source",
    "answers": "answers",
    "last request": "last_asked",
    "last outcome": "last_outcome",
    "rows": "rows",
    "quarantined": "set_aside",
}
SERVICE_COLUMNS = {
    "service": "service",
    "replicas": "replicas",
    "last minute": "last_minute",
    "prompt tokens": "prompt_tokens",
    "generation tokens": "generation_tokens",
    "gap minutes": "gap_minutes",
}
TARGET_COLUMNS = {
    "target": "target",
    "service": "service",
    "first minute": "first_minute",
    "last minute": "last_minute",
    "prompt tokens": "prompt_tokens",
    "generation tokens": "generation_tokens",
    "gap minutes": "gap_minutes",
    "gone since": "gone_since",
}
SCRAPE_COLUMNS = {
    "target": "target",
    "source": "source",
    "hour": "hour_at",
    "outcome": "outcome",
    "scrapes": "scrapes",
    "reason": "reason",
}
FAILED_COLUMNS = {"service": "service", "targets": "targets"} | {
    name: key for name, key in SCRAPE_COLUMNS.items() if key != "target"
}
MAPPING_COLUMNS = {
    "target": "target",
    "model": "model_name",
    "mapped to": "known_as",
    "warning": "mapping_warning",
}
MAPPED_COLUMNS = {"service": "service", "targets": "targets"} | {
    name: key for name, key in MAPPING_COLUMNS.items() if key != "target"
}


def status(
    as_json: Json = False,
    targets: Annotated[
        bool, typer.Option("--targets", help="List each target, not services alone.")
    ] = False,
) -> None:
    """Print what is published, if yesterday is in it, and what each source and service gave.

    Of the tier: targets up and down, the last token, models with a market name, and if the cost is
    known or why not, all as of the newest generation.

    Examples:

        tokentide status

        tokentide status --targets

        tokentide status --json
    """
    found = read_status(read_settings())
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        show_status(stdout, found, with_targets=targets)


def read_status(settings: Settings, today: date | None = None) -> dict[str, Any]:
    """Read the newest generation's meta row, its freshness, and totals by source and service."""
    from pipelines.archive import utc_now
    from pipelines.publish.generations import newest
    from pipelines.publish.query import records

    path = newest(settings)
    [meta] = records(path, "from meta")
    yesterday = ((today or utc_now().date()) - timedelta(days=1)).isoformat()
    # A generation from before services were known has no such tables, nor one without a tier.
    has_services = bool(records(path, HAS_SERVICES))
    tier = {
        name: records(path, read_sql(__file__, f"status_{name}")) if has_services else []
        for name in ("services", "targets", "scrapes", "mappings")
    }
    return {
        "home": str(settings.home),
        "path": str(path),
        **meta,
        # Days in ISO 8601 sort as they follow each other.
        "is_fresh": meta["last_date"] is not None and meta["last_date"] >= yesterday,
        "newest_completed_day": yesterday,
        "sources": records(path, read_sql(__file__, "status_sources")),
        "lost": records(path, read_sql(__file__, "status_archive")),
        "tier": read_health(path),
        **tier,
    }


def show_status(console: Console, status: dict[str, Any], *, with_targets: bool = False) -> None:
    """Print the status for a person: services, and their targets where these are asked for."""
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
    for what, found in describe_health(status["tier"]) if status["tier"] else ():
        console.print(f"Tier, {what}: {escape(found)}.", highlight=False)
    # Scrapes that succeeded and left nothing out need no line.
    failed = [each for each in status["scrapes"] if each["reason"]]
    if with_targets:
        targets = [{**each, "gone_since": each["gone_at"] or ""} for each in status["targets"]]
        _show_table(console, targets, TARGET_COLUMNS)
        _show_table(console, failed, SCRAPE_COLUMNS)
        _show_table(console, status["mappings"], MAPPING_COLUMNS)
    else:
        services = [{**each, "replicas": _replicas(each)} for each in status["services"]]
        _show_table(console, services, SERVICE_COLUMNS)
        _show_table(console, _by_service(failed, "scrapes"), FAILED_COLUMNS)
        _show_table(console, _by_service(status["mappings"]), MAPPED_COLUMNS)
    for lost in status["lost"]:
        console.print(
            f"[red]not in the archive[/red] {lost['what']}: {lost['reason']}", highlight=False
        )
    if status["citation"]:
        console.print(str(status["citation"]), highlight=False)


def _replicas(service: dict[str, Any]) -> str:
    if service["gone_at"]:
        return f"gone since {service['gone_at']}"
    gone = service["replicas_gone"]
    return f"{service['replicas_now']}, and {gone} gone" if gone else str(service["replicas_now"])


def _by_service(rows: list[dict[str, Any]], added: str = "") -> list[dict[str, Any]]:
    """Return one row for those of a service that differ in their target alone, with its number."""
    found: dict[tuple[Any, ...], dict[str, Any]] = {}
    for row in rows:
        kept = {name: value for name, value in row.items() if name not in ("target", added)}
        one = found.setdefault(tuple(kept.values()), {**kept, "targets": 0, added: 0})
        one["targets"] += 1
        one[added] += row.get(added, 0)
    return list(found.values())


def _show_table(console: Console, rows: list[dict[str, Any]], columns: dict[str, str]) -> None:
    if rows:
        table = Table(*columns)
        for row in rows:
            table.add_row(*(escape(str(row[key])) for key in columns.values()))
        console.print(table)
