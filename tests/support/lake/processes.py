"""A loader or a builder as a process, which can kill itself with SIGKILL when a step has ended.

They are forked from a process that has imported everything: to start Python takes seconds.
"""

import multiprocessing
import os
import signal
from multiprocessing.process import BaseProcess

from pipelines.lake.building import build_from_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.loading import load_waiting
from pipelines.lake.moving import move_to_lake
from pipelines.lake.spool import list_waiting
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

FORKS = multiprocessing.get_context("forkserver")
FORKS.set_forkserver_preload([__name__])
SECONDS = 240.0
# Every other session of a database, as a network that is gone for long would end them.
END_OTHERS = (
    "select pg_terminate_backend(pid) from pg_stat_activity "
    "where datname = current_database() and pid <> pg_backend_pid()"
)


def start_loader(settings: Settings, step: str = "", number: int = 1) -> BaseProcess:
    """Start a loader that ends with SIGKILL when the step has ended for this time, if ever."""
    process = FORKS.Process(target=_load, args=(settings, step, number))
    process.start()
    return process


def start_builder(settings: Settings, step: str) -> BaseProcess:
    """Start a builder that ends with SIGKILL when the step has ended."""
    process = FORKS.Process(target=_build, args=(settings, step))
    process.start()
    return process


def start_move(settings: Settings, step: str) -> BaseProcess:
    """Start a move into the lake that ends with SIGKILL when the step has ended once."""
    process = FORKS.Process(target=_move, args=(settings, step))
    process.start()
    return process


def ending(process: BaseProcess) -> int | None:
    """Wait for the end of a process; return its exit code, which is negative after a signal."""
    process.join(SECONDS)
    return process.exitcode


def _load(settings: Settings, step: str, number: int) -> None:
    left = number

    def on_step(_: str, at: str) -> None:
        nonlocal left
        left -= at == step
        if at == step and not left:
            os.kill(os.getpid(), signal.SIGKILL)

    assert settings.services.spool
    with open_lake(settings) as lake:
        load_waiting(lake, list_waiting(ObjectStore(settings.services.spool)), on_step)


def _move(settings: Settings, step: str) -> None:
    def on_moved(at: str, done: int, total: int) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    move_to_lake(settings, on_moved)


def _build(settings: Settings, step: str) -> None:
    def on_step(at: str) -> None:
        if at == step:
            os.kill(os.getpid(), signal.SIGKILL)

    build_from_lake(settings, on_step=on_step)
