"""The processes that are the product: tier, load, collector, publishing, dashboard, schedules."""

import os
import signal
import socket
import sys
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from importlib.resources import files
from pathlib import Path

import pipelines
from pipelines.files import make_private
from pipelines.settings import ADDRESS_FIELDS, Settings
from pipelines.supervision.service import Service

TOKENTIDE = (sys.executable, "-m", "pipelines")
LOOPBACK = "http://127.0.0.1"
# Dagster and what it starts give way to people who look at pages.
BACKGROUND = 10
# The instance is configured at the root of the repository; an installed package has a copy.
ROOT = Path(pipelines.__file__).parent
INSTANCE = next(
    path for path in (ROOT.parent / "dagster.yaml", ROOT / "dagster.yaml") if path.exists()
)
# The longest request, so that the small model's context is enough.
MAX_REQUEST_TOKENS = 600


@dataclass(frozen=True)
class Ports:
    """Ports on which the product listens, on loopback."""

    dashboard: int
    dagster: int
    tier: int


def make_environment(settings: Settings) -> dict[str, str]:
    """Make Dagster's home with a link to its configuration; return what all processes are given."""
    make_private(settings.dagster)
    link = settings.dagster / "dagster.yaml"
    link.unlink(missing_ok=True)
    link.symlink_to(INSTANCE)
    secrets = {
        "OPENROUTER_API_KEY": settings.openrouter_key,
        "TOKENTIDE_API_KEY": settings.tier_key,
    }
    return {
        **os.environ,
        **{name: value for name, value in secrets.items() if value},
        "DAGSTER_HOME": str(settings.dagster),
        "TOKENTIDE_HOME": str(settings.home),
        **{name: getattr(settings, field) for name, field in ADDRESS_FIELDS.items()},
    }


def tier_services(environment: Mapping[str, str], port: int, *, has_load: bool) -> list[Service]:
    """Return our own server with the shipped model, and what asks it."""
    address = f"{LOOPBACK}:{port}"
    server = Service(
        name="tier",
        command=(*TOKENTIDE, "serve", "--port", str(port)),
        environment=environment,
        health_url=f"{address}/health",
        address=f"{address}/v1",
        hint=f"Is port {port} taken? Try `tokentide up --tier-port {port + 1}`.",
    )
    trace = str(files("models.loadgen") / "demo_trace.csv")
    limit = ("--max-request-tokens", str(MAX_REQUEST_TOKENS))
    load = Service(
        name="load",
        command=(*TOKENTIDE, "load", "--url", f"{address}/v1", "--trace", trace, *limit),
        # The server's key, if it has one, and never one for somebody else's server.
        environment={**environment, "OPENAI_API_KEY": environment.get("TOKENTIDE_API_KEY", "")},
        after=("tier", "collector"),
        # It reports what it has seen so far.
        stop_signal=signal.SIGINT,
        is_repeated=True,
    )
    return [server, load] if has_load else [server]


def collector_service(environment: Mapping[str, str], *, has_own_tier: bool) -> Service:
    """Return the collector of the tier file's targets."""
    return Service(
        name="collector",
        command=(*TOKENTIDE, "collect"),
        environment=environment,
        after=("tier",) if has_own_tier else (),
        hint="Does another collector run in this home?",
    )


def reader_services(environment: Mapping[str, str], ports: Ports) -> list[Service]:
    """Return what publishes telemetry as it comes, and the pages."""
    dagster = f"{LOOPBACK}:{ports.dagster}"
    address = f"{LOOPBACK}:{ports.dashboard}"
    port, other = str(ports.dashboard), ports.dashboard + 1
    return [
        Service(
            name="dashboard",
            command=(*TOKENTIDE, "dashboard", "--port", port, "--dagster", dagster),
            environment=environment,
            health_url=address,
            address=address,
            hint=f"Is port {port} taken? Try `tokentide up --dashboard-port {other}`.",
        ),
        Service(
            name="publishing",
            command=(*TOKENTIDE, "ingest", "telemetry", "--follow"),
            environment=environment,
        ),
    ]


def schedules_service(environment: Mapping[str, str], port: int) -> Service:
    """Return Dagster: its schedules, and its page behind a guard."""
    address = f"{LOOPBACK}:{port}"
    return Service(
        name="schedules",
        command=(sys.executable, "-m", "pipelines.supervision.dagster_server", str(port)),
        environment=environment,
        health_url=f"{address}/server_info",
        address=address,
        stop_signal=signal.SIGINT,
        hint=f"Is port {port} taken? Try `tokentide up --port {port + 1}`.",
        niceness=BACKGROUND,
    )


def free_port(wanted: int) -> int:
    """Return this port of loopback, or the next one that nothing listens on."""
    return next(port for port in _ports_from(wanted) if _is_free(port))


def _ports_from(wanted: int) -> Iterator[int]:
    yield from range(wanted, min(wanted + 100, 65_536))
    yield 0


def _is_free(port: int) -> bool:
    with socket.socket() as listener:
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            listener.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
