"""The verb `ingest fleet`: take in a fleet that has a Prometheus, VictoriaMetrics or the like."""

from datetime import date, datetime
from typing import TYPE_CHECKING, Annotated

import httpx
import typer
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import Json, show_progress, stderr, stdout
from pipelines.cli.tier.verbs import CaFile, Header, show_ingested
from pipelines.errors import BadSetting
from pipelines.settings import Settings, read_settings

if TYPE_CHECKING:
    from pipelines.ingest.fleet import StoredFleet

MAX_LINES = 20  # of replicas that are refused, or found besides
StoreAddress = Annotated[
    str, typer.Argument(help="Address of the store, such as http://prom:9090.")
]
FleetMatchers = Annotated[
    str, typer.Option(help="Series of the fleet, as in PromQL. Default: all that serves.")
]
NameLabel = Annotated[
    str,
    typer.Option(
        help="Label that names a replica, or several with commas. Default: pod, or else instance."
    ),
]
ServiceLabel = Annotated[
    str | None,
    typer.Option(help="Label that replicas of a service share. Default: service, or else job."),
]
DaysBack = Annotated[int, typer.Option(min=1, max=3650, help="Days of history to load.")]
SecondsApart = Annotated[
    int, typer.Option(min=1, help="Seconds between samples; those closer are thinned out.")
]
ModelMap = Annotated[
    list[str] | None,
    typer.Option(help="A model's name there and elsewhere, served=owner/model; may be repeated."),
]
Devices = Annotated[int | None, typer.Option(min=1, help="Devices of each replica. Default: 1.")]
KindOfDevices = Annotated[
    str | None, typer.Option(help="Kind of the devices, as in [[cost]] of the tier file.")
]
AsDiscover = Annotated[
    str | None,
    typer.Option(
        help="Name of the [[discover]] that goes on. Default: host and port of the store."
    ),
]
MaxReplicas = Annotated[int, typer.Option(min=1, help="Servers that may match; more are refused.")]
Threads = Annotated[int, typer.Option(min=1, max=32, help="Requests at once.")]
DryRun = Annotated[
    bool, typer.Option("--dry-run", help="Only show what is found, and the [[discover]].")
]
Write = Annotated[bool, typer.Option("--write", help="Add the [[discover]] to the tier file.")]


def ingest_fleet(
    url: StoreAddress,
    matchers: FleetMatchers = "",
    name_label: NameLabel = "",
    service_label: ServiceLabel = None,
    days: DaysBack = 30,
    step: SecondsApart = 15,
    model_map: ModelMap = None,
    devices: Devices = None,
    device_kind: KindOfDevices = None,
    header: Header = None,
    ca_file: CaFile = None,
    as_discover: AsDiscover = None,
    max_replicas: MaxReplicas = 2_000,
    threads: Threads = 4,
    dry_run: DryRun = False,
    write: Write = False,
    as_json: Json = False,
) -> None:
    """Take in a fleet that has a Prometheus or VictoriaMetrics: history first, then live.

    Replicas are found by their families and named by their labels. The [[discover]] that is shown,
    or written, goes on with the live ones under the same names. What was read is kept when the
    command is stopped; given again, it goes on there.

    Examples:

        tokentide ingest fleet http://prom:9090 --dry-run

        tokentide ingest fleet http://prom:9090 --matchers '{job="vllm"}' --write

        tokentide ingest fleet https://prom --name-label namespace,pod --service-label app --days 7

        tokentide ingest fleet https://prom --header Authorization=PROM_TOKEN --ca-file our-ca.pem
    """
    from pipelines.ingest.fleet import FleetRequest, find_fleet
    from pipelines.telemetry.config.headers import resolve_options, split_options
    from pipelines.telemetry.stored_fleet.discover_block import FleetLabels
    from pipelines.telemetry.stored_fleet.matchers import parse_matchers

    settings, address = read_settings(), _check_address(url)
    labels = FleetLabels(
        as_discover or httpx.URL(address).netloc.decode("ascii", "replace"),
        address,
        tuple(filter(None, map(str.strip, name_label.split(",")))),
        service_label,
        parse_matchers(matchers),
        split_options(header or []),
        ca_file,
        _pairs(model_map or []),
        devices,
        device_kind,
    )
    headers = resolve_options(header or [], settings.variables, address)
    request = FleetRequest(labels, headers, days, step, threads, max_replicas)
    fleet = find_fleet(settings, request)
    _show_fleet(fleet, settings)
    if not dry_run:
        _take(settings, fleet, write, as_json)


