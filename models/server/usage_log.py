"""One event a request, in Arrow IPC segments under HOME/spool/requests. A segment with its final name is whole and on the disk."""

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
SCHEMA = pa.schema(
    [("request_id", pa.string()), ("model", pa.string())]
    + [(name, INSTANT) for name in ("arrival_at", "first_token_at", "last_token_at")]
    + [
        (name, pa.int64())
        for name in (
            "prompt_tokens",
            "cached_tokens",
            "completion_tokens",
            "draft_tokens",
            "accepted_tokens",
        )
    ]
    + [(name, pa.string()) for name in ("outcome", "finish_reason", "device")]
)
SEGMENT_ROWS = 4096
SEGMENT_SECONDS = 5.0
LEFTOVER_SECONDS = 3600  # a segment is written in less; whatever is older was left by a crash
MAX_ROWS = (
    262_144  # kept while the disk takes none; beyond that the oldest are dropped, and it is said
)


@dataclass(frozen=True)
class UsageEvent:
    """What became of a request. Tokens of the prompt count once the first token came, as in the counters."""

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
    """Collects events and writes them as segments. Events are added from one thread; segments may be written from any."""

    def __init__(
        self, folder: Path, rows: int = SEGMENT_ROWS, seconds: float = SEGMENT_SECONDS
    ) -> None:
        try:
            folder.mkdir(parents=True, exist_ok=True)
        except OSError as problem:
            raise BadConfig(
                f"Requests cannot be logged in {folder} ({problem.strerror}). Name a folder that can be written with --home."
            ) from problem
        self._folder = folder
        _sweep(folder)
        self._life = uuid.uuid4().hex[
            :12
        ]  # no two servers share a name, even where all have the same process number
        self._writing = Lock()
        self._most_rows, self._most_seconds = rows, seconds
        self._events: list[UsageEvent] = []
        self._since = time.monotonic()
        self._segments = 0

    def add(self, event: UsageEvent) -> None:
        """Keep an event for the next segment."""
        if not self._events:
            self._since = time.monotonic()
        self._events.append(event)

    @property
    def is_due(self) -> bool:
        """Whether there is enough for a segment, or it waited long enough."""
        if not self._events:
            return False
        return (
            len(self._events) >= self._most_rows
            or time.monotonic() - self._since >= self._most_seconds
        )

    def write(self) -> None:
        """One segment of all that was kept; where the disk takes none, it is kept for later."""
        with self._writing:
            self._write()

    def _write(self) -> None:
        events = self._events[:]
        if not events:
            return
        try:
            self._write_segment([asdict(event) for event in events])
        except OSError as problem:
            self._since = time.monotonic()
            surplus = max(len(self._events) - MAX_ROWS, 0)
            del self._events[:surplus]
            print(
                f"{self._folder}: {problem}; {surplus} events dropped, the rest kept. Make room there.",
                file=sys.stderr,
            )
            return
        del self._events[: len(events)]

    def _write_segment(self, rows: list[dict[str, Any]]) -> None:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        final = self._folder / f"{stamp}-{self._life}-{self._segments:06d}.arrow"
        unfinished = final.with_suffix(".tmp")
        try:
            _write_whole(unfinished, pa.Table.from_pylist(rows, SCHEMA))
            unfinished.replace(final)
        finally:
            unfinished.unlink(missing_ok=True)
        self._segments += 1
        # It is there already: to write it again because its name may not survive a power cut would count its events twice.
        with suppress(OSError):
            _sync_folder(self._folder)


def _write_whole(path: Path, table: pa.Table) -> None:
    with path.open("wb") as file:
        with pa.ipc.new_file(file, SCHEMA) as writer:
            writer.write_table(table)
        file.flush()
        os.fsync(file.fileno())


def _sweep(folder: Path) -> None:
    """Remove what a crashed server began to write. Others may write here at this moment."""
    for unfinished in folder.glob("*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - unfinished.stat().st_mtime > LEFTOVER_SECONDS:
                unfinished.unlink()


def _sync_folder(folder: Path) -> None:
    handle = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)
