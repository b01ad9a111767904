"""What is there right now: the published generation, how fresh it is, what was asked lately."""

from datetime import date, timedelta
from typing import Any

from rich.console import Console
from rich.table import Table

from pipelines import query
from pipelines.archive import utc_now
from pipelines.publish import newest
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
        "sources": [{name: query.plain(value) for name, value in row.items()} for row in query.frame(path, SOURCES).to_dicts()],
    }


def show_status(console: Console, status: dict[str, Any]) -> None:
    """The same for a person."""
    console.print(f"[bold]Generation {status['generation']}[/bold], published {status['published_at']}: {status['path']}", soft_wrap=True)
    fresh = "[green]in[/green]" if status["is_fresh"] else "[red]not in[/red]; run `tokentide ingest market`"
    console.print(
        f"Days {status['first_date']} to {status['last_date']}; {status['newest_completed_day']}, the newest completed day, is {fresh}."
    )
    table = Table("source", "answers", "last asked", "last outcome", "rows", "set aside")
    for row in status["sources"]:
        table.add_row(*(str(row[name]) for name in ("source", "answers", "last_asked", "last_outcome", "rows", "set_aside")))
    console.print(table)
    console.print(str(status["citation"]), highlight=False)


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
