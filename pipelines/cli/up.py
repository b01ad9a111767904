"""The verb `up`: the whole product until Ctrl-C, both halves of it."""

import contextlib
import signal
import subprocess
import threading
from collections.abc import Iterator
from dataclasses import replace
from typing import TYPE_CHECKING, Annotated

import typer
from rich.live import Live
from rich.markup import escape
from rich.table import Table

from pipelines.cli.console import show_progress, stderr, stdout
from pipelines.cli.doctor import is_reachable
from pipelines.errors import LockHeld, NothingPublished
from pipelines.locks import file_lock
from pipelines.settings import DEMO_TIER, Settings, read_settings

if TYPE_CHECKING:
    from pipelines.supervision.product import Ports
    from pipelines.supervision.service import Service, ServiceEvent
    from pipelines.supervision.supervisor import Supervisor

SIMULATOR_KEY = "simulator-key"
LOCK = "up.lock"
# After which the addresses are printed where the terminal cannot show them all the time.
READY_SECONDS = 120.0
COLOURS = {"ready": "green", "backing off": "red"}


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
    Where OpenRouter cannot be reached, a simulated market is used. It has its own home, and all
    its figures are labelled as simulated.

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

    What is published already is shown at once; the market is fetched meanwhile.
    """
    from pipelines.assets.maintenance import end_left_runs
    from pipelines.publish.generations import generations
    from pipelines.supervision.product import make_environment, schedules_service
    from pipelines.supervision.supervisor import Supervisor

    # A service manager ends this process as Ctrl-C does: what was started here is ended in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.ExitStack() as running:
        settings = running.enter_context(reachable_market(settings))
        if once:
            ingest(settings)
            return
        environment = make_environment(settings)
        supervisor = Supervisor(settings.logs, show_event)
        running.callback(stop, supervisor)
        supervisor.start()
        is_known = bool(generations(settings))
        if is_known:
            supervisor.add(plan(settings, environment, ports, has_tier=has_tier, has_load=has_load))
        ingest(settings, reports_to_dagster=True)
        if not is_known:
            supervisor.add(plan(settings, environment, ports, has_tier=has_tier, has_load=has_load))
        end_left_runs(settings)
        supervisor.add([schedules_service(environment, ports.dagster)])
        with contextlib.suppress(KeyboardInterrupt):
            wait(supervisor, settings)


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
        "Using a simulated market instead: its figures are "
        f"[bold magenta]simulated[/bold magenta] and stay in {settings.home / 'simulated'}."
    )
    with run_simulator(settings) as simulated:
        yield simulated


def ingest(settings: Settings, *, reports_to_dagster: bool = False) -> None:
    """Fetch, build and publish the market, with progress, and print what came of it."""
    from pipelines.archive import utc_now
    from pipelines.cli.summary import show_days, show_summary
    from pipelines.ingest.market import ingest_market

    with show_progress() as (on_request, on_built):
        ingested = ingest_market(settings, say=on_request, progress=on_built)
    show_days(stderr, ingested)
    show_summary(stdout, settings)
    if reports_to_dagster:
        from pipelines.assets.first_ingest import report_ingest

        report_ingest(settings, ingested, utc_now())


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


def show_event(event: "ServiceEvent") -> None:
    """Print what became of a process, one line an event."""
    colour = COLOURS.get(event.state, "yellow")
    stderr.print(f"[{colour}]{event.service}[/{colour}] {escape(event.text)}")


def wait(supervisor: "Supervisor", settings: Settings) -> None:
    """Wait for Ctrl-C, with the addresses in the last lines of the terminal."""
    if stderr.is_terminal:
        with Live(
            console=stderr,
            get_renderable=lambda: addresses(supervisor, settings),
            refresh_per_second=2,
        ):
            threading.Event().wait()
    supervisor.wait_until_ready(READY_SECONDS)
    stderr.print(addresses(supervisor, settings))
    threading.Event().wait()


def addresses(supervisor: "Supervisor", settings: Settings) -> Table:
    """Build the table of where everything is, and whether it is ready."""
    table = Table.grid(padding=(0, 2))
    for service, state in supervisor.states():
        if service.address:
            shown = "" if state == "ready" else f"[yellow]{state}[/yellow]"
            table.add_row(f"[bold]{service.name}[/bold]", service.address, shown)
    table.add_row("logs", escape(str(settings.logs)))
    table.add_row("", "Everything runs until you press Ctrl-C.")
    return table


def stop(supervisor: "Supervisor") -> None:
    """End all processes; a second Ctrl-C does not wait for them."""
    stderr.print("Stopping; what was collected is written down.")
    try:
        killed = supervisor.stop()
    except KeyboardInterrupt:
        supervisor.kill()
        return
    if killed:
        stderr.print(f"Not waited for any longer, nothing is lost: {', '.join(killed)}.")


@contextlib.contextmanager
def run_simulator(settings: Settings) -> Iterator[Settings]:
    """Run the simulated market in a process; yield settings with its address and their own home."""
    from pipelines.supervision.product import TOKENTIDE

    command = [*TOKENTIDE, "simulate", "--port", "0", "--no-limits", "--key", SIMULATOR_KEY]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            url = (process.stdout.readline() if process.stdout else "").strip()
            if not url:
                raise NothingPublished(
                    "The simulated market did not start; `tokentide simulate` shows why."
                )
            home = settings.home / "simulated"
            yield replace(settings, home=home, openrouter_url=url, openrouter_key=SIMULATOR_KEY)
        finally:
            process.terminate()
