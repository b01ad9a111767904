"""Files that are whole after a crash or a loss of power, or not there at all.

A file is written beside its final name, synced and renamed. Then the folder is synced, without
which the rename could be lost.
"""

import contextlib
import os
import shutil
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import BinaryIO

from filelock import lock_descriptor

# Writing a file takes less than this. Older unfinished ones are left from a crash.
MAX_WRITING_SECONDS = 3600


def make_private(folder: Path) -> None:
    """Create a folder, and the missing ones above it, that other users of the machine cannot read.

    One that exists keeps its rights, which somebody may have given on purpose.
    """
    if not folder.is_dir():
        make_private(folder.parent)
        folder.mkdir(mode=0o700, exist_ok=True)


def remove_unfinished(folder: Path, pattern: str) -> None:
    """Remove files that processes were writing aside as they were killed, by a pattern of folders.

    Others may be writing newer ones at this moment.
    """
    for aside in folder.glob(f"{pattern}/.*.tmp"):
        with contextlib.suppress(FileNotFoundError):
            if time.time() - aside.stat().st_mtime > MAX_WRITING_SECONDS:
                aside.unlink()


@contextmanager
def durable_file(path: Path) -> Iterator[BinaryIO]:
    """Open a file that gets its name once the `with` ends; an error leaves nothing behind."""
    path.parent.mkdir(parents=True, exist_ok=True)
    aside = _aside(path)
    try:
        with aside.open("wb") as file:
            yield file
            _sync(file)
        aside.replace(path)
    except BaseException:
        # A full disk, most often: half a file would only make it fuller.
        aside.unlink(missing_ok=True)
        raise
    sync_folder(path.parent)


def write_durably(path: Path, content: bytes) -> None:
    """Replace a whole file, or leave it as it was."""
    with durable_file(path) as file:
        file.write(content)


def claim_durably(path: Path, content: bytes) -> None:
    """Create a whole file unless it exists: of several processes at once, the first one wins."""
    make_private(path.parent)
    aside = _aside(path)
    try:
        with aside.open("wb") as file:
            file.write(content)
            _sync(file)
        with contextlib.suppress(FileExistsError):
            path.hardlink_to(aside)
    finally:
        aside.unlink(missing_ok=True)
    sync_folder(path.parent)


def append_durably(path: Path, line: str) -> None:
    """Append one line and sync it. A line that a crash cut short stays alone on its line."""
    make_private(path.parent)
    with path.open("ab+") as file:
        # Released when the file is closed.
        lock_descriptor(file.fileno(), poll_interval=0.001)
        if file.seek(0, os.SEEK_END) and _last_byte(file.fileno()) != b"\n":
            file.write(b"\n")
        file.write(f"{line}\n".encode())
        _sync(file)


def move_durably(aside: Path, path: Path) -> None:
    """Give a finished file another name or folder, so that it survives a loss of power."""
    with aside.open("rb") as file:
        os.fsync(file.fileno())
    path.parent.mkdir(parents=True, exist_ok=True)
    aside.replace(path)
    for folder in {path.parent, aside.parent}:
        sync_folder(folder)


def copy_by_kernel(source: Path, target: Path) -> None:
    """Copy a file without its bytes passing through this process.

    A file system that can share them between files, such as XFS or Btrfs, copies nothing.
    """
    if not hasattr(os, "copy_file_range"):
        shutil.copyfile(source, target)
        return
    with source.open("rb") as reading, target.open("wb") as writing:
        left = os.fstat(reading.fileno()).st_size
        while left:
            copied = os.copy_file_range(reading.fileno(), writing.fileno(), left)
            if not copied:
                raise OSError(f"{source} became shorter while it was copied.")
            left -= copied


def sync_folder(folder: Path) -> None:
    """Make the renames in a folder survive a loss of power."""
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _aside(path: Path) -> Path:
    return path.with_name(f".{path.name}.{os.getpid()}.tmp")


def _sync(file: BinaryIO) -> None:
    file.flush()
    os.fsync(file.fileno())


def _last_byte(handle: int) -> bytes:
    return os.pread(handle, 1, os.fstat(handle).st_size - 1)
