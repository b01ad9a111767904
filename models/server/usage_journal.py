"""Journal of the events that are in no segment yet, one line of JSON for each.

    20261125T023534.600319Z-c43e44e0617d-000000.journal   events are appended by one server
    20261125T023534.600319Z-c43e44e0617d-000000.arrow     the segment that it becomes

An event that was appended is with the operating system, so killing the server does not lose it. The
server holds a lock on its journal; one without a lock belongs to a server that is gone, and anybody
may make it a segment.

The segment first takes the journal's place under the journal's name, then its own. So one of both
exists at each instant, never both: no event is lost or written twice, wherever a process is killed.
"""

import fcntl
import json
import os
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path
from typing import Any

import pyarrow as pa

INSTANT = pa.timestamp("us", tz="UTC")
INSTANT_COLUMNS = ("arrival_at", "first_token_at", "last_token_at")
COUNT_COLUMNS = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "draft_tokens",
    "accepted_tokens",
)
# Names or pseudonyms. Segments of servers of earlier versions lack them.
SENDER_COLUMNS = ("caller", "team", "key_alias")
SCHEMA = pa.schema(
    [("request_id", pa.string()), ("model", pa.string())]
    + [(name, INSTANT) for name in INSTANT_COLUMNS]
    + [(name, pa.int64()) for name in COUNT_COLUMNS]
    + [(name, pa.string()) for name in ("outcome", "finish_reason", "device")]
    + [(name, pa.string()) for name in SENDER_COLUMNS]
)
SUFFIX = ".journal"
SEGMENT_MAGIC = b"ARROW1"


class Journal:
    """A journal that this process appends to, and holds the lock of."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.rows = 0
        self._bytes = 0
        # It gets its name when it is locked, so nobody takes a new one for one that was left.
        unfinished = path.with_suffix(".tmp")
        flags = os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_APPEND
        self._file = os.open(unfinished, flags, 0o644)
        try:
            fcntl.flock(self._file, fcntl.LOCK_EX)
            unfinished.rename(path)
        except OSError:
            os.close(self._file)
            unfinished.unlink(missing_ok=True)
            raise

    def append(self, row: Mapping[str, Any]) -> None:
        """Append an event. If the disk refuses, nothing of it is left."""
        line = json.dumps(row, default=datetime.isoformat).encode() + b"\n"
        try:
            written = os.write(self._file, line)
            if written < len(line):
                raise OSError("No space left on device")
        except OSError:
            os.ftruncate(self._file, self._bytes)
            raise
        self._bytes += len(line)
        self.rows += 1

    def sync(self) -> None:
        """Return when all events are on disk, where a loss of power leaves them."""
        os.fsync(self._file)

    def seal(self) -> None:
        """Make it a segment. If the disk refuses, it stays a journal and can be sealed later."""
        _seal(self.path)
        os.close(self._file)


def recover_journals(folder: Path) -> None:
    """Make segments of the journals whose servers are gone.

    What cannot be read stays in place or beside it, with a message on stderr.
    """
    for path in sorted(folder.glob(f"*{SUFFIX}")):
        try:
            with _adopted(path) as is_left:
                if is_left:
                    _seal(path)
        except pa.ArrowException as error:
            damaged = path.rename(path.with_suffix(".damaged"))
            _report(f"{damaged}: {error}; its events are not counted.")
        except OSError as error:
            _report(f"{path}: {error.strerror or error}; its events wait until it can be read.")


@contextmanager
def _adopted(path: Path) -> Iterator[bool]:
    """Lock a journal. Give False if a server holds it, or if it is a segment by now."""
    try:
        file = path.open("rb")
    except FileNotFoundError:
        yield False
        return
    with file:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            is_left = os.fstat(file.fileno()).st_ino == path.stat().st_ino
        except (BlockingIOError, FileNotFoundError):
            is_left = False
        yield is_left


def _seal(path: Path) -> None:
    try:
        data = path.read_bytes()
    except FileNotFoundError:  # another process has finished it
        return
    if not data.startswith(SEGMENT_MAGIC):
        rows = list(_read_rows(path, data))
        if not rows:
            path.unlink()
            return
        _replace_by_segment(path, pa.Table.from_pylist(rows, SCHEMA))
    # Another process may have finished this very step.
    with suppress(FileNotFoundError):
        path.rename(path.with_suffix(".arrow"))
    # The segment exists. If syncing its name fails, writing it again would count events twice.
    with suppress(OSError):
        _sync_folder(path.parent)


def _read_rows(path: Path, data: bytes) -> Iterator[dict[str, Any]]:
    """Yield the events, without lines that a loss of power left incomplete."""
    unreadable = 0
    for line in data.splitlines():
        try:
            row = json.loads(line)
            instants = {name: row[name] for name in INSTANT_COLUMNS}
            row |= {name: at and datetime.fromisoformat(at) for name, at in instants.items()}
        except (ValueError, LookupError, TypeError):
            unreadable += 1
        else:
            yield row
    if unreadable:
        _report(f"{path}: {unreadable} events were cut off or damaged, and are not counted.")


def _replace_by_segment(path: Path, table: pa.Table) -> None:
    unfinished = path.with_suffix(".tmp")
    try:
        with unfinished.open("wb") as file:
            with pa.ipc.new_file(file, SCHEMA) as writer:
                writer.write_table(table)
            file.flush()
            os.fsync(file.fileno())
        unfinished.replace(path)
    finally:
        unfinished.unlink(missing_ok=True)


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _report(message: str) -> None:
    print(message, file=sys.stderr)
