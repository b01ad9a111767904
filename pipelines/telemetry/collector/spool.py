"""The spool: samples gathered in memory, closed into segments by rows or age.

The oldest segments are dropped where they need more room than there is.
"""

import logging
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import CollectorBusy, LockHeld
from pipelines.locks import file_lock
from pipelines.telemetry.collector.open_segment import OpenSegmentFile
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter, closed_segments

log = logging.getLogger(__name__)

MAX_SEGMENT_SECONDS = 30.0
MAX_SEGMENT_ROWS = 1_000_000
MAX_MIB = 2048
# While the disk is slow samples wait in memory, up to this number of segments.
MAX_WAITING = 4
LOCK_NAME = ".collector.lock"


@dataclass
class SpoolTally:
    """Totals of a spool since it was opened."""

    segments: int = 0
    segment_bytes: int = 0
    rows: int = 0
    dropped_segments: int = 0  # to keep within the bound
    dropped_bytes: int = 0
    lost_rows: int = 0  # could not be written
    is_writing_well: bool = True
    closed_at: float | None = None  # of the last segment, seconds since 1970


@dataclass
class OpenSegment:
    """Samples that wait for the next segment."""

    scrapes: list[Scrape] = field(default_factory=list)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)


class Spool:
    """Samples and segments of one writer."""

    def __init__(
        self,
        folder: Path,
        max_mib: int = MAX_MIB,
        max_seconds: float = MAX_SEGMENT_SECONDS,
        max_rows: int = MAX_SEGMENT_ROWS,
    ) -> None:
        self.tally = SpoolTally()
        self.open = OpenSegment()
        self._writer = SegmentWriter(folder)
        self._open_file = OpenSegmentFile(folder)
        self._max_bytes = max_mib * 1024 * 1024
        self._max_seconds = max_seconds
        self._max_rows = max_rows

    def keep(self, scrape: Scrape) -> None:
        """Add a scrape to the open segment."""
        if self.open.rows > MAX_WAITING * self._max_rows:
            self.tally.lost_rows += len(scrape.series)
            return
        self.open.scrapes.append(scrape)
        self.open.rows += len(scrape.series)

    @property
    def is_due(self) -> bool:
        """True once the open segment should be closed."""
        return bool(self.open.rows) and (
            self.open.rows >= self._max_rows
            or time.monotonic() - self.open.since >= self._max_seconds
            or not self.tally.is_writing_well
        )

    @property
    def is_due_to_show(self) -> bool:
        """True if the open segment has new samples and was last shown some seconds ago."""
        return self._open_file.is_due(self.open.rows)

    def show(self) -> None:
        """Show the open segment to a live view. An error is ignored; closing will report it."""
        self._open_file.replace(list(self.open.scrapes), self.open.rows)

    def take(self) -> OpenSegment:
        """Return the open segment and begin another one."""
        taken, self.open = self.open, OpenSegment()
        return taken

    def close(self, segment: OpenSegment) -> Path | None:
        """Write a segment and return its path.

        Samples that cannot be written are logged, counted and lost: a disk may stay full for days.
        """
        try:
            path = self._writer.write(segment.scrapes)
        except OSError as error:
            self._count_lost(segment.rows, error)
            self._open_file.remove()
            return None
        self.tally.is_writing_well = True
        if path:
            self._count(path, segment.rows)
        # Only now: who reads this file first and the segments afterwards misses nothing.
        self._open_file.remove()
        self._make_room(path)
        return path

    def _count(self, path: Path, rows: int) -> None:
        self.tally.segments += 1
        self.tally.rows += rows
        self.tally.segment_bytes += path.stat().st_size
        self.tally.closed_at = time.time()

    def _count_lost(self, rows: int, error: OSError) -> None:
        self.tally.lost_rows += rows
        if self.tally.is_writing_well:
            log.error(
                "No segment can be written to %s (%s). Make room; samples are lost until then.",
                self._writer.folder,
                error,
            )
        self.tally.is_writing_well = False

    def _make_room(self, newest: Path | None) -> None:
        """Drop the oldest segments until the rest is within the bound; never the newest."""
        sizes = {path: path.stat().st_size for path in closed_segments(self._writer.folder)}
        total = sum(sizes.values())
        for path, size in sizes.items():
            if total <= self._max_bytes or path == newest:
                return
            log.warning(
                "The spool is above %d MiB: dropping %s, which is not loaded yet.",
                self._max_bytes >> 20,
                path.name,
            )
            path.unlink(missing_ok=True)
            total -= size
            self.tally.dropped_segments += 1
            self.tally.dropped_bytes += size


@contextmanager
def lock_spool(folder: Path) -> Iterator[None]:
    """Hold the only right to collect into a folder; raise CollectorBusy if another process has it.

    Two collectors would write every sample twice.
    """
    with ExitStack() as held:
        try:
            held.enter_context(file_lock(folder / LOCK_NAME, blocking=False))
        except LockHeld as error:
            raise CollectorBusy(
                f"Another collector writes to {folder}: {error} "
                "Or set TOKENTIDE_HOME to another folder."
            ) from error
        yield
