"""The verbs `ingest market`, `build`, `publish`, `rebuild` and `simulate`."""

import json
from datetime import UTC, date, datetime
from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.errors import BadSetting
from pipelines.settings import Settings, read_settings


class SimulatorMode(StrEnum):
    """Source of the simulator's figures."""

    market = "market"
    replay = "replay"


def ingest_market(
    start: Annotated[
        str | None,
        typer.Option(help="First UTC day, YYYY-MM-DD. Default: the first day not fetched yet."),
    ] = None,
    end: Annotated[
        str | None, typer.Option(help="Last UTC day, YYYY-MM-DD. Default: yesterday.")
    ] = None,
    slices: Annotated[
        bool, typer.Option("--slices", help="Fetch the filtered rankings too (24 requests).")
    ] = False,
    as_json: Json = False,
) -> None:
    """Fetch OpenRouter's rankings, prices, hosts, apps and tasks; load, build, audit and publish.

    Exit code 0 means that every day in the range that the source offers was loaded, and that every
    other request got an answer that is one. Whatever was loaded is published either way. A range of
    less than a week is extended to the week that ends with it, so that restated figures are
    noticed.

    Examples:

        tokentide ingest market

        tokentide ingest market --start 2025-01-01 --end 2026-02-28
    """
    from pipelines.cli import summary
    from pipelines.ingest.market import ingest_market as ingest
    from pipelines.transform.build import lower_priority

    settings = read_settings()
    first, last = parse_day(start, "--start"), parse_day(end, "--end")
    if first and last and first > last:
        raise BadSetting(f"--start {first} is after --end {last}.")
    lower_priority()
    with show_progress() as (on_request, on_built):
        ingested = ingest(settings, first, last, slices=slices, say=on_request, progress=on_built)
    if as_json:
        typer.echo(json.dumps(summary.as_json(ingested), indent=1))
    else:
        summary.show_days(stderr, ingested)
        summary.show_summary(stdout, settings)
    raise typer.Exit(0 if ingested.extract.is_complete else 1)


def build(
    is_whole: Annotated[
        bool,
        typer.Option("--full", help="Make and check everything, not only what changed."),
    ] = False,
) -> None:
    """Build and audit the warehouse from its raw tables. Nothing is fetched and nothing published.

    Only what changed since the last build is made; the rows are those of a full one.

    Examples:

        tokentide build

        tokentide build --full
    """
    from pipelines.ingest.market import load_archive
    from pipelines.transform.build import build as build_warehouse
    from pipelines.transform.build import lower_priority

    lower_priority()
    settings = read_settings()
    with show_progress() as (on_request, on_built):
        on_request("loading")
        load_archive(settings)
        result = build_warehouse(settings, progress=on_built, is_whole=is_whole)
    warn_of_damage(settings)
    stdout.print(
        f"{result.tables} tables built ({result.made} of them now), {result.checks} checks passed."
    )
    for warning in result.warnings:
        stderr.print(f"[yellow]audit warns[/yellow] {escape(warning)}")


def publish(
    team: Annotated[
        list[str] | None,
        typer.Option("--team", help="Publish a generation of this team too; may be given again."),
    ] = None,
) -> None:
    """Build, audit and publish a new generation of what is in the warehouse.

    With --team there is one more of the same round, in HOME/teams/NAME, with the rows of that
    team's targets and callers alone, its own costs, and the tables of the market.

    Examples:

        tokentide publish

        tokentide publish --team search --team ads
    """
    from pipelines.alerts.checking import publish_and_alert
    from pipelines.publish.teams import check_teams, publish_teams

    settings, names = read_settings(), list(team or ())
    check_teams(settings, names)
    build(is_whole=False)
    generation = publish_and_alert(settings)
    stdout.print(f"Generation {generation.number}: {generation.path}", soft_wrap=True)
    with show_progress() as (_, on_built):
        published = publish_teams(settings, names, on_built)
    for each in published:
        stdout.print(f"Team {each.team}: {each.generation.path}", soft_wrap=True)


