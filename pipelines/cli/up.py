"""The verb `up`: the whole product until Ctrl-C, both halves of it."""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer
from rich.markup import escape

from pipelines.cli.console import show_progress, stderr, stdout
from pipelines.cli.tier.trust import check_commands_of
from pipelines.cli.up_display import show_event, wait
from pipelines.cli.upkeep.doctor import is_reachable
from pipelines.errors import LockHeld, NothingPublished, SourceUnreachable
from pipelines.locks import file_lock
from pipelines.settings import DEMO_TIER, Settings, at_simulator, read_settings
from pipelines.tether import tie

if TYPE_CHECKING:
    from pipelines.ingest.market import MarketIngest
    from pipelines.supervision.product import Ports
    from pipelines.supervision.service import Service
    from pipelines.supervision.supervisor import Supervisor

SIMULATOR_KEY = "simulator-key"
LOCK = "up.lock"
MARKET_SECONDS = 30.0  # between two questions whether the real market can be reached


def up(
    port: Annotated[int, typer.Option(help="Port of Dagster's web UI, on loopback.")] = 3000,
    dashboard_port: Annotated[int, typer.Option(help="Port of the dashboard, on loopback.")] = 8050,
    tier_port: Annotated[
        int, typer.Option(help="Port of our own server; the next free one if it is taken.")
    ] = 8000,
    no_tier: Annotated[
        bool,
        typer.Option("--no-tier", help="Serve no model, and scrape no server: the market alone."),
    ] = False,
    no_load: Annotated[
        bool, typer.Option("--no-load", help="Send no simulated requests to it.")
    ] = False,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after publishing; keep nothing running.")
    ] = False,
) -> None:
    """Fetch the market, publish it, and run the whole product on loopback until Ctrl-C.

    Without a tier.toml it serves the shipped model under a light simulated load, so that both
    halves are there to see; all their figures are labelled. With one, your servers are scraped.
    Where OpenRouter cannot be reached, a simulated market is used until it can be. It has its own
    home, and all its figures are labelled as simulated.

    Examples:

        tokentide up

        tokentide up --no-load

        tokentide up --once
    """
    from pipelines.supervision.product import Ports, free_port

    ports = Ports(dashboard_port, port, free_port(tier_port))
    settings = read_settings()
    with _only_one(settings):
        supervise(settings, ports, has_tier=not no_tier, has_load=not no_load, once=once)


def supervise(
    settings: Settings, ports: "Ports", *, has_tier: bool, has_load: bool, once: bool
) -> None:
    """Ingest the market, or a simulated one, and run all processes until Ctrl-C.

    What is published already is shown at once; the market is fetched meanwhile. A simulated market
    gives way to the real one, with all that runs on it, as soon as that answers.
    """
    # A service manager ends this process as Ctrl-C does: what was started here is ended in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    if once:
        with reachable_market(settings) as market:
            ingest(market)
        return
    is_first = True
    while True:
        try:
            with reachable_market(settings) as market:
                if not run_all(market, settings, ports, has_tier=has_tier, has_load=has_load):
                    return
        except SourceUnreachable as error:
            # It answered a moment ago, and may again; what ran before may not end with it.
            if is_first:
                raise
            stderr.print(f"[yellow]{escape(str(error))}[/yellow]")
        is_first = False


def run_all(
    market: Settings, wanted: Settings, ports: "Ports", *, has_tier: bool, has_load: bool
) -> bool:
    """Ingest a market and run all processes on it. Return True once the wanted one answers."""
    from pipelines.publish.generations import generations
    from pipelines.supervision.apart import run_apart
    from pipelines.supervision.product import make_environment, schedules_service
    from pipelines.supervision.supervisor import Supervisor

    with contextlib.ExitStack() as running:
        environment = make_environment(market)
        supervisor = Supervisor(market.logs, show_event)
        running.callback(stop, supervisor)
        supervisor.start()
        is_shown = False

        def show_pages() -> None:
            """Start what shows and serves as soon as there is something to show."""
            nonlocal is_shown
            if not is_shown and generations(market):
                is_shown = True
                services = plan(market, environment, ports, has_tier=has_tier, has_load=has_load)
                supervisor.add(services)

        show_pages()
        # What it imports and holds, some 200 MB, must not stay for as long as the product runs.
        run_apart(ingest_for_dagster, market, meanwhile=show_pages)
        supervisor.add([schedules_service(environment, ports.dagster)])
        is_wanted = threading.Event()
        if market.home != wanted.home:
            running.enter_context(watch_for(wanted, is_wanted))
        with contextlib.suppress(KeyboardInterrupt):
            wait(supervisor, market, is_wanted)
        if is_wanted.is_set():
            stderr.print(
                f"[green]{wanted.openrouter_url} can be reached[/green] and takes the place of "
                f"the simulated market. All that was simulated stays in {market.home}."
            )
        return is_wanted.is_set()


