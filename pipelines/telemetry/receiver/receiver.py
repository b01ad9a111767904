"""The receiver: pushed bodies become durable, then pages, then segments.

A body is decoded, appended to the journal, and confirmed once the journal is on disk. Its samples
wait in memory until their pages are whole, and the journal until they are in a segment. Nothing
that was confirmed is dropped: where there is no room, a sender is asked to come again.
"""

import asyncio
import logging
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path
from typing import TypeVar

from pipelines.telemetry.collector.open_segment import OpenSegmentFile
from pipelines.telemetry.collector.segments import (
    OPEN_RECEIVED_NAME,
    Scrape,
    SegmentWriter,
    closed_segments,
)
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.config.tier_records import write_record
from pipelines.telemetry.receiver.bodies import BodyFormat, PushedBody
from pipelines.telemetry.receiver.errors import BadPush, NoRoom
from pipelines.telemetry.receiver.journal import BodyJournal, read_journal
from pipelines.telemetry.receiver.otlp import read_otlp, read_otlp_json
from pipelines.telemetry.receiver.pages import SETTLE_SECONDS, PageBook
from pipelines.telemetry.receiver.pushed import PushCounts, PushedBatch, SeriesBook
from pipelines.telemetry.receiver.remote_write import read_request, read_write_request
from pipelines.telemetry.receiver.tally import ReceiverTally
from pipelines.telemetry.receiver.targets import TargetBook, families_of

log = logging.getLogger(__name__)

LOOK_SECONDS = 0.25  # between two looks at open pages
RETRY_SECONDS = 5.0  # after a segment that could not be written
ROOM_SECONDS = 2.0  # between two looks at the size of the spool
MAX_OPEN_SAMPLES = 2_000_000  # in memory, in pages and in what is not in a segment yet
MAX_SEGMENT_SAMPLES = 1_000_000
DAY_SECONDS = 86_400.0

ResultT = TypeVar("ResultT")
READERS: dict[BodyFormat, Callable[[bytes, SeriesBook, PushedBatch], None]] = {
    "remote write 1.0": read_write_request,
    "remote write 2.0": read_request,
    "OTLP": read_otlp,
    "OTLP in JSON": read_otlp_json,
}


@dataclass(frozen=True)
class ReceiverFolders:
    """Folders of a receiver: journals, segments, and records of the tier."""

    journals: Path
    segments: Path
    records: Path


@dataclass(frozen=True)
class ReceiverLimits:
    """Bounds of a receiver."""

    max_mib: int = 2048  # of segments that wait to be loaded
    segment_seconds: float = 30.0
    settle_seconds: float = SETTLE_SECONDS
    max_open_samples: int = MAX_OPEN_SAMPLES
    kept_days: int = 30  # samples from before are refused


@dataclass
class HeldScrapes:
    """Scrapes of settled pages that are in no segment yet."""

    scrapes: list[Scrape] = field(default_factory=list)
    rows: int = 0

    def add(self, scrapes: list[Scrape]) -> None:
        """Add the scrapes of a page."""
        self.scrapes += scrapes
        self.rows += sum(len(each.series) for each in scrapes)