def _take(settings: Settings, fleet: "StoredFleet", write: bool, as_json: bool) -> None:
    from pipelines.ingest.fleet import take_fleet, write_block
    from pipelines.transform.build import lower_priority

    lower_priority()
    if write and fleet.block:
        write_block(settings.tier, fleet.block)
        stderr.print(escape(f"{settings.tier} has it now."))
    with show_progress() as (on_request, on_built):

        def on_read(name: str, day: date) -> None:
            on_request(f"{name} {day}")

        ingested = take_fleet(settings, fleet, on_read, on_request, on_built)
    show_ingested(ingested, as_json)
    raise typer.Exit(0 if ingested.is_complete else 1)


def _check_address(url: str) -> str:
    try:
        address = httpx.URL(url)
    except httpx.InvalidURL:
        address = httpx.URL()
    if address.scheme not in {"http", "https"} or not address.host:
        raise BadSetting(f"{url} is no address of a store. Give one such as http://prom:9090.")
    if address.userinfo:
        raise BadSetting(
            "The address must not carry a password. Name the variable that has it: "
            "--header Authorization=PROMETHEUS_AUTHORIZATION."
        )
    return url.rstrip("/")


def _pairs(given: list[str]) -> dict[str, str]:
    pairs = [each.partition("=")[::2] for each in given]
    if not all(served.strip() and known.strip() for served, known in pairs):
        raise BadSetting("--model-map should be served=owner/model, as the store calls it first.")
    return {served.strip(): known.strip() for served, known in pairs}


def _show_fleet(fleet: "StoredFleet", settings: Settings) -> None:
    table = Table("replica", "service", "engine", "models", "first", "last", "live", box=None)
    for each in fleet.replicas:
        target = each.target
        cells = (target.name, target.service or "", target.engine, ", ".join(each.models))
        instants = (_instant(each.first_at), _instant(each.last_at))
        table.add_row(*map(escape, (*cells, *instants)), "yes" if each.is_live else "gone")
    stdout.print(table)
    services = {each.target.service for each in fleet.replicas}
    stderr.print(
        escape(
            f"{len(fleet.replicas)} replicas of {len(services)} services in {fleet.discover.url}"
        )
    )
    _print_some("refused", fleet.refused)
    _print_some("the list would have besides, narrow it by --matchers", fleet.strangers)
    if not fleet.has_live_list:
        stderr.print(
            "This store scrapes nothing itself. To go on live, let url of the discover be the "
            "address of a Prometheus that scrapes the replicas, where our collector reaches them.",
            markup=False,
        )
    if fleet.block:
        stderr.print(escape(f"To go on live, {settings.tier} needs this (--write adds it):"))
        stdout.print(fleet.block, markup=False, highlight=False, soft_wrap=True)


def _print_some(what: str, lines: tuple[str, ...]) -> None:
    for line in lines[:MAX_LINES]:
        stderr.print(f"[red]{what}[/red]: {escape(line)}")
    if len(lines) > MAX_LINES:
        stderr.print(f"[red]{what}[/red]: {len(lines) - MAX_LINES} more")


def _instant(at: datetime | None) -> str:
    return f"{at:%Y-%m-%d %H:%M:%S}" if at else "unknown"
