"""One command from nothing to a market that stays up to date: fetch, publish, summarise, then keep schedules and dashboard running."""

import contextlib
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import httpx

import pipelines
from pipelines.cli.console import stderr, stdout, steps
from pipelines.cli.summary import show_days, show_summary
from pipelines.errors import NothingPublished
from pipelines.ingest.days import DayStatus
from pipelines.ingest.market import ingest_market
from pipelines.settings import Settings
from pipelines.transform.dbt import lower_priority

STANDIN_KEY = "standin-key"
# The instance is configured at the root of the repository, beside the packages.
INSTANCE = Path(pipelines.__file__).parent.parent / "dagster.yaml"
PROBE_SECONDS = 5.0
# Dagster would have us install another package for the same command.
QUIET = "ignore:Function `dev_command` is superseded"
# What a gateway says for a host that it does not let through, or that is down.
NO_WAY = frozenset({403, 407, 502, 503, 504})


def bring_up(settings: Settings, port: int, dashboard_port: int, once: bool) -> None:
    """Ingest live, or from the stand-in where OpenRouter cannot be reached; then run schedules and dashboard until Ctrl-C."""
    # Being ended by a service manager is the same as Ctrl-C: everything that was started here is ended in order.
    for ending in (signal.SIGINT, signal.SIGTERM):
        signal.signal(ending, signal.default_int_handler)
    with contextlib.ExitStack() as running:
        if not is_reachable(settings.openrouter_url):
            stderr.print(
                f"[yellow]{settings.openrouter_url} cannot be reached.[/yellow] Using the stand-in market instead: its figures are "
                f"[bold magenta]simulated[/bold magenta] and live in {settings.home / 'simulated'}, apart from real ones."
            )
            settings = running.enter_context(_standin(settings))
        with steps() as (say, built):
            ingested = ingest_market(settings, say=say, progress=built)
        show_days(stderr, ingested)
        show_summary(stdout, settings)
        if not once:
            environment = dagster_environment(settings)
            _tell_dagster(settings, ingested.extract.days)
            running.enter_context(_dashboard(environment, dashboard_port, port))
            # From here on this process only waits; Dagster's inherit what it is.
            lower_priority()
            _keep_running(environment, port)


def is_reachable(url: str) -> bool:
    """Whether anything that speaks for OpenRouter answers there."""
    try:
        response = httpx.get(f"{url}/datasets/exports/index.json", timeout=PROBE_SECONDS)
    except httpx.TransportError:
        return False
    return response.status_code not in NO_WAY


def dagster_environment(settings: Settings) -> dict[str, str]:
    """The environment of Dagster's processes; its home is made ready, with the instance's configuration linked into it."""
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
def _standin(settings: Settings) -> Iterator[Settings]:
    """The stand-in market in a process of its own, and settings that speak to it, with a home apart from the real one."""
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "simulate",
        "--port",
        "0",
        "--no-limits",
        "--key",
        STANDIN_KEY,
    ]
    with subprocess.Popen(
        command, stdout=subprocess.PIPE, text=True, start_new_session=True
    ) as process:
        try:
            url = (process.stdout.readline() if process.stdout else "").strip()
            if not url:
                raise NothingPublished(
                    "The stand-in market did not start; run `tokentide simulate` to see why."
                )
            yield replace(
                settings,
                home=settings.home / "simulated",
                openrouter_url=url,
                openrouter_key=STANDIN_KEY,
            )
        finally:
            process.terminate()


@contextlib.contextmanager
def _dashboard(environment: dict[str, str], port: int, dagster_port: int) -> Iterator[None]:
    """The dashboard in a process of its own, which says itself where it is; the schedules do not depend on it."""
    dagster = f"http://127.0.0.1:{dagster_port}"
    command = [
        sys.executable,
        "-m",
        "pipelines",
        "dashboard",
        "--port",
        str(port),
        "--dagster",
        dagster,
    ]
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            yield
        finally:
            process.terminate()


def _tell_dagster(settings: Settings, days: list[DayStatus]) -> None:
    """Show the days that came in just now as materialized, as a run of Dagster's own would have."""
    from dagster import DagsterInstance

    from pipelines.assets.rankings import materializations

    with DagsterInstance.from_config(str(settings.dagster)) as instance:
        for event in materializations(settings, days):
            instance.report_runless_asset_event(event)


def _keep_running(environment: dict[str, str], port: int) -> None:
    command = [
        sys.executable,
        "-W",
        QUIET,
        "-m",
        "dagster",
        "dev",
        "-m",
        "pipelines.definitions",
        "-h",
        "127.0.0.1",
        "-p",
        str(port),
    ]
    stderr.print(
        f"The schedules run until you press Ctrl-C. Dagster's page: http://127.0.0.1:{port}"
    )
    # A session of its own, so that Ctrl-C reaches Dagster once, from here, and not while it is already stopping.
    with subprocess.Popen(command, env=environment, start_new_session=True) as process:
        try:
            code = process.wait()
        except KeyboardInterrupt:
            stderr.print("Stopping; runs under way are given time to end.")
            process.send_signal(signal.SIGINT)
            code = process.wait()
    if code not in (0, -signal.SIGINT, 130):
        stderr.print(
            f"[red]Dagster ended with code {code}.[/red] Is port {port} taken? Try `tokentide up --port 3001`."
        )
        sys.exit(code if code > 0 else 1)