class PushReceiver:
    """Takes bodies in, and writes segments of what they hold."""

    def __init__(
        self, tier: Tier, folders: ReceiverFolders, limits: ReceiverLimits | None = None
    ) -> None:
        self.limits = limits or ReceiverLimits()
        self.tally = ReceiverTally()
        self.pages = PageBook(TargetBook(tier))
        self.held = HeldScrapes()
        self.started_at = time.time()
        self._folders = folders
        self._book = SeriesBook(families_of(tier))
        self._writer = SegmentWriter(folders.segments)
        self._open_file = OpenSegmentFile(folders.segments, OPEN_RECEIVED_NAME)
        self.journal = BodyJournal(folders.journals)
        # One thread decodes and reads pages, so that requests share what it knows.
        self._worker = ThreadPoolExecutor(1, "receiver")
        self._tried_at = time.monotonic()
        self._looked_at = -ROOM_SECONDS
        self._is_spool_full = False

    @property
    def servers(self) -> int:
        """The number of servers that are targets."""
        return len(self.pages.targets)

    async def accept(self, pushed: PushedBody) -> PushCounts:
        """Take a body in, durably; return what became of its samples.

        Raise BadPush for one that is not what it says, and NoRoom where it cannot be kept now.
        """
        self._require_room()
        batch = await self._in_worker(partial(self._decode, pushed))
        if batch.parts:
            await self._keep(pushed, batch)
        self.tally.add(batch.counts)
        return batch.counts

    async def use_tier(self, tier: Tier) -> None:
        """Take the targets and families of another tier file, from the next page on."""
        # In the thread that reads pages, so no page is read with half of each.
        await self._in_worker(partial(self.pages.targets.use, tier))
        await self._in_worker(partial(self._book.keep, families_of(tier)))

    async def run(self, stop: asyncio.Event) -> None:
        """Write segments until `stop` is set; then one of all that is left."""
        await self._in_worker(self.recover)
        while not stop.is_set():
            await self._read_settled()
            if self._is_due:
                await self.close_segment()
            elif self._open_file.is_due(self.held.rows):
                await asyncio.to_thread(
                    self._open_file.replace, list(self.held.scrapes), self.held.rows
                )
            try:
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue

    async def close(self) -> None:
        """Write all that is left into a segment; nothing may be accepted any more."""
        await self._read_settled(0.0)
        await self.close_segment()
        self.journal.close()
        self._worker.shutdown()

    def recover(self) -> None:
        """Write what a killed receiver confirmed into segments, and remove its journals."""
        left = self.journal.left()
        for path in left:
            for pushed in read_journal(path):
                try:
                    batch = self._decode(pushed)
                except BadPush as error:
                    log.warning("%s: a body cannot be read any more (%s).", path, error)
                    continue
                self.pages.add(batch.parts, self.journal.number)
                self.tally.recovered += batch.counts.kept
                if self.pages.samples >= MAX_SEGMENT_SAMPLES:
                    self._write_pages()
        self._write_pages()
        for path in left:
            path.unlink(missing_ok=True)
        if left:
            log.info("%d samples of an earlier receiver are in segments now.", self.tally.recovered)

    async def close_segment(self) -> None:
        """Write what is held into a segment, and remove the journals of it.

        Where the disk refuses, all of it waits, and so do senders.
        """
        self._tried_at = time.monotonic()
        held, self.held = self.held, HeldScrapes()
        try:
            await self.journal.rotate()
            path = await asyncio.to_thread(self._write, held.scrapes)
        except OSError as error:
            held.add(self.held.scrapes)
            self.held = held
            self._note_failure(error)
            return
        self.journal.remove_before(self.pages.first_journal(self.journal.number))
        self._open_file.remove()
        self.tally.note_segment(path, held.rows)

    @property
    def _is_due(self) -> bool:
        waited = time.monotonic() - self._tried_at
        if not self.tally.is_writing_well:
            return waited >= min(RETRY_SECONDS, self.limits.segment_seconds)
        is_old = waited >= self.limits.segment_seconds and not self.journal.is_empty
        return is_old or self.held.rows >= MAX_SEGMENT_SAMPLES

    def problem(self) -> str:
        """Say why nothing can be taken in now; "" if it can."""
        if time.monotonic() - self._looked_at >= ROOM_SECONDS:
            self._looked_at = time.monotonic()
            size = sum(map(_size, closed_segments(self._folders.segments)))
            self._is_spool_full = size > self.limits.max_mib << 20
        if not self.tally.is_writing_well:
            return "Segments cannot be written."
        if self._is_spool_full:
            return "The spool is full; its segments have to be loaded."
        if self.pages.samples + self.held.rows > self.limits.max_open_samples:
            return "Too many samples wait for a segment."
        return ""

    def _require_room(self) -> None:
        if reason := self.problem():
            self.tally.waiting_requests += 1
            raise NoRoom(reason)

    async def _in_worker(self, work: Callable[[], ResultT]) -> ResultT:
        return await asyncio.get_running_loop().run_in_executor(self._worker, work)

    def _decode(self, pushed: PushedBody) -> PushedBatch:
        batch = PushedBatch(time.time() - self.limits.kept_days * DAY_SECONDS)
        READERS[pushed.format](pushed.content(), self._book, batch)
        return batch

    async def _keep(self, pushed: PushedBody, batch: PushedBatch) -> None:
        try:
            # Both without a wait between: a journal is removed by the pages that it has.
            self.journal.append(pushed)
            self.pages.add(batch.parts, self.journal.number)
            await self.journal.sync()
        except OSError as error:
            self.tally.waiting_requests += 1
            raise NoRoom(f"The journal cannot be written ({error.strerror}).") from error

    async def _read_settled(self, seconds: float | None = None) -> None:
        settle = self.limits.settle_seconds if seconds is None else seconds
        for page in self.pages.take_settled(settle):
            self.held.add(await self._in_worker(partial(self.pages.read, page)))

    def _write_pages(self) -> None:
        held = HeldScrapes()
        for page in self.pages.take_settled(0.0):
            held.add(self.pages.read(page))
        self.tally.note_segment(self._write(held.scrapes), held.rows)

    def _write(self, scrapes: list[Scrape]) -> Path | None:
        """Write a segment, and before it the record of targets that are new in it."""
        if record := self.pages.targets.take_record():
            try:
                write_record(self._folders.records, record)
            except OSError:
                self.pages.targets.give_back(record)
                raise
        return self._writer.write(scrapes)

    def _note_failure(self, error: OSError) -> None:
        if self.tally.is_writing_well:
            log.error(
                "No segment can be written to %s (%s). Make room; senders are asked to wait.",
                self._folders.segments,
                error,
            )
        self.tally.is_writing_well = False


def _size(path: Path) -> int:
    try:
        return path.stat().st_size
    except FileNotFoundError:  # it is loaded already
        return 0
