"""The command `tokentide`. Every verb is a thin call of the function that Dagster calls too."""

import json
import sys
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli import claims, dashboard, report, tier
from pipelines.cli.console import show_log, stderr, stdout, steps
from pipelines.errors import BadSetting, TokentideError
from pipelines.settings import Settings, read_settings
from pipelines.simulator.errors import SimulatorError
from pipelines.transform.dbt import lower_priority
from warehouse.connection import WarehouseBusy

HELP = "Weigh the token market against your own metal."
app = typer.Typer(no_args_is_help=True, add_completion=False, rich_markup_mode="rich", help=HELP)
ingest_app = typer.Typer(
    no_args_is_help=True, help="Ask a source, land, build, audit and publish, once."
)
app.add_typer(ingest_app, name="ingest")

Json = Annotated[bool, typer.Option("--json", help="Answer for a program.")]


class SimulatorMode(StrEnum):
    """What the stand-in market serves."""

    market = "market"
    replay = "replay"


@app.command()
def up(
    port: Annotated[int, typer.Option(help="Where Dagster's page is, on loopback.")] = 3000,
    dashboard_port: Annotated[
        int, typer.Option(help="Where the dashboard is, on loopback.")
    ] = 8050,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after publishing; keep nothing running.")
    ] = False,
) -> None:
    """Fetch the market, publish it, then keep the schedules and the dashboard running, both on loopback.

    Where OpenRouter cannot be reached, the stand-in market is used, in a home of its own, and everything is labelled as simulated.

    Examples:

        tokentide up

        tokentide up --once
    """
    from pipelines.cli.up import bring_up

    bring_up(_settings(), port, dashboard_port, once)


