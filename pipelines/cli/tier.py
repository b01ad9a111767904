"""The verbs of the inference tier. `serve` and `load` pass what they are given on to the tier's own commands, whose `--help` they show."""

import json
from collections.abc import Callable
from dataclasses import asdict
from datetime import timedelta
from importlib import import_module
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pipelines.archive import utc_now
from pipelines.cli.collect import collect
from pipelines.cli.console import stderr, stdout, steps
from pipelines.errors import BadSetting
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.ingest.telemetry import TelemetryIngest

# Every option is the tier's, `--help` among them.
PASS_ON: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}


def add_to(app: typer.Typer, ingest_app: typer.Typer) -> None:
    """Add the verbs to the command, and to those of `ingest`."""
    ingest_app.command("telemetry")(ingest_telemetry)
    app.command(**PASS_ON)(serve)
    app.command(**PASS_ON)(load)
    app.command()(collect)


def serve(context: typer.Context) -> None:
    """Serve a model over HTTP as OpenAI does, on the NPU or what else there is; its log of requests goes to the home."""
    # Where --home is given as well, the later one holds.
    home = [] if _asks_for_help(context) else ["--home", str(read_settings().home)]
    raise typer.Exit(_main_of("models.server.__main__")([*home, *context.args]))


def load(context: typer.Context) -> None:
    """Send a server recorded or random arrivals and report what its clients see."""
    raise typer.Exit(_main_of("models.loadgen.__main__")(context.args))


def _asks_for_help(context: typer.Context) -> bool:
    return not {"-h", "--help"}.isdisjoint(context.args)


def _main_of(module: str) -> Callable[[list[str]], int]:
    try:
        main: Callable[[list[str]], int] = import_module(module).main
    except ModuleNotFoundError as missing:
        raise BadSetting(
            f"The inference tier needs {missing.name}, which is not installed: pip install 'tokentide[serve]'"
        ) from missing
    return main


def ingest_telemetry(
    pages: Annotated[
        Path | None,
        typer.Option(help="A folder of archived *.txt pages of one target, taken in first."),
    ] = None,
    history: Annotated[
        str | None,
        typer.Option(help="A Prometheus or VictoriaMetrics that knows one target, taken in first."),
    ] = None,
    target: Annotated[
        str | None, typer.Option(help="Whose pages or history: a target of the tier file.")
    ] = None,
    matchers: Annotated[
        str, typer.Option(help="Which series of --history are the target's, as in PromQL.")
    ] = "",
    days: Annotated[int, typer.Option(min=1, help="How far back --history goes.")] = 30,
    step: Annotated[
        int,
        typer.Option(
            min=1,
            help="Seconds between the samples of --history; not less than its scrape interval.",
        ),
    ] = 15,
    as_json: Annotated[bool, typer.Option("--json", help="Answer for a program.")] = False,
) -> None:
    """Take in what the collector and our own servers closed; build, audit, publish. Exit code 0 only if every segment could be read.

    Examples:

        tokentide ingest telemetry

        tokentide ingest telemetry --pages old-pages --target tier-a

        tokentide ingest telemetry --history http://127.0.0.1:9090 --target tier-a --matchers 'job="vllm",instance="10.0.0.1:8000"'
    """
    from pipelines.ingest.telemetry import ingest_telemetry as ingest
    from pipelines.ingest.telemetry import take_pages
    from pipelines.transform.dbt import lower_priority

    lower_priority()

    settings = read_settings()
    if bool(pages or history) != bool(target):
        raise BadSetting("--pages and --history need --target, and --target needs one of them.")
    with steps() as (say, built):
        if pages and target:
            stderr.print(f"{take_pages(settings, pages, target)} pages of {escape(target)}")
        if history and target:
            stderr.print(
                f"{_history(settings, history, target, matchers, days, step)} scrapes of {escape(target)} remembered"
            )
        ingested = ingest(settings, say, built)
    _show(ingested, as_json)
    raise typer.Exit(0 if ingested.is_complete else 1)


def _history(settings: Settings, url: str, target: str, matchers: str, days: int, step: int) -> int:
    from pipelines.ingest.telemetry import take_history
    from pipelines.telemetry.backfill.prometheus import PrometheusRange

    if not matchers:
        raise BadSetting(
            "--history needs --matchers, which say which series are the target's, such as 'job=\"vllm\"'."
        )
    end = utc_now()
    return take_history(
        settings, PrometheusRange(url, matchers, end - timedelta(days=days), end, step), target
    )


def _show(ingested: "TelemetryIngest", as_json: bool) -> None:
    loaded = ingested.loaded
    for path, reason in loaded.unreadable:
        stderr.print(
            f"[red]unreadable[/red] {escape(path)}: {escape(reason)}. It stays there; remove it once it is of no use."
        )
    if as_json:
        told = {
            **asdict(loaded),
            "generation": ingested.generation.number,
            "path": str(ingested.generation.path),
        }
        typer.echo(json.dumps(told, indent=1))
        return
    stdout.print(
        f"{loaded.segments} segments: {loaded.samples} samples, {loaded.requests} requests. "
        f"Generation {ingested.generation.number}: {ingested.generation.path}",
        soft_wrap=True,
    )
