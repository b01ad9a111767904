"""The verbs of prices: `ingest prices`, `price` and `reprice`."""

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import Json, show_progress, stdout
from pipelines.cli.market import parse_day
from pipelines.cli.query import AsOf, open_generation
from pipelines.cli.sources.ending import end_ingest
from pipelines.errors import BadSetting
from pipelines.settings import read_settings

if TYPE_CHECKING:
    from pipelines.repricing.repricing import RepricedFile

At = Annotated[str | None, typer.Option("--at", help="UTC day of the price, YYYY-MM-DD.")]
ModelName = Annotated[str, typer.Argument(help="Model id, ranking name, or name without author.")]
UsageFile = Annotated[Path, typer.Argument(help="File of usage.")]


def ingest_prices(as_json: Json = False) -> None:
    """Fetch archives of past prices; load what is new, build, audit and publish.

    No key is needed. A day on which we fetched the catalogue keeps our own prices. Exit code 0
    means that every archive answered.

    Examples:

        tokentide ingest prices

        tokentide ingest prices --json
    """
    from pipelines.ingest.prices import ingest_prices as ingest
    from pipelines.transform.build import lower_priority

    lower_priority()
    with show_progress() as (on_request, on_built):
        ingested = ingest(read_settings(), say=on_request, progress=on_built)
    extract = ingested.extract
    end_ingest(
        {"run_id": extract.run_id, "archives": [vars(archive) for archive in extract.archives]},
        extract.failures,
        ingested.generation.number,
        [f"{each.source}: {each.models} models, up to {each.as_of}" for each in extract.archives],
        as_json=as_json,
    )


def price(model: ModelName, at: At = None, as_of: AsOf = None, as_json: Json = False) -> None:
    """Print the list price of a model on a day, whose it is, and since when it held.

    The day is today's newest published one if left out. With --as-of, only what was known at that
    instant counts. Exit code 1 means that no price of the day is known; the reason is printed.

    Examples:

        tokentide price openai/gpt-5 --at 2025-11-03

        tokentide price deepseek-v3.2 --at 2025-12-02 --as-of 2026-01-01 --json
    """
    from pipelines.publish.query import frame
    from pipelines.repricing.repricing import price_at

    path = open_generation(as_of)
    day = parse_day(at, "--at")
    if day is None:
        day = frame(path, "select max(date) as date from model_prices_daily")["date"][0]
    if day is None:
        raise BadSetting("No price is published yet. `tokentide ingest prices` fetches them.")
    found = price_at(path, model, day)
    if as_json:
        typer.echo(json.dumps(found, indent=1))
    else:
        _show_price(found)
    raise typer.Exit(1 if found["reason"] else 0)


def _show_price(found: dict[str, Any]) -> None:
    if found["reason"]:
        stdout.print(f"{found['date']}: {escape(found['reason'])}.", highlight=False)
        return
    table = Table(show_header=False, box=None)
    names = ("prompt", "completion", "cached", "cache_write")
    for name in names:
        value = found[f"{name}_usd_per_mtok"]
        low, high = (found.get(f"{name}_usd_per_mtok_{end}") for end in ("low", "high"))
        is_range = found["confidence"] == "range" and low != high
        shown = "not stated" if value is None else f"{value} USD per million tokens"
        table.add_row(name, shown + (f" ({low} to {high})" if is_range else ""))
    if found["discount"]:
        undiscounted = [found[f"undiscounted_{name}_usd_per_mtok"] for name in names[:2]]
        table.add_row(
            "discount", f"{found['discount']:.0%} of {undiscounted[0]} and {undiscounted[1]}"
        )
    table.add_row("held since", str(found["first_seen"]))
    table.add_row(
        "last seen", f"{found['age_days']} days before" if found["age_days"] else "that day"
    )
    table.add_row(
        "source", f"{found['citation']} ({found['confidence']}; licence: {found['licence']})"
    )
    stdout.print(f"{found['model_id']} on {found['date']}", highlight=False)
    stdout.print(table, highlight=False)


def reprice(usage: UsageFile, as_of: AsOf = None, as_json: Json = False) -> None:
    """Price a file of usage by OpenRouter's list price of each row's day.

    Takes ccusage's JSON, LiteLLM's spend logs, OpenTelemetry's GenAI spans (OTLP) and CSV. A row
    whose price is not known stays unknown, and the total then has no upper bound. --json has every
    row with the price used, its source and the answer that it was read from. Exit code 1 means that
    a row is unknown.

    Examples:

        tokentide reprice ccusage.json

        tokentide reprice spend_logs.json --as-of 2026-01-01 --json
    """
    from pipelines.repricing.repricing import reprice as reprice_file

    path = open_generation(as_of)
    found = reprice_file(path, usage)
    if as_json:
        _print_rows(found, path)
    else:
        _show_totals(found)
    raise typer.Exit(1 if found.totals["unknown_rows"] else 0)


def _print_rows(found: "RepricedFile", path: Path) -> None:
    from pipelines.publish.json_values import plain
    from pipelines.publish.query import records

    [meta] = records(path, "select generation, published_at, as_of from meta")
    rows = [{name: plain(value) for name, value in row.items()} for row in found.rows.to_dicts()]
    document = {"format": found.format, "prices": meta, "totals": found.totals, "rows": rows}
    typer.echo(json.dumps(document, indent=1))


def _show_totals(found: "RepricedFile") -> None:
    """Print a line a model, then the total."""
    from pipelines.repricing.repricing import total

    table = Table("model", "rows", "tokens", "USD at least", "USD at most", "as stated", "unknown")
    groups = sorted(found.rows.group_by("model"), key=lambda group: str(group[0][0]))
    for (model,), rows in groups:
        table.add_row(*_cells(str(model), total(rows)))
    table.add_section()
    table.add_row(*_cells("total", found.totals))
    stdout.print(table, highlight=False)
    for reason in found.rows["reason"].drop_nulls().unique().sort().to_list():
        stdout.print(f"[yellow]unknown[/yellow] {escape(reason)}", highlight=False)


def _cells(name: str, totals: dict[str, Any]) -> list[str]:
    ends = [totals["usd_low"], totals["usd_high"], totals["stated_usd"]]
    dollars = ["not known" if end is None else f"{end:,.2f}" for end in ends]
    counts = [f"{totals['rows']:,}", f"{totals['tokens']:,}"]
    return [escape(name), *counts, *dollars, f"{totals['unknown_rows']:,} rows"]
