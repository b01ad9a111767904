"""Samples on their way to the disk: gathered in memory, closed into a segment by rows or age, the oldest segments dropped for room."""

import fcntl
import logging
import os
import time
from dataclasses import dataclass, field
from pathlib import Path

from pipelines.errors import CollectorBusy
from pipelines.telemetry.collector.open_segment import OpenSegmentFile
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter, closed_segments

log = logging.getLogger(__name__)

MAX_SEGMENT_SECONDS = 60.0
MAX_SEGMENT_ROWS = 1_000_000
MAX_MIB = 2048
# While the disk is slow samples wait in memory, up to as many segments.
MAX_WAITING = 4


@dataclass
class SpoolTally:
    """What the spool did since it was opened."""

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
    """The samples that wait for the next segment."""

    scrapes: list[Scrape] = field(default_factory=list)
    rows: int = 0
    since: float = field(default_factory=time.monotonic)


class Spool:
    """One writer's samples and segments."""

    def __init__(
        self,
        folder: Path,
        max_mib: int = MAX_MIB,
        max_seconds: float = MAX_SEGMENT_SECONDS,
        max_rows: int = MAX_SEGMENT_ROWS,
    ) -> None:
        self.tally = SpoolTally()
        self.open = OpenSegment()
        self._segments = SegmentWriter(folder)
        self._live = OpenSegmentFile(folder)
        self._most_bytes = max_mib * 1024 * 1024
        self._most_seconds = max_seconds
        self._most_rows = max_rows

    def keep(self, scrape: Scrape) -> None:
        """Add a scrape to the open segment."""
        if self.open.rows > MAX_WAITING * self._most_rows:
            self.tally.lost_rows += len(scrape.series)
            return
        self.open.scrapes.append(scrape)
        self.open.rows += len(scrape.series)

    @property
    def is_due(self) -> bool:
        """Whether the open segment should be closed now."""
        return bool(self.open.rows) and (
            self.open.rows >= self._most_rows
            or time.monotonic() - self.open.since >= self._most_seconds
            or not self.tally.is_writing_well
        )

    @property
    def is_due_to_show(self) -> bool:
        """Whether the open segment has samples that a live view does not see yet, and it was not shown a moment ago."""
        return self._live.is_due(self.open.rows)

    def show(self) -> None:
        """Let a live view see the open segment. What cannot be written is left: the segment itself will say so."""
        self._live.replace(list(self.open.scrapes), self.open.rows)

    def take(self) -> OpenSegment:
        """The samples gathered so far; the next ones go into a new segment."""
        taken, self.open = self.open, OpenSegment()
        return taken

    def close(self, taken: OpenSegment) -> Path | None:
        """Make a segment of what was taken. What cannot be written is said, counted and given up: the disk may stay full for days."""
        try:
            path = self._segments.write(taken.scrapes)
        except OSError as error:
            self.tally.lost_rows += taken.rows
            if self.tally.is_writing_well:
                log.error(
                    "No segment can be written to %s (%s). Make room there; samples are lost until then.",
                    self._segments.folder,
                    error,
                )
            self.tally.is_writing_well = False
            self._live.remove()
            return None
        self.tally.is_writing_well = True
        if path:
            self._count(path, taken.rows)
        # Only now: a reader who looks at this file first and at the segments afterwards misses nothing.
        self._live.remove()
        self._make_room(path)
        return path

    def _count(self, path: Path, rows: int) -> None:
        self.tally.segments += 1
        self.tally.rows += rows
        self.tally.segment_bytes += path.stat().st_size
        self.tally.closed_at = time.time()

    def _make_room(self, newest: Path | None) -> None:
        """Drop the oldest segments until the rest is within the bound; never the newest."""
        sizes = {path: path.stat().st_size for path in closed_segments(self._segments.folder)}
        whole = sum(sizes.values())
        for path, size in sizes.items():
            if whole <= self._most_bytes or path == newest:
                return
            log.warning(
                "The spool is above %d MiB: dropping %s, which nobody loaded.",
                self._most_bytes >> 20,
                path.name,
            )
            path.unlink(missing_ok=True)
            whole -= size
            self.tally.dropped_segments += 1
            self.tally.dropped_bytes += size


class Claim:
    """The right to collect into a folder. Two collectors would write every sample twice, so the second one is refused."""

    def __init__(self, folder: Path) -> None:
        folder.mkdir(parents=True, exist_ok=True)
        self._handle = os.open(
            folder / ".collector.lock", os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644
        )
        try:
            fcntl.flock(self._handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            os.close(self._handle)
            raise CollectorBusy(
                f"Another collector writes to {folder}. End it, or set TOKENTIDE_HOME to another folder."
            ) from error

    def release(self) -> None:
        """Let another one collect."""
        os.close(self._handle)
