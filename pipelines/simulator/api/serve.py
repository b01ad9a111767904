"""Start of the simulator: in the foreground for the command, in a thread for a test."""

import ipaddress
import logging
import socket
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date, datetime
from pathlib import Path

import uvicorn
from starlette.applications import Starlette

from pipelines.simulator.api.app import EXPORTS_SINCE, create_app
from pipelines.simulator.api.data_api import BASE
from pipelines.simulator.api.limits import Limits
from pipelines.simulator.clock import Clock
from pipelines.simulator.errors import NotLoopback, UnknownMode
from pipelines.simulator.faults.plan import FaultPlan
from pipelines.simulator.market_protocol import Market
from pipelines.simulator.replay import ReplayMarket
from pipelines.simulator.synthetic.market import SyntheticMarket

HOST = "127.0.0.1"
START_SECONDS = 10


class SimulatorNotStarted(RuntimeError):
    """The server's thread ended or hung before it accepted connections."""


def build_app(
    mode: str = "market",
    *,
    recordings: Path | None = None,
    now: datetime | None = None,
    key: str = "simulator-key",
    exports_since: date = EXPORTS_SINCE,
    seed: int = 1,
    limits: bool = True,
) -> Starlette:
    """Build the application of a mode.

    Mode `market` generates a synthetic market from `seed`; mode `replay` replays `recordings`.
    `now` None means real time. `key` is the one key that the data routes accept.
    """
    origin = "simulated" if mode == "market" else None
    return create_app(
        _market(mode, recordings, seed),
        clock=Clock(now),
        limits=Limits() if limits else None,
        faults=FaultPlan(),
        keys={key: "account"},
        origin=origin,
        exports_since=exports_since,
    )


def _market(mode: str, recordings: Path | None, seed: int) -> Market:
    if mode == "market":
        return SyntheticMarket(seed)
    if mode != "replay":
        raise UnknownMode(f"{mode!r} is no mode of the simulator; choose replay or market.")
    if recordings is None:
        raise UnknownMode(
            "Mode replay needs a folder of recorded responses. "
            "Set TOKENTIDE_RECORDINGS or choose mode market."
        )
    return ReplayMarket(recordings)


def serve(app: Starlette, host: str = HOST, port: int = 0, path: str = BASE) -> None:
    """Serve until interrupted. Port 0 takes a free port, so the address is printed, with `path`.

    Raise NotLoopback for an address that others can reach.
    """
    if not _is_loopback(host):
        raise NotLoopback(
            f"{host} can be reached by others, who could set the simulator's clock and its faults. "
            "It listens on this machine only, such as on 127.0.0.1."
        )
    with _open_listener(host, port) as listener:
        print(f"http://{host}:{listener.getsockname()[1]}{path}", flush=True)
        _server(app).run([listener])


@contextmanager
def serve_in_thread(app: Starlette) -> Iterator[str]:
    """Serve in a thread on a free loopback port and yield the base address."""
    with _open_listener(HOST, 0) as listener:
        server = _server(app)
        thread = threading.Thread(target=server.run, args=([listener],), daemon=True)
        thread.start()
        try:
            _await_start(server, thread)
            yield f"http://{HOST}:{listener.getsockname()[1]}{BASE}"
        finally:
            server.should_exit = True
            thread.join(START_SECONDS)


def _await_start(server: uvicorn.Server, thread: threading.Thread) -> None:
    deadline = time.monotonic() + START_SECONDS
    while not server.started:
        if not thread.is_alive() or time.monotonic() > deadline:
            raise SimulatorNotStarted(
                "The simulator did not start; run it in the foreground to see why."
            )
        time.sleep(0.005)


def _is_loopback(host: str) -> bool:
    try:
        return host == "localhost" or ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False


def _open_listener(host: str, port: int) -> socket.socket:
    return socket.create_server((host, port))


def _server(app: Starlette) -> uvicorn.Server:
    # A dropped connection is a planned fault, which uvicorn would log as an application error.
    config = uvicorn.Config(
        app,
        log_level=logging.CRITICAL,
        access_log=False,
        lifespan="off",
        timeout_graceful_shutdown=1,
    )
    return uvicorn.Server(config)
