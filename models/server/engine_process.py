"""The engine in a process of its own: commands in, `Ready` and `Step`s out. Only this process imports torch."""

import signal
from collections.abc import Iterator
from dataclasses import dataclass
from multiprocessing.connection import Connection
from types import FrameType
from typing import TYPE_CHECKING

from models.config import EngineConfig
from models.errors import RequestRefused, TierError
from models.protocol import EngineRequest

BEAT_SECONDS = 0.5  # how often an idle engine says how it and its device stand

if TYPE_CHECKING:
    from models.engine.engine import Engine


@dataclass(frozen=True)
class AddRequest:
    """Queue this request."""

    request: EngineRequest


@dataclass(frozen=True)
class AbortRequest:
    """End the request of this name."""

    request_id: str


@dataclass(frozen=True)
class StopEngine:
    """End the process."""


@dataclass(frozen=True)
class EngineStartFailed:
    """Why there is no engine."""

    message: str


@dataclass(frozen=True)
class RequestNotAdded:
    """Why a request was not queued."""

    request_id: str
    message: str


Command = AddRequest | AbortRequest | StopEngine


def run_engine(config: EngineConfig, commands: Connection, answers: Connection) -> None:
    """Serve until `Stop`, or until the server's process is gone."""
    # The server decides when this process ends. Ctrl-C reaches all processes of a terminal, so that is ignored, also by those which the
    # engine starts; SIGTERM is not ignored but not heeded, because it must end those.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.signal(signal.SIGTERM, _not_heeded)
    from models.engine.engine import Engine

    try:
        engine = Engine(config)
    except TierError as problem:
        answers.send(EngineStartFailed(str(problem)))
        return
    try:
        answers.send(engine.ready)
        _serve(engine, commands, answers)
    except (EOFError, BrokenPipeError):
        return
    finally:
        engine.close()


def _serve(engine: "Engine", commands: Connection, answers: Connection) -> None:
    while True:
        for command in _pending(engine, commands):
            if isinstance(command, StopEngine):
                return
            _obey(engine, command, answers)
        answers.send(engine.step() if engine.has_work else engine.idle_step())


def _pending(engine: "Engine", commands: Connection) -> Iterator[Command]:
    """Whatever was sent; waits a while for it where there is nothing to compute."""
    while commands.poll(0 if engine.has_work else BEAT_SECONDS):
        yield commands.recv()


def _not_heeded(signum: int, frame: FrameType | None) -> None:
    return


def _obey(engine: "Engine", command: AddRequest | AbortRequest, answers: Connection) -> None:
    if isinstance(command, AbortRequest):
        engine.abort(command.request_id)
        return
    try:
        engine.add(command.request)
    except RequestRefused as problem:
        answers.send(RequestNotAdded(command.request.request_id, str(problem)))
