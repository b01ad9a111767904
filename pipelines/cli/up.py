"""The verb `up`: fetch and publish the market, then run schedules and dashboard until Ctrl-C."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Annotated

import typer

import pipelines
from pipelines.cli.console import show_progress, stderr, stdout
from pipelines.cli.doctor import is_reachable
from pipelines.errors import NothingPublished
from pipelines.settings import Settings, read_settings

SIMULATOR_KEY = "simulator-key"
# The instance is configured at the root of the repository, beside the packages.
INSTANCE = Path(pipelines.__file__).parent.parent / "dagster.yaml"
TOKENTIDE = (sys.executable, "-m", "pipelines")
# `dagster dev` warns that another package has a newer command for the same.
QUIET = "ignore:Function `dev_command` is superseded"


def up(
    port: Annotated[int, typer.Option(help="Port of Dagster's web UI, on loopback.")] = 3000,
    dashboard_port: Annotated[int, typer.Option(help="Port of the dashboard, on loopback.")] = 8050,
    once: Annotated[
        bool, typer.Option("--once", help="Stop after publishing; keep nothing running.")
    ] = False,
) -> None:
    """Fetch the market and publish it; then run the schedules and the dashboard, on loopback.

    Where OpenRouter cannot be reached, a simulated market is used. It has its own home, and all
    its figures are labelled as simulated.

    Examples:

        tokentide up

        tokentide up --once
    """
    supervise(read_settings(), port, dashboard_port, once)


def supervise(settings: Settings, port: int, dashboard_port: int, once: bool) -> None:
    """Ingest the market, or a simulated one; then run schedules and dashboard until Ctrl-C."""
    from pipelines.cli.summary import show_days, show_summary
    from pipelines.ingest.market import ingest_market
    from pipelines.transform.build import lower_priority

    # A service manager ends this process as Ctrl-C does: what was started here is ended in order.
    for number in (signal.SIGINT, signal.SIGTERM):
        signal.signal(number, signal.default_int_handler)
    with contextlib.ExitStack() as running:
        if not is_reachable(settings.openrouter_url):
            stderr.print(
                f"[yellow]{settings.openrouter_url} cannot be reached.[/yellow] "
                "Using a simulated market instead: its figures are "
                f"[bold magenta]simulated[/bold magenta] and stay in {settings.home / 'simulated'}."
            )
            settings = running.enter_context(run_simulator(settings))
        with show_progress() as (on_request, on_built):
            ingested = ingest_market(settings, say=on_request, progress=on_built)
        show_days(stderr, ingested)
        show_summary(stdout, settings)
        if not once:
            environment = dagster_environment(settings)
            from pipelines.archive import utc_now
            from pipelines.assets.first_ingest import report_ingest

            report_ingest(settings, ingested, utc_now())
            running.enter_context(run_dashboard(environment, dashboard_port, port))
            running.enter_context(run_following(environment))
            # From here on this process only waits. Dagster's processes inherit the priority.
            lower_priority()
            run_schedules(environment, port)


def dagster_environment(settings: Settings) -> dict[str, str]:
    """Make Dagster's home with a link to its configuration, and return its environment."""
    settings.dagster.mkdir(parents=True, exist_ok=True)
    link = settings.dagster / "dagster.yaml"
    link.unlink(missing_ok=True)
    link.symlink_to(INSTANCE)
    key = {"OPENROUTER_API_KEY": settings.openrouter_key} if settings.openrouter_key else {}
    return {
        **os.environ,
        **key,
        "DAGSTER_HOME": str(settings.dagster),
        "TOKENTIDE_HOME": str(settings.home),
        "TOKENTIDE_OPENROUTER_URL": settings.openrouter_url,
    }


@contextlib.contextmanager
def run_simulator(settings: Settings) -> Iterator[Settings]:
    """Run the simulated market in a process; yield settings with its address and their own home."""
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


@contextlib.contextmanager
def run_dashboard(environment: dict[str, str], port: int, dagster_port: int) -> Iterator[None]:
    """Run the dashboard in a process, which prints its own address; schedules go on without it."""
    dagster = f"http://127.0.0.1:{dagster_port}"
    command = [*TOKENTIDE, "dashboard", "--port", str(port), "--dagster", dagster]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            yield
        finally:
            process.terminate()


@contextlib.contextmanager
def run_following(environment: dict[str, str]) -> Iterator[None]:
    """Run the process that publishes telemetry as it comes; it ends its round before it ends."""
    command = [*TOKENTIDE, "ingest", "telemetry", "--follow"]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            yield
        finally:
            process.terminate()


def run_schedules(environment: dict[str, str], port: int) -> None:
    """Run Dagster until Ctrl-C. Exit with its code where it ends by itself."""
    dagster = [sys.executable, "-W", QUIET, "-m", "dagster", "dev", "-m", "pipelines.definitions"]
    stderr.print(
        f"The schedules run until you press Ctrl-C. Dagster's web UI: http://127.0.0.1:{port}"
    )
    # In a new session, so that Ctrl-C reaches Dagster once, from here, and not again as it stops.
    with subprocess.Popen(
        [*dagster, "-h", "127.0.0.1", "-p", str(port)], env=environment, start_new_session=True
    ) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            stderr.print("Stopping; runs that have begun are given time to end.")
            process.send_signal(signal.SIGINT)
            process.wait()
            return
    if code not in (0, -signal.SIGINT, 130):
        stderr.print(
            f"[red]Dagster ended with code {code}.[/red] "
            f"Is port {port} taken? Try `tokentide up --port {port + 1}`."
        )
        sys.exit(code if code > 0 else 1)