@contextlib.contextmanager
def watch_for(
    settings: Settings, answers: threading.Event, seconds: float = MARKET_SECONDS
) -> Iterator[None]:
    """Ask in a thread, while the `with` lasts, whether the market can be reached."""
    ended = threading.Event()

    def ask() -> None:
        while not ended.wait(seconds):
            if is_reachable(settings.openrouter_url):
                answers.set()
                return

    thread = threading.Thread(target=ask, daemon=True)
    thread.start()
    try:
        yield
    finally:
        ended.set()


@contextlib.contextmanager
def _only_one(settings: Settings) -> Iterator[None]:
    """Hold the home's lock. Raise LockHeld, which names the process that holds it."""
    with contextlib.ExitStack() as held:
        try:
            held.enter_context(file_lock(settings.home / LOCK, blocking=False))
        except LockHeld as error:
            raise LockHeld(f"`tokentide up` runs in {settings.home} already: {error}") from error
        yield


@contextlib.contextmanager
def reachable_market(settings: Settings) -> Iterator[Settings]:
    """Yield settings with a market that can be reached: OpenRouter, else a simulated one."""
    if is_reachable(settings.openrouter_url):
        yield settings
        return
    stderr.print(
        f"[yellow]{settings.openrouter_url} cannot be reached.[/yellow] "
        "Using a simulated market until it can be: its figures are "
        f"[bold magenta]simulated[/bold magenta] and stay in {settings.home / 'simulated'}."
    )
    with run_simulator(settings) as simulated:
        yield simulated


def ingest_for_dagster(settings: Settings) -> None:
    """Ingest the market, and bring Dagster's records up to date before it starts."""
    from pipelines.archive import utc_now
    from pipelines.assets.first_ingest import report_ingest
    from pipelines.assets.storage import migrate_storage

    migrate_storage(settings)
    report_ingest(settings, ingest(settings), utc_now())


def ingest(settings: Settings) -> "MarketIngest":
    """Fetch, build and publish the market, with progress, and print what came of it."""
    from pipelines.cli.summary import show_days, show_summary
    from pipelines.ingest.downloads import FIRST_BASES, extract_downloads
    from pipelines.ingest.market import ingest_market
    from pipelines.ingest.prices import extract_prices
    from pipelines.ingest.quality import extract_quality

    with show_progress() as (on_request, on_built):
        # A source that cannot be had holds back nothing: its figures come with a later run.
        extract_prices(settings, on_request)
        extract_quality(settings, on_request)
        extract_downloads(settings, say=on_request, max_bases=FIRST_BASES)
        ingested = ingest_market(settings, say=on_request, progress=on_built)
    show_days(stderr, ingested)
    show_summary(stdout, settings)
    return ingested


def plan(
    settings: Settings,
    environment: dict[str, str],
    ports: "Ports",
    *,
    has_tier: bool,
    has_load: bool,
) -> "list[Service]":
    """Return the processes beside Dagster. Say what is left out, and why."""
    from pipelines.supervision import demo_tier
    from pipelines.supervision.product import collector_service, reader_services, tier_services

    services = reader_services(environment, ports)
    if not has_tier:
        return services
    if settings.tier.exists() and settings.tier.name != DEMO_TIER:
        stderr.print(f"The tier is that of {escape(str(settings.tier))}.")
        check_commands_of(settings)
        return [*services, collector_service(environment, has_own_tier=False)]
    if not demo_tier.is_installed():
        stderr.print(
            "[yellow]No inference tier:[/yellow] our own server needs torch. Install it with "
            "`pip install 'tokentide\\[serve]'`, or name your servers in a tier.toml."
        )
        return services
    demo_tier.write_demo_tier(settings, ports.tier)
    load = "under a light simulated load" if has_load else "which nobody asks"
    stderr.print(
        f"There is no tier.toml, so the shipped model is served, {load}. "
        "Its figures are labelled [bold magenta]simulated load[/bold magenta]."
    )
    own = tier_services(environment, ports.tier, has_load=has_load)
    return [*services, own[0], collector_service(environment, has_own_tier=True), *own[1:]]


def stop(supervisor: "Supervisor") -> None:
    """End all processes; a second Ctrl-C does not wait for them."""
    stderr.print("Stopping; what was collected is written down.")
    try:
        killed = supervisor.stop()
    except KeyboardInterrupt:
        return supervisor.kill()
    if killed:
        stderr.print(f"Not waited for any longer, nothing is lost: {', '.join(killed)}.")


@contextlib.contextmanager
def run_simulator(settings: Settings) -> Iterator[Settings]:
    """Run the simulated market in a process; yield settings with its address and their own home."""
    from pipelines.supervision.product import TOKENTIDE

    command = tie([*TOKENTIDE, "simulate", "--port", "0", "--no-limits", "--key", SIMULATOR_KEY])
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True, start_new_session=True) as it:
        try:
            url = (it.stdout.readline() if it.stdout else "").strip()
            if not url:
                raise NothingPublished(
                    "The simulated market did not start; `tokentide simulate` shows why."
                )
            yield at_simulator(settings, url, SIMULATOR_KEY)
        finally:
            it.terminate()
