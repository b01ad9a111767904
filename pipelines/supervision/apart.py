"""Work in a process that ends with it: what it imports and holds does not stay for weeks."""

import multiprocessing
import pickle
import signal
from collections.abc import Callable
from multiprocessing.connection import Connection
from typing import Any

from pipelines.errors import WorkEnded
from pipelines.tether import end_with_parent

SPAWN = multiprocessing.get_context("spawn")
STOP_SECONDS = 5.0
LOOK_SECONDS = 0.3


def run_apart(
    work: Callable[..., None], *arguments: Any, meanwhile: Callable[[], None] = lambda: None
) -> None:
    """Call a function of a module in a process, and wait. Raise what it raised.

    The process ends with this one, and when a signal ends the wait. `meanwhile` is called here
    several times a second, and once more when the work has ended well.
    """
    receiver, sender = SPAWN.Pipe(duplex=False)
    process = SPAWN.Process(target=_work, args=(sender, work, arguments))
    process.start()
    sender.close()
    try:
        while not receiver.poll(LOOK_SECONDS):
            meanwhile()
        error = receiver.recv()
    except EOFError:
        process.join()
        raise WorkEnded(
            f"The process of {work.__name__} ended with code {process.exitcode}. "
            "Was it killed, or is there too little memory? Start again; nothing is lost."
        ) from None
    finally:
        receiver.close()
        _end(process)
    if error is not None:
        raise error
    meanwhile()


def _work(sender: Connection, work: Callable[..., None], arguments: tuple[Any, ...]) -> None:
    end_with_parent(signal.SIGTERM)
    # Ctrl-C reaches the whole group; the parent ends this process, and says so once.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    error: BaseException | None = None
    try:
        work(*arguments)
    except Exception as raised:  # noqa: BLE001  # it is raised in the parent
        error = raised
    try:
        # Some errors can be written and not be read again.
        pickle.loads(pickle.dumps(error))  # noqa: S301 - our own, written just now
    except (pickle.PicklingError, TypeError, AttributeError):
        error = WorkEnded(f"{type(error).__name__}: {error}")
    sender.send(error)


def _end(process: Any) -> None:
    """End the process if it has not ended, at the latest after some seconds."""
    process.join(0.1)
    for stop in (process.terminate, process.kill):
        if process.is_alive():
            stop()
            process.join(STOP_SECONDS)
