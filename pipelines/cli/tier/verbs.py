"""The verbs `serve`, `load` and `ingest telemetry`: run the inference tier and load its telemetry.

`serve` and `load` pass all options on to the commands of `models`, which also print their `--help`.
"""

import json
import signal
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, replace
from datetime import datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer
from rich.markup import escape

from pipelines.cli.console import Json, obey_ctrl_c, show_progress, stderr, stdout
from pipelines.errors import BadSetting
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.ingest.telemetry import TelemetryIngest
    from pipelines.telemetry.backfill.prometheus import PrometheusRange

# Every option goes to the tier's command, `--help` too.
PASS_ON: dict[str, Any] = {
    "add_help_option": False,
    "context_settings": {"allow_extra_args": True, "ignore_unknown_options": True},
}
MAX_ENDING_SECONDS = 4.0

Pages = Annotated[
    Path | None,
    typer.Option(help="Load this folder of one target's archived *.txt pages first."),
]
UseFileTime = Annotated[
    bool,
    typer.Option(
        "--use-file-time", help="Date --pages without an instant in their names by the files."
    ),
]
History = Annotated[
    str | None,
    typer.Option(help="Load one target's history from this Prometheus or VictoriaMetrics first."),
]
TargetName = Annotated[
    str | None, typer.Option(help="Target of the tier file for --pages and --history.")
]
Matchers = Annotated[
    str, typer.Option(help="Series of --history that are the target's, as in PromQL.")
]
Days = Annotated[int, typer.Option(min=1, help="Days of --history to load.")]
Step = Annotated[
    int,
    typer.Option(min=1, help="Seconds between samples of --history, at least its scrape interval."),
]
Header = Annotated[
    list[str] | None,
    typer.Option(
        help="Header of the store and the environment variable with its value, such as "
        "Authorization=PROMETHEUS_AUTHORIZATION; may be given several times."
    ),
]
CaFile = Annotated[
    Path | None,
    typer.Option(help="File with certificates to trust for the store besides the system's."),
]
Forget = Annotated[
    str | None,
    typer.Option(
        help="Take back the samples of a segment (its name is in telemetry_log), or of a target."
    ),
]
Since = Annotated[
    datetime | None, typer.Option(help="First UTC instant of --forget; without it from the first.")
]
Until = Annotated[
    datetime | None, typer.Option(help="Last UTC instant of --forget; without it to the last.")
]

Follow = Annotated[
    bool,
    typer.Option(
        "--follow", help="Go on: publish what is collected as it is closed, until Ctrl-C."
    ),
]


def serve(context: typer.Context) -> None:
    """Serve a model with OpenAI's API on an NPU, GPU or CPU, and log its requests in the home.

    Examples:

        tokentide serve

        tokentide serve --help
    """
    with _serve_extra():
        from models.server.__main__ import main
    is_help = not {"-h", "--help"}.isdisjoint(context.args)
    # The last of an option counts, so one that is given wins.
    given = [] if is_help else _server_settings(read_settings())
    raise typer.Exit(main([*given, *context.args], prog="tokentide serve"))


def _server_settings(settings: Settings) -> list[str]:
    """Return the settings of the server as options, which are no words of any process."""
    key = ["--api-key", settings.tier_key] if settings.tier_key else []
    return ["--home", str(settings.home), *key]


def load(context: typer.Context) -> None:
    """Send recorded or random requests to a server, and report what its clients see.

    Examples:

        tokentide load --poisson 5 --requests 200

        tokentide load --help
    """
    with _serve_extra():
        from models.loadgen.__main__ import main
    obey_ctrl_c()
    raise typer.Exit(main(context.args, prog="tokentide load"))