def rebuild(
    allow_missing: Annotated[
        bool,
        typer.Option(
            "--allow-missing",
            help="Publish without what the archive has lost; list it, keep the old file.",
        ),
    ] = False,
) -> None:
    """Rebuild the whole warehouse from the raw archive, offline, to the same figures; publish it.

    An archived answer or segment that is damaged or gone is an error: the warehouse then stays as
    it is.

    Examples:

        tokentide rebuild

        tokentide rebuild --allow-missing
    """
    from pipelines.ingest.rebuild import rebuild as rebuild_warehouse
    from pipelines.lake.feeding import segment_loader
    from pipelines.transform.build import lower_priority

    lower_priority()
    settings = read_settings()
    with show_progress() as (on_request, on_built), segment_loader(settings) as load_segments:
        on_request("loading the raw archive")
        result = rebuild_warehouse(
            settings, on_built, allow_missing=allow_missing, load_segments=load_segments
        )
    for hole in result.holes:
        stderr.print(f"[red]not in the archive[/red] {escape(f'{hole.what}: {hole.reason}')}")
    if result.kept:
        stderr.print(f"The warehouse of before is kept: {result.kept}", soft_wrap=True)
    generation = result.generation
    stdout.print(
        f"Generation {generation.number} from {result.answers} archived answers: {generation.path}",
        soft_wrap=True,
    )


def simulate(
    context: typer.Context,
    mode: Annotated[
        SimulatorMode, typer.Option(help="market: a synthetic market; replay: recorded answers.")
    ] = SimulatorMode.market,
    recordings: Annotated[
        Path | None, typer.Option(help="Folder to replay. Default: TOKENTIDE_RECORDINGS.")
    ] = None,
    now: Annotated[
        str | None, typer.Option(help="Current time of the simulator, ISO 8601. Default: now.")
    ] = None,
    host: Annotated[str, typer.Option(help="Address of this machine to listen on.")] = "127.0.0.1",
    port: Annotated[int, typer.Option(help="Port to listen on; 0 takes a free one.")] = 8321,
    key: Annotated[str, typer.Option(help="Key that the simulator accepts.")] = "standin-key",
    seed: Annotated[int, typer.Option(help="Each seed makes another synthetic market.")] = 1,
    limits: Annotated[
        bool,
        typer.Option(
            "--limits/--no-limits", help="Answer 429 beyond 30 requests a minute and 500 a day."
        ),
    ] = True,
    exports_since: Annotated[
        str, typer.Option(help="Day of the oldest keyless export, YYYY-MM-DD.")
    ] = "2026-09-19",
) -> None:
    """Serve a simulated market with OpenRouter's API. Set TOKENTIDE_OPENROUTER_URL to its address.

    Examples:

        tokentide simulate

        tokentide simulate --mode replay --recordings recordings --now 2026-06-19T08:20:44Z

        tokentide simulate fleet --devices 512
    """
    if context.invoked_subcommand:
        return
    from pipelines.simulator.api import serve
    from pipelines.simulator.errors import SimulatorError

    try:
        application = serve.build_app(
            mode.value,
            recordings=recordings or read_settings().recordings,
            now=parse_now(now),
            key=key,
            exports_since=parse_day(exports_since, "--exports-since") or date.min,
            seed=seed,
            limits=limits,
        )
        serve.serve(application, host, port)
    except SimulatorError as error:
        raise BadSetting(str(error)) from error


def warn_of_damage(settings: Settings) -> None:
    """Print the answers that the archive no longer holds, whose figures may be missing."""
    from pipelines.loading.answers import damaged_answers
    from warehouse.connection import session

    with session(settings.warehouse) as con:
        damaged = damaged_answers(con)
    for answer in damaged:
        text = f"{answer.answer_id} of {answer.source}: {answer.reason}"
        stderr.print(f"[red]not in the archive[/red] {escape(text)}", highlight=False)


def parse_day(text: str | None, option: str) -> date | None:
    """Return the UTC day that an option names, None if not given."""
    try:
        return date.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadSetting(f"{option} {text!r} is not a day; write it as 2026-02-28.") from error


def parse_now(text: str | None) -> datetime | None:
    """Return the instant that `--now` names, in UTC unless it names a zone, None if not given."""
    try:
        instant = datetime.fromisoformat(text) if text else None
    except ValueError as error:
        raise BadSetting(
            f"--now {text!r} is not an instant; write it as 2026-06-19T08:20:44Z."
        ) from error
    return instant.replace(tzinfo=UTC) if instant and instant.tzinfo is None else instant
