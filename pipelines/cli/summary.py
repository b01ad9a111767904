"""What a person wants to know after an ingest: how much there is, who leads, and how to ask for more."""

from collections.abc import Sequence
from datetime import date, timedelta
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from pipelines.ingest.days import DayStatus, Failure, Status
from pipelines.ingest.market import MarketIngest
from pipelines.publish import query
from pipelines.publish.generations import newest
from pipelines.settings import Settings

FEW = 6


def show_days(console: Console, ingested: MarketIngest) -> None:
    """Every asked-for day that is not in, in runs of neighbours with one reason, and the requests that failed."""
    colours: dict[Status, str] = {"failed": "red", "missing": "yellow", "not offered": "yellow"}
    for run in runs_of([day for day in ingested.extract.days if day.status != "loaded"]):
        status, first, last = run[0].status, run[0].date, run[-1].date
        span = f"{first}" if first == last else f"{first} to {last}, {len(run)} days:"
        console.print(
            f"[{colours[status]}]{status}[/]  {span}  {escape(str(run[0].reason))}", highlight=False
        )
    _show_failures(
        console, [failure for failure in ingested.extract.failures if failure.start is None]
    )
    for warning in ingested.built.warnings:
        console.print(f"[yellow]audit warns[/yellow] {escape(warning)}", highlight=False)


def runs_of(days: Sequence[DayStatus]) -> list[list[DayStatus]]:
    """Days in runs of neighbours that share status and reason."""
    runs: list[list[DayStatus]] = []
    for day in days:
        last = runs[-1][-1] if runs else None
        if (
            last
            and (last.status, last.reason) == (day.status, day.reason)
            and day.date - last.date == timedelta(days=1)
        ):
            runs[-1].append(day)
        else:
            runs.append([day])
    return runs


def show_summary(console: Console, settings: Settings) -> None:
    """Days, models, tokens of the last whole week, the five largest labs, the generation, and how to query."""
    path = newest(settings)
    meta, days, leaders = (query.frame(path, sql).to_dicts() for sql in (META, DAYS, LEADERS))
    if meta[0]["origin"] == "simulated":
        console.print(
            "[bold magenta]SIMULATED[/bold magenta] figures of the stand-in market; they say nothing about the real one."
        )
    counted = days[0]
    if not counted["days"]:
        console.print(
            'No day has got through yet, so there is nothing to show. What happened is in `tokentide sql "from ingest_log"`.'
        )
        return
    console.print(
        f"[bold]Generation {meta[0]['generation']}[/bold]: {counted['days']} days from {meta[0]['first_date']} to {meta[0]['last_date']}, "
        f"{counted['missing']} missing at the source, {counted['models']} models, "
        f"{_tokens(counted['week_tokens'])} tokens in the last seven days."
    )
    console.print(_leaders(leaders))
    console.print(f"{meta[0]['citation']}\n", highlight=False)
    show_how_to_query(console, settings)


def show_how_to_query(console: Console, settings: Settings) -> None:
    """How to open the newest generation from here, the DuckDB command line, Python and a BI tool."""
    link = settings.published / "tokentide.duckdb"
    home = "" if settings.home == Path("var").absolute() else f"TOKENTIDE_HOME={settings.home} "
    lines = [
        f"{home}tokentide sql \"from market_share_weekly where dimension = 'country' order by week_start desc limit 24\"",
        f"duckdb -readonly {link}",
        f"python -c \"import duckdb; print(duckdb.connect('{link}', read_only=True).sql('from marts.meta'))\"",
        f"a BI tool: DuckDB driver (jdbc:duckdb:{link}), read-only; tables are in the schema marts",
    ]
    console.print("Query it:", style="bold")
    for line in lines:
        console.print(f"  {line}", highlight=False, soft_wrap=True)


def as_json(ingested: MarketIngest) -> dict[str, Any]:
    """The same for a program."""
    return {
        "run_id": ingested.extract.run_id,
        "generation": ingested.generation.number,
        "is_complete": ingested.extract.is_complete,
        "days": [_day(day) for day in ingested.extract.days],
        "failures": [
            {"what": failure.what, "reason": failure.reason}
            for failure in ingested.extract.failures
        ],
        "warnings": ingested.built.warnings,
    }


def _show_failures(console: Console, failures: list[Failure]) -> None:
    """Requests that brought nothing and cost no day: a few by name, the rest counted."""
    for failure in failures[:FEW]:
        console.print(
            f"[yellow]not got[/yellow] {failure.what}: {escape(failure.reason)}", highlight=False
        )
    if len(failures) > FEW:
        console.print(
            f"[yellow]not got[/yellow] and {len(failures) - FEW} more requests; marts.ingest_log has them all"
        )


def _leaders(leaders: list[dict[str, Any]]) -> Table:
    table = Table(
        "",
        "author",
        "tokens",
        "share",
        "with the unknown",
        title="The last seven days, all traffic",
        title_justify="left",
    )
    for place, row in enumerate(leaders, 1):
        table.add_row(
            str(place),
            row["author_slug"],
            _tokens(row["tokens"]),
            f"{row['share']:.1%}",
            f"to {row['share_high']:.1%}",
        )
    return table


def _tokens(count: int | None) -> str:
    if count is None:
        return "no"
    for unit, size in (("T", 10**12), ("G", 10**9), ("M", 10**6)):
        if count >= size:
            return f"{count / size:.2f} {unit}"
    return str(count)


def _day(day: DayStatus) -> dict[str, str | date | None]:
    return {"date": day.date.isoformat(), "status": day.status, "reason": day.reason}


META = "from meta"

DAYS = """
    select
        count(*) filter (where not is_missing) as days,
        count(*) filter (where is_missing) as missing,
        (select count(*) from models) as models,
        sum(platform_tokens) filter (where date > (select max(date) - 7 from market_days where not is_missing))::bigint as week_tokens
    from market_days
"""

LEADERS = """
    with week as (
        from market_tokens_daily where date > (select max(date) - 7 from market_tokens_daily)
    )
    select
        author_slug,
        sum(total_tokens)::bigint as tokens,
        sum(total_tokens) / (select sum(total_tokens) from week) as share,
        (sum(total_tokens) + (select coalesce(sum(total_tokens), 0) from week where is_other or releasing_lab = 'unknown'))
            / (select sum(total_tokens) from week) as share_high
    from week
    where releasing_lab <> 'unknown'
    group by author_slug
    order by tokens desc
    limit 5
"""
