"""The history of many replicas, read in parallel, within bounds of memory, and only once."""

import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import FIRST_EXCEPTION, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from pathlib import Path
from threading import Event

from pipelines.errors import HistoryFailed
from pipelines.telemetry.backfill.prometheus import PrometheusRange, read_range
from pipelines.telemetry.backfill.store import MetricStore
from pipelines.telemetry.collector.segments import Scrape, SegmentWriter
from pipelines.telemetry.stored_fleet.journal import ReadingJournal
from pipelines.telemetry.stored_fleet.presence import HOUR
from pipelines.telemetry.stored_fleet.replicas import PlacedServer, StoredReplica

MAX_ROWS = 500_000  # of samples that one request's thread holds
MAX_TOGETHER = 8  # servers whose samples share segments
# The newest samples may come to a store late, by way of another one.
SETTLED = timedelta(minutes=5)
ATTEMPTS = 3
RETRY_SECONDS = 1.0

OnRead = Callable[[str, date], None]
"""Takes the name of each replica of which a day has been read."""


@dataclass(frozen=True)
class DayOfServer:
    """Hours of one UTC day of a server that are still to be read."""

    placed: PlacedServer
    hours: tuple[datetime, ...]

    @property
    def name(self) -> str:
        """The name of the replica."""
        return self.placed.target.name


@dataclass
class FleetReading:
    """The reading of a fleet's history into segments of a folder."""

    store: MetricStore
    folder: Path
    journal: ReadingJournal
    until: datetime
    step_seconds: int
    threads: int
    on_read: OnRead

    def days(self, replicas: Iterable[StoredReplica]) -> dict[date, list[DayOfServer]]:
        """Return what is still to be read, oldest day first."""
        days: dict[date, list[DayOfServer]] = {}
        for placed in (each for replica in replicas for each in replica.servers):
            known = self.journal.hours(self._asked(placed))
            hours = [hour for hour in placed.presence.hours if hour not in known]
            for day in sorted({hour.date() for hour in hours}):
                of_day = tuple(hour for hour in hours if hour.date() == day)
                days.setdefault(day, []).append(DayOfServer(placed, of_day))
        return dict(sorted(days.items()))

    def read_day(self, parts: Sequence[DayOfServer]) -> int:
        """Read a day of all servers into segments; return the number of scrapes.

        Ctrl-C ends it once the requests that are on their way have come back.
        """
        together = max(1, min(MAX_TOGETHER, len(parts) // self.threads))
        stop = Event()
        with ThreadPoolExecutor(self.threads) as pool:
            jobs = [
                pool.submit(self._read_together, parts[begin : begin + together], stop)
                for begin in range(0, len(parts), together)
            ]
            try:
                wait(jobs, return_when=FIRST_EXCEPTION)
            finally:
                if any(_has_failed(job) for job in jobs) or not all(job.done() for job in jobs):
                    stop.set()
                    pool.shutdown(cancel_futures=True)
        for job in jobs:
            if not job.cancelled() and (error := job.exception()):
                raise error
        return sum(job.result() for job in jobs if not job.cancelled())

    def _read_together(self, parts: Sequence[DayOfServer], stop: Event) -> int:
        """Read some servers, and note what is on disk; what was read before an error is kept."""
        writer = SegmentWriter(self.folder)
        held: list[Scrape] = []
        read: list[DayOfServer] = []
        count = rows = 0
        try:
            for part in parts:
                for scrape in self._scrapes(part):
                    if stop.is_set():
                        return count
                    held.append(scrape)
                    count += 1
                    rows += len(scrape.series)
                    if rows >= MAX_ROWS:
                        writer.write(held)
                        held.clear()
                        rows = 0
                read.append(part)
        finally:
            writer.write(held)
            for part in read:
                settled = [each for each in part.hours if each + HOUR <= self.until - SETTLED]
                self.journal.note_hours(self._asked(part.placed), settled)
                self.on_read(part.name, part.hours[0].date())
        return count

    def _scrapes(self, part: DayOfServer) -> Iterator[Scrape]:
        placed = part.placed
        # A request has a number of steps, so none is shorter than the store's own.
        step = max(self.step_seconds, round(placed.presence.interval_seconds))
        for first, end in _spans(part.hours):
            last = min(end, self.until)
            span = PrometheusRange(self.store.url, placed.server.matchers, first, last, step)
            yield from self._again(span, placed)

    def _again(self, span: PrometheusRange, placed: PlacedServer) -> Iterator[Scrape]:
        """Yield the scrapes of a span; ask again where the store fails for a moment."""
        after = -1
        for attempt in range(1, ATTEMPTS + 1):
            try:
                for scrape in read_range(self.store, span, placed.target):
                    if scrape.scraped_at > after:
                        after = scrape.scraped_at
                        yield scrape
            except HistoryFailed:
                if attempt == ATTEMPTS:
                    raise
                time.sleep(RETRY_SECONDS)
            else:
                return

    def _asked(self, placed: PlacedServer) -> str:
        target = placed.target
        parts = (self.store.url, placed.server.matchers, target.name, target.engine)
        return "\n".join(
            (*parts, target.only_model or "", " ".join(target.families), str(self.step_seconds))
        )


def _spans(hours: Sequence[datetime]) -> Iterator[tuple[datetime, datetime]]:
    """Yield first and last instant of hours that follow one another."""
    first = before = hours[0]
    for hour in hours[1:]:
        if hour - before > HOUR:
            yield first, before + HOUR
            first = hour
        before = hour
    yield first, before + HOUR


def _has_failed(job: "Future[int]") -> bool:
    return job.done() and not job.cancelled() and job.exception() is not None