def ingest_telemetry(
    pages: Pages = None,
    use_file_time: UseFileTime = False,
    history: History = None,
    target: TargetName = None,
    matchers: Matchers = "",
    days: Days = 30,
    step: Step = 15,
    header: Header = None,
    ca_file: CaFile = None,
    forget: Forget = None,
    since: Since = None,
    until: Until = None,
    follow: Follow = False,
    as_json: Json = False,
) -> None:
    """Load closed segments of telemetry; build, audit, publish.

    Exit code 0 means that every segment was readable.

    Examples:

        tokentide ingest telemetry

        tokentide ingest telemetry --follow

        tokentide ingest telemetry --pages old-pages --target tier

        tokentide ingest telemetry --history http://prom:9090 --target tier --matchers 'job="vllm"'

        tokentide ingest telemetry --forget tier --since 2026-11-02T10:00 --until 2026-11-02T12:00
    """
    from pipelines.ingest.telemetry import forget_telemetry, take_pages
    from pipelines.ingest.telemetry import ingest_telemetry as ingest
    from pipelines.transform.build import lower_priority

    settings = read_settings()
    if bool(pages or history) != bool(target):
        raise BadSetting("--pages and --history need --target, and --target needs one of them.")
    if forget:
        forget_telemetry(settings, forget, since, until)
    elif since or until:
        raise BadSetting("--since and --until say what --forget takes back; give it too.")
    lower_priority()
    if follow:
        follow_until_stopped(settings)
        return
    with show_progress() as (on_request, on_built):
        if pages and target:
            taken = take_pages(settings, pages, target, use_file_time)
            stderr.print(f"{taken} pages of {escape(target)}")
        if history and target:
            past = _range_of(settings, history, matchers, days, step, header or [])
            scrapes = _take_history(settings, replace(past, ca_file=ca_file), target)
            stderr.print(f"{scrapes} scrapes of {escape(target)} from its history")
        ingested = ingest(settings, on_request, on_built)
    if forget:
        stderr.print(f"{ingested.loaded.forgotten} samples were taken back.")
    show_ingested(ingested, as_json)
    raise typer.Exit(0 if ingested.is_complete else 1)


def follow_until_stopped(settings: Settings) -> None:
    """Publish telemetry as it comes, a line for each round, until Ctrl-C or SIGTERM."""
    from pipelines.ingest.following import Tick, follow

    def show(tick: Tick) -> None:
        if tick.ingested:
            loaded, number = tick.ingested.loaded, tick.ingested.generation.number
            stderr.print(
                f"Generation {number}: {loaded.samples} samples, {loaded.requests} requests "
                f"in {tick.seconds:.1f} s"
            )
        else:
            stderr.print(f"[red]not published[/red] {escape(tick.error or '')}")

    stop = threading.Event()

    def end(*_: object) -> None:
        stop.set()
        # A round that takes longer is broken off. All of it is transactions: the next goes on.
        signal.setitimer(signal.ITIMER_REAL, MAX_ENDING_SECONDS)

    signal.signal(signal.SIGALRM, signal.default_int_handler)
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, end)
    try:
        follow(settings, stop, show)
    except (KeyboardInterrupt, RuntimeError):
        # DuckDB raises a RuntimeError where a signal interrupts a query.
        if not stop.is_set():
            raise
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextmanager
def _serve_extra() -> Iterator[None]:
    """Raise BadSetting where the packages of the extra `serve` are not installed."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise BadSetting(
            f"The inference tier needs {error.name}, which is not installed: "
            "pip install 'tokentide[serve]'"
        ) from error


def _range_of(
    settings: Settings, url: str, matchers: str, days: int, step: int, header: list[str]
) -> "PrometheusRange":
    from pipelines.archive import utc_now
    from pipelines.telemetry.backfill.prometheus import PrometheusRange
    from pipelines.telemetry.config.headers import resolve_options

    end, headers = utc_now(), resolve_options(header, settings.variables)
    return PrometheusRange(url, matchers, end - timedelta(days=days), end, step, headers)


def _take_history(settings: Settings, history: "PrometheusRange", target: str) -> int:
    from pipelines.ingest.telemetry import take_history

    if not history.matchers:
        raise BadSetting(
            "--history needs --matchers, to select the target's series, such as 'job=\"vllm\"'."
        )
    return take_history(settings, history, target)


def show_ingested(ingested: "TelemetryIngest", as_json: bool) -> None:
    """Print what was loaded and published, and what was not readable."""
    loaded, generation = ingested.loaded, ingested.generation
    for path, reason in loaded.unreadable:
        stderr.print(
            f"[red]unreadable[/red] {escape(path)}: {escape(reason)}. "
            "The file stays there; remove it when you no longer need it."
        )
    if as_json:
        result = {**asdict(loaded), "generation": generation.number, "path": str(generation.path)}
        typer.echo(json.dumps(result, indent=1))
        return
    stdout.print(
        f"{loaded.segments} segments: {loaded.samples} samples, {loaded.requests} requests. "
        f"Generation {generation.number}: {generation.path}",
        soft_wrap=True,
    )
