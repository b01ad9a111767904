"""Locks between processes. A lock ends with the process that holds it, even if that one is killed.

Each lock is one file, held with the operating system's `flock` through filelock. The file stays
when the lock is released: removing it would let two processes lock two files of the same name.
"""

import logging
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from filelock import FileLock, Timeout

from pipelines.errors import LockHeld
from pipelines.files import make_private

log = logging.getLogger(__name__)


@contextmanager
def file_lock(path: Path, *, blocking: bool = True) -> Iterator[None]:
    """Hold the lock at `path` while the `with` lasts.

    Wait for another holder and say so in the log; raise LockHeld instead if `blocking` is false.
    """
    make_private(path.parent)
    handles: list[int] = []
    # A file system without flock raises: the fallback of filelock would outlive a killed process.
    lock = FileLock(path, fallback_to_soft=False, on_acquired=handles.append)
    try:
        lock.acquire(blocking=False)
    except Timeout as error:
        if not blocking:
            raise LockHeld(
                f"{path} is held by {_holder(path)}. End it, or wait until it ends."
            ) from error
        log.info("Waiting for %s, which holds %s.", _holder(path), path)
        lock.acquire()
    [handle] = handles
    try:
        _write(handle, str(os.getpid()))
        yield
    finally:
        _write(handle, "")
        lock.release()


def _write(handle: int, text: str) -> None:
    os.ftruncate(handle, 0)
    os.pwrite(handle, text.encode(), 0)


def _holder(path: Path) -> str:
    """Return the name of the process that holds a lock; version 0.1.0 left no process number."""
    try:
        number = path.read_text().strip()
    except (OSError, ValueError):
        number = ""
    return f"process {number}" if number.isdecimal() else "another process"
