"""The engine's process: commands in, `EngineInfo` and step outputs out. Only it imports torch."""

import gc
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING

from models.config import EngineConfig
from models.errors import RequestRefused, TierError
from models.protocol import EngineRequest

if TYPE_CHECKING:
    from models.engine.engine import Engine

IDLE_SECONDS = 0.5  # interval at which an idle engine reports its state and its device


@dataclass(frozen=True)
class AddRequest:
    """Command: queue this request."""

    request: EngineRequest


@dataclass(frozen=True)
class AbortRequest:
    """Command: end the request with this id."""

    request_id: str


@dataclass(frozen=True)
class StopEngine:
    """Command: end the process."""


@dataclass(frozen=True)
class EngineStartFailed:
    """Message: the engine could not start."""

    message: str


@dataclass(frozen=True)
class RequestNotAdded:
    """Message: the engine refused a request."""

    request_id: str
    message: str


Command = AddRequest | AbortRequest | StopEngine


def run_engine(config: EngineConfig, commands: Connection, messages: Connection) -> None:
    """Run an engine until `StopEngine`, or until the server's process is gone."""
    # The server decides when this process ends. Ctrl-C reaches all processes of a terminal, so it
    # is ignored here and in child processes. SIGTERM is handled by doing nothing: ignoring it would
    # be inherited by the child processes, which it must end.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _do_nothing)
    from models.assemble import build_engine

    try:
        engine = build_engine(config)
    except TierError as error:
        messages.send(EngineStartFailed(str(error)))
        return
    try:
        # What the start made lives as long as the engine; no collection looks at it again.
        gc.freeze()
        messages.send(engine.info)
        _serve(engine, commands, messages)
    except (EOFError, BrokenPipeError):
        return
    finally:
        engine.close()


def _serve(engine: "Engine", commands: Connection, messages: Connection) -> None:
    while True:
        for command in _receive(engine, commands):
            if isinstance(command, StopEngine):
                return
            _execute(engine, command, messages)
        messages.send(engine.step() if engine.has_work else engine.idle_step())


def _receive(engine: "Engine", commands: Connection) -> Iterator[Command]:
    """Yield the waiting commands. Without work, wait a while for one."""
    while commands.poll(0 if engine.has_work else IDLE_SECONDS):
        yield commands.recv()


def _do_nothing(signum: int, frame: FrameType | None) -> None:
    return


def _execute(engine: "Engine", command: AddRequest | AbortRequest, messages: Connection) -> None:
    if isinstance(command, AbortRequest):
        engine.abort(command.request_id)
        return
    try:
        engine.add(command.request)
    except RequestRefused as error:
        messages.send(RequestNotAdded(command.request.request_id, str(error)))