@ingest_app.command("market")
def ingest_market(
    start: Annotated[
        str | None,
        typer.Option(help="First UTC day, YYYY-MM-DD. Default: the first one never asked for."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Last UTC day, YYYY-MM-DD. Default: yesterday.")
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="Also the filtered boards (24 requests).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Ask OpenRouter for its rankings, prices, hosts, apps and tasks; land, build, audit, publish.

    Exit code 0 only if every asked-for day that the source offers got through. What did get through is published either way.
    A range of less than a week is asked for as the week that ends with it, so that restatements are seen.

    Examples:

        tokentide ingest market

        tokentide ingest market --start 2025-01-01 --end 2026-02-28
    """
    from pipelines.cli import summary
    from pipelines.ingest.market import ingest_market as ingest

    settings = _settings()
    first, last = _day(start, "--start"), _day(end, "--end")
    if first and last and first > last:
        raise BadSetting(f"--start {first} is after --end {last}.")
    lower_priority()
    with steps() as (say, built):
        ingested = ingest(settings, first, last, slices=slices, say=say, progress=built)
    if as_json:
        typer.echo(json.dumps(summary.as_json(ingested), indent=1))
    else:
        summary.show_days(stderr, ingested)
        summary.show_summary(stdout, settings)
    raise typer.Exit(0 if ingested.extract.is_complete else 1)


@app.command()
def build() -> None:
    """Build and audit the warehouse from its raw tables, without asking anyone and without publishing."""
    from pipelines.ingest.market import load_archive
    from pipelines.transform.dbt import build as build_warehouse

    lower_priority()
    settings = _settings()
    with steps() as (say, built):
        say("landing")
        load_archive(settings)
        result = build_warehouse(settings, progress=built)
    stdout.print(f"{result.tables} tables built, {result.checks} checks held.")
    for warning in result.warnings:
        stderr.print(f"[yellow]audit warns[/yellow] {escape(warning)}")


@app.command()
def publish() -> None:
    """Build, audit and publish a new generation from what is in the warehouse."""
    from pipelines.publish import generations as publishing

    build()
    generation = publishing.publish(_settings())
    stdout.print(f"Generation {generation.number}: {generation.path}", soft_wrap=True)


@app.command()
def rebuild() -> None:
    """Make the whole warehouse again from the raw archive, offline, to the same figures, and publish it."""
    from pipelines.ingest.rebuild import rebuild as rebuild_all

    lower_priority()
    with steps() as (say, built):
        say("landing every archived answer")
        result = rebuild_all(_settings(), built)
    stdout.print(
        f"Generation {result.generation.number} from {result.answers} archived answers: {result.generation.path}",
        soft_wrap=True,
    )


@app.command()
def sql(
    query: Annotated[
        str, typer.Argument(help="SQL on the published tables; `-` reads it from standard input.")
    ],
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Comma-separated values with a header.")
    ] = False,
    as_json: Annotated[bool, typer.Option("--json", help="A list of objects.")] = False,
    parquet: Annotated[
        Path | None, typer.Option(help="Write the result to this Parquet file.")
    ] = None,
    timeout: Annotated[
        float, typer.Option(min=0.1, help="Seconds after which the query is stopped.")
    ] = 60.0,
    as_of: Annotated[
        str | None,
        typer.Option(help="Answer from what was known at this instant, such as 2026-06-19T08:00Z."),
    ] = None,
) -> None:
    """Query the newest published generation, read-only; tables are in the schema `marts`.

    With --as-of, a file that answers from what was known then is built first, once for each instant.

    Examples:

        tokentide sql "from market_days order by date desc limit 7"

        tokentide sql --csv "select date, total_tokens from market_tokens_daily where author_slug = 'deepseek'" > deepseek.csv

        tokentide sql "select table_name, comment from duckdb_tables()"

        tokentide sql --as-of 2026-06-19T08:00Z "from market_days order by date desc limit 7"
    """
    from pipelines.publish import query as querying

    path, text = _published(as_of), sys.stdin.read() if query == "-" else query
    querying.bound_memory()
    if parquet:
        frame = querying.frame(path, text, timeout)
        frame.write_parquet(parquet)
        stderr.print(f"{frame.height} rows in {parquet}")
        return
    with querying.run(path, text, timeout) as result:
        if as_json:
            querying.write_json(result, sys.stdout)
        elif as_csv:
            querying.write_csv(result, sys.stdout)
        else:
            querying.show_table(result, stdout)


@app.command()
def evidence(
    claim_or_query: Annotated[
        str, typer.Argument(help="A claim's id (or id:basis), or SQL on the published tables.")
    ],
    output: Annotated[Path, typer.Option("--output", "-o", help="The folder to make.")],
    as_of: Annotated[str | None, typer.Option(help="From what was known at this instant.")] = None,
    raw: Annotated[
        bool,
        typer.Option(
            "--raw/--no-raw",
            help="Put raw answers and segments in too, so that the folder is enough.",
        ),
    ] = True,
) -> None:
    """Put a figure, the raw answers and telemetry that it rests on, and a script that computes it again offline into a folder.

    Examples:

        tokentide evidence "select * from market_days order by date desc limit 7" -o evidence

        tokentide claims && tokentide evidence CLAIM:BASIS -o evidence --as-of 2026-06-19T08:00Z

        python evidence/recompute.py
    """
    from pipelines.evidence.bundle import make
    from pipelines.publish.as_of import parse_instant

    with steps() as (_, built):
        bundle = make(
            _settings(),
            claim_or_query,
            output,
            parse_instant(as_of) if as_of else None,
            raw=raw,
            progress=built,
        )
    basis = f"{bundle.answers} answers" + (
        f" and {bundle.segments} segments of telemetry" if bundle.segments else ""
    )
    stdout.print(
        f"{bundle.rows} rows from {basis} in {bundle.folder}: result.csv has SHA-256 {bundle.result_sha256}"
    )


@app.command()
def simulate(
    mode: Annotated[
        SimulatorMode, typer.Option(help="market: a synthetic one; replay: recorded answers.")
    ] = SimulatorMode.market,
    recordings: Annotated[
        Path | None, typer.Option(help="The folder to replay; default TOKENTIDE_RECORDINGS.")
    ] = None,
    now: Annotated[
        str | None,
        typer.Option(
            help="The instant that the stand-in takes for now, ISO 8601; default the real one."
        ),
    ] = None,
    host: Annotated[str, typer.Option(help="Address to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8321,
    key: Annotated[str, typer.Option(help="The key that the stand-in accepts.")] = "standin-key",
    seed: Annotated[int, typer.Option(help="Another seed, another synthetic market.")] = 1,
    limits: Annotated[
        bool,
        typer.Option(
            "--limits/--no-limits", help="Answer 429 beyond 30 requests a minute and 500 a day."
        ),
    ] = True,
    exports_since: Annotated[
        str, typer.Option(help="The oldest keyless export, YYYY-MM-DD.")
    ] = "2026-09-19",
) -> None:
    """Serve the stand-in market, which answers as OpenRouter does. Give its address as TOKENTIDE_OPENROUTER_URL.

    Examples:

        tokentide simulate

        tokentide simulate --mode replay --recordings recordings --now 2026-06-19T08:20:44Z
    """
    from pipelines.simulator.api import serve

    folder = recordings or _settings().recordings
    since = _day(exports_since, "--exports-since") or date.min
    application = serve.build_app(
        mode.value,
        recordings=folder,
        now=_instant(now),
        key=key,
        exports_since=since,
        seed=seed,
        limits=limits,
    )
    serve.serve(application, host, port)


@app.command()
def status(as_json: Json = False) -> None:
    """What is published, what was asked lately, and whether the newest day is in."""
    from pipelines.cli.status import read_status, show_status

    found = read_status(_settings())
    if as_json:
        typer.echo(json.dumps(found, indent=1, default=str))
    else:
        show_status(stdout, found)


@app.command()
def doctor() -> None:
    """Check that everything that is needed is in place, and say what to do where it is not."""
    from pipelines.cli.doctor import examine

    findings = examine(_settings())
    for finding in findings:
        stdout.print(
            f"{'[green]ok[/green]  ' if finding.is_well else '[red]no[/red]  '} {finding.what}: {finding.found}",
            highlight=False,
        )
    raise typer.Exit(0 if all(finding.is_well for finding in findings) else 1)


tier.add_to(app, ingest_app)
dashboard.add_to(app)
report.add_to(app)
claims.add_to(app)


def main() -> None:
    """Run the command; what a person can act on is said in one line, without a traceback."""
    show_log()
    try:
        app(standalone_mode=True)
    except (TokentideError, SimulatorError, WarehouseBusy) as error:
        stderr.print(f"[red]{type(error).__name__}[/red]: {escape(str(error))}", highlight=False)
        sys.exit(1)
    except OSError as error:
        stderr.print(
            f"[red]{type(error).__name__}[/red]: {escape(str(error))}. `tokentide doctor` says what is amiss.",
            highlight=False,
        )
        sys.exit(1)


def _settings() -> Settings:
    return read_settings()


def _published(as_of: str | None) -> Path:
    from pipelines.publish.as_of import parse_instant, published_as_of
    from pipelines.publish.generations import newest

    if as_of is None:
        return newest(_settings())
    with steps() as (say, built):
        say(f"what was known at {as_of}")
        return published_as_of(_settings(), parse_instant(as_of), built)


def _day(text: str | None, option: str) -> date | None:
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadSetting(f"{option} {text!r} is no day; write it as 2026-02-28.") from error


def _instant(text: str | None) -> datetime | None:
    try:
        instant = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadSetting(
            f"--now {text!r} is no instant; write it as 2026-06-19T08:20:44Z."
        ) from error
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant
