"""Log of requests: one event per request, in Arrow IPC segments under HOME/spool/requests.

A segment with its final name is whole and on disk. The format is Arrow IPC, while the collector's
segments are Parquet: segments that servers of earlier versions left in a home must still load, and
the format is cheap to write in the serving process, which knows nothing of the collector.
"""

import os
import sys
import time
import uuid
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

import pyarrow as pa

from models.errors import BadConfig

RequestOutcome = Literal["finished", "refused", "aborted", "failed"]

INSTANT = pa.timestamp("us", tz="UTC")
INSTANT_COLUMNS = ("arrival_at", "first_token_at", "last_token_at")
COUNT_COLUMNS = (
    "prompt_tokens",
    "cached_tokens",
    "completion_tokens",
    "draft_tokens",
    "accepted_tokens",
)
SCHEMA = pa.schema(
    [("request_id", pa.string()), ("model", pa.string())]
    + [(name, INSTANT) for name in INSTANT_COLUMNS]
    + [(name, pa.int64()) for name in COUNT_COLUMNS]
    + [(name, pa.string()) for name in ("outcome", "finish_reason", "device")]
)
SEGMENT_ROWS = 4096
SEGMENT_SECONDS = 5.0
# Writing a segment takes less than this. Older unfinished files are left from a crash.
MAX_WRITING_SECONDS = 3600
# Events kept while the disk is full. Beyond that the oldest are dropped, with a message.
MAX_KEPT_EVENTS = 262_144


@dataclass(frozen=True)
class UsageEvent:
    """One request and its outcome.

    Prompt tokens count once the first token came, as in the counters.
    """

    request_id: str
    model: str
    arrival_at: datetime
    first_token_at: datetime | None
    last_token_at: datetime | None
    prompt_tokens: int
    cached_tokens: int
    completion_tokens: int
    draft_tokens: int
    accepted_tokens: int
    outcome: RequestOutcome
    finish_reason: str | None
    device: str


class UsageLog:
    """Writer of events as segments.

    Add events from one thread; any thread may write segments.
    """

    def __init__(
        self, folder: Path, rows: int = SEGMENT_ROWS, seconds: float = SEGMENT_SECONDS
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise BadConfig(
                f"Requests cannot be logged in {folder} ({error.strerror}). "
                "Name a writable folder with --home."
            ) from error
        self._folder = folder
        _remove_leftovers(folder)
        # Servers in containers may have equal process ids, so segment names contain a random part.
        self._server_id = uuid.uuid4().hex[:12]
        self._lock = Lock()
        self._max_rows, self._max_seconds = rows, seconds
        self._events: list[UsageEvent] = []
        self._oldest_at = time.monotonic()
        self._segments = 0

    def add(self, event: UsageEvent) -> None:
        """Keep an event for the next segment."""
        if not self._events:
            self._oldest_at = time.monotonic()
        self._events.append(event)

    @property
    def is_due(self) -> bool:
        """True if the next segment is full or old enough to write."""
        if not self._events:
            return False
        age = time.monotonic() - self._oldest_at
        return len(self._events) >= self._max_rows or age >= self._max_seconds

    def write(self) -> None:
        """Write all kept events as one segment. If the disk refuses, keep them for later."""
        with self._lock:
            self._write()

    def _write(self) -> None:
        events = self._events[:]
        if not events:
            return
        try:
            self._write_segment([asdict(event) for event in events])
        except OSError as error:
            self._oldest_at = time.monotonic()
            surplus = max(len(self._events) - MAX_KEPT_EVENTS, 0)
            del self._events[:surplus]
            print(
                f"{self._folder}: {error}; {surplus} events dropped, the rest kept. "
                "Free some space there.",
                file=sys.stderr,
            )
            return
        del self._events[: len(events)]

    def _write_segment(self, rows: list[dict[str, Any]]) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        final = self._folder / f"{stamp}-{self._server_id}-{self._segments:06d}.arrow"
        unfinished = final.with_suffix(".tmp")
        try:
            _write_file(unfinished, pa.Table.from_pylist(rows, SCHEMA))
            unfinished.replace(final)
        finally:
            unfinished.unlink(missing_ok=True)
        self._segments += 1
        # The segment exists. If syncing its name fails, writing it again would count events twice.
        with suppress(OSError):
            _sync_folder(self._folder)


def _write_file(path: Path, table: pa.Table) -> None:
    with path.open("wb") as file:
        with pa.ipc.new_file(file, SCHEMA) as writer:
            writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())


def _remove_leftovers(folder: Path) -> None:
    """Remove old unfinished segments. Other servers may be writing newer ones at this moment."""
    for unfinished in folder.glob("*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - unfinished.stat().st_mtime > MAX_WRITING_SECONDS:
                unfinished.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
