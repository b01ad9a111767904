"""Log of requests: one event per request, in Arrow IPC segments under HOME/spool/requests.

An event is with the operating system before its request's last byte is sent, see
`models.server.usage_journal`, and on disk within a second.

A segment with its final name is whole and on disk. The format is Arrow IPC, while the collector's
segments are Parquet: segments that servers of earlier versions left in a home must still load, and
the format is cheap to write in the serving process, which knows nothing of the collector.
"""

import os
import sys
import time
import uuid
from collections import deque
from contextlib import suppress
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from threading import Lock
from typing import Any, Literal

from models.errors import BadConfig
from models.server.usage_journal import SUFFIX, Journal, recover_journals

RequestOutcome = Literal["finished", "refused", "aborted", "failed"]

SEGMENT_ROWS = 4096
SEGMENT_SECONDS = 5.0
# Writing a segment takes less than this. Older unfinished files are left from a crash.
MAX_WRITING_SECONDS = 3600
# Events kept while the disk is full. Beyond that the oldest are dropped, with a message.
MAX_KEPT_EVENTS = 262_144
MESSAGE_SECONDS = 5.0


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
    caller: str | None = None
    team: str | None = None
    key_alias: str | None = None


class UsageLog:
    """Writer of events as segments. Any thread may add events and write segments."""

    def __init__(
        self,
        folder: Path,
        rows: int = SEGMENT_ROWS,
        seconds: float = SEGMENT_SECONDS,
        max_kept: int = MAX_KEPT_EVENTS,
    ) -> None:
        _prepare_folder(folder)
        self._folder = folder
        # Servers in containers may have equal process ids, so segment names contain a random part.
        self._server_id = uuid.uuid4().hex[:12]
        self._max_rows, self._max_seconds = rows, seconds
        self._segments = 0
        self._journal: Journal | None = None
        self._began_at = 0.0
        # What the disk has refused: events that are in no journal, journals that are no segment.
        self._kept: deque[dict[str, Any]] = deque(maxlen=max_kept)
        self._unsealed: list[Journal] = []
        self._dropped = 0
        self._said_at = -MESSAGE_SECONDS
        # The first guards the fields above for an instant, the second is held while files are
        # written: an event is added while a segment is written.
        self._lock, self._writing = Lock(), Lock()

    def add(self, event: UsageEvent) -> None:
        """Append an event to the journal. If the disk refuses, keep it for later."""
        with self._lock:
            self._dropped += len(self._kept) == self._kept.maxlen
            self._kept.append(asdict(event))
            self._append_kept()

    def flush(self) -> None:
        """Sync the events to disk, and write a segment if it is full or old enough."""
        with self._writing:
            with self._lock:
                journal = self._journal
                age = time.monotonic() - self._began_at
                is_due = journal and (journal.rows >= self._max_rows or age >= self._max_seconds)
            if is_due or self._kept or self._unsealed:
                self._write()
            elif journal:
                self._sync(journal)

    def write(self) -> None:
        """Write all events as one segment. If the disk refuses, keep them for later."""
        with self._writing:
            self._write()

    def _write(self) -> None:
        with self._lock:
            self._append_kept()
            if self._journal:
                self._unsealed.append(self._journal)
                self._journal = None
        while self._unsealed:
            try:
                self._unsealed[0].seal()
            except OSError as error:
                self._report(error)
                return
            del self._unsealed[0]

    def _sync(self, journal: Journal) -> None:
        try:
            journal.sync()
        except OSError as error:
            self._report(error)

    def _append_kept(self) -> None:
        try:
            while self._kept:
                self._journal = self._journal or self._begin_journal()
                self._journal.append(self._kept[0])
                self._kept.popleft()
        except OSError as error:
            self._report(error)

    def _begin_journal(self) -> Journal:
        stamp = datetime.now(UTC).strftime("%Y%m%dT%H%M%S.%fZ")
        name = f"{stamp}-{self._server_id}-{self._segments:06d}{SUFFIX}"
        self._segments += 1
        self._began_at = time.monotonic()
        return Journal(self._folder / name)

    def _report(self, error: OSError) -> None:
        now = time.monotonic()
        if now - self._said_at >= MESSAGE_SECONDS:
            self._said_at = now
            print(
                f"{self._folder}: {error}; {self._dropped} events dropped, the rest kept. "
                "Free some space there.",
                file=sys.stderr,
            )


def _prepare_folder(folder: Path) -> None:
    try:
        folder.mkdir(parents=True, exist_ok=True)
        is_writable = os.access(folder, os.W_OK | os.X_OK)
    except OSError as error:
        raise _refusal(folder, error.strerror) from error
    if not is_writable:
        raise _refusal(folder, "it cannot be written to")
    _remove_leftovers(folder)
    recover_journals(folder)


def _refusal(folder: Path, reason: str | None) -> BadConfig:
    return BadConfig(
        f"Requests cannot be logged in {folder} ({reason}). Name a writable folder with --home."
    )


def _remove_leftovers(folder: Path) -> None:
    """Remove old unfinished segments. Other servers may be writing newer ones at this moment."""
    for unfinished in folder.glob("*.tmp"):
        with suppress(FileNotFoundError):
            if time.time() - unfinished.stat().st_mtime > MAX_WRITING_SECONDS:
                unfinished.unlink()
