"""The collector: scrapes every source in its own interval and hands samples to the spool.

It is one process with one event loop; a target that hangs delays no other one. Targets come and go
while it runs, and those that stay notice nothing. It stores counters as they are read. Growth and
resets are computed when segments are loaded.
"""

import asyncio
import logging
import random
import ssl
import time
from collections.abc import Callable, Coroutine, Hashable, Iterable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import aiohttp

from pipelines.errors import BadSetting
from pipelines.telemetry.collector.scrape_loops import (
    Health,
    ScrapeLoop,
    WantedTarget,
    make_loops,
    vocabularies,
    wanted_targets,
)
from pipelines.telemetry.collector.scraping import make_client, make_context
from pipelines.telemetry.collector.shard import WHOLE, Shard
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.collector.tasks import TaskSet
from pipelines.telemetry.config.tier import Tier, own_page_pick
from pipelines.telemetry.metrics.normalise import MetricsNormaliser

__all__ = ["Collector", "DiscoveryHealth", "Health", "ScrapeLoop"]

log = logging.getLogger(__name__)

FIRST_WITHIN_SECONDS = 1.0  # every target is scraped for the first time within this time
WRITER_SECONDS = 0.25  # between two looks at the open segment
# A reader remembers the labels of targets that are gone. When more than these and than those that
# stay are gone, it is made again.
MIN_GONE = 16


@dataclass
class DiscoveryHealth:
    """State of one list of targets."""

    targets: int = 0
    refused: tuple[str, ...] = ()
    problem: str = ""  # of the last attempt; the last good list holds meanwhile
    listed_at: float | None = None  # of the last good list, seconds since 1970


@dataclass(eq=False)
class RunningTarget:
    """A target that is being scraped, with all that ends with it."""

    wanted: WantedTarget
    kind: Hashable
    loops: list[ScrapeLoop]
    clients: list[aiohttp.ClientSession]
    tasks: list[asyncio.Task[None]] = field(default_factory=list)


class Collector:
    """The scrape loops of a tier, and the writer of their samples."""

    def __init__(
        self,
        tier: Tier,
        spool: Spool,
        headers: Mapping[str, Mapping[str, str]],
        shard: Shard = WHOLE,
    ) -> None:
        self.started_at = time.time()
        self.spool = spool
        self._shard = shard
        # Replaced as a whole, because pages of ours read it in another thread.
        self.loops: list[ScrapeLoop] = []
        self.discoveries: dict[str, DiscoveryHealth] = {}
        self._first = wanted_targets(tier, headers)
        self._running: dict[str, RunningTarget] = {}
        self._readers = SharedReaders()
        self._contexts: dict[Path | None, ssl.SSLContext] = {}
        self._tasks: TaskSet | None = None

    async def run(
        self,
        stop: asyncio.Event,
        watch: Callable[[TaskSet], Coroutine[Any, Any, None]] | None = None,
    ) -> None:
        """Collect until `stop` is set; then close the open segment.

        `watch` runs beside it and may change what is scraped.
        """
        self._tasks = tasks = TaskSet()
        writing = asyncio.create_task(self._write_until(stop))
        try:
            await self.reconcile(self._first)
            if watch:
                tasks.start(watch(tasks))
            await asyncio.wait([writing, tasks.failed], return_when=asyncio.FIRST_COMPLETED)
        finally:
            stop.set()
            ended = await asyncio.gather(writing, tasks.close(), return_exceptions=True)
            await self._end(list(self._running.values()))
            self.spool.close(self.spool.take())
        for error in ended:
            if isinstance(error, BaseException):
                raise error

    async def reconcile(self, wanted: Iterable[WantedTarget]) -> None:
        """Begin to scrape what is new, end what is not wanted, start again what is changed.

        Targets of other shards are left to their collectors.
        """
        by_name = {each.target.name: each for each in wanted if self._shard.has(each.target.name)}
        ended = [each for name, each in self._running.items() if by_name.get(name) != each.wanted]
        await self._end(ended)
        for name, each in by_name.items():
            if name not in self._running:
                self._running[name] = self._begin(each)
                # A thousand at once take a second, in which pages of the others would wait.
                await asyncio.sleep(0)
        self._readers.forget(self._running.values())
        used = {source.ca_file for each in by_name.values() for source in each.sources}
        used |= {each.target.ca_file for each in by_name.values()}
        self._contexts = {file: each for file, each in self._contexts.items() if file in used}
        self._list_loops()

    def _begin(self, wanted: WantedTarget) -> RunningTarget:
        target = wanted.target
        clients: list[aiohttp.ClientSession] = []
        files = {source.key: source.ca_file for source in wanted.sources}

        def make(key: str) -> aiohttp.ClientSession:
            context = self._context(files.get(key, target.ca_file))
            clients.append(make_client(wanted.headers.get(key, {}), context))
            return clients[-1]

        kind = SharedReaders.kind_of(wanted)
        loops = make_loops(wanted, self._readers.find(wanted).read, make)
        running = RunningTarget(wanted, kind, loops, clients)
        if self._tasks is not None:
            running.tasks = [self._tasks.start(self._scrape_forever(loop)) for loop in loops]
        return running

    async def _end(self, ended: list[RunningTarget]) -> None:
        # First of all, so that none that has ended half counts as running.
        for running in ended:
            del self._running[running.wanted.target.name]
            self._readers.note_gone(running.kind)
        if self._tasks is not None:
            await self._tasks.cancel(task for each in ended for task in each.tasks)
        for running in ended:
            for client in running.clients:
                await client.close()

    def _list_loops(self) -> None:
        self.loops = [loop for each in self._running.values() for loop in each.loops]

    def _context(self, ca_file: Path | None) -> ssl.SSLContext:
        # A context takes longer to make than a scrape, so clients share it.
        if ca_file not in self._contexts:
            try:
                self._contexts[ca_file] = make_context(ca_file)
            except BadSetting as error:
                # It was right when the tier file was read. The others go on, and this target's
                # scrapes fail for their certificate.
                log.warning("%s", error)
                return make_context()
        return self._contexts[ca_file]

    async def _scrape_forever(self, loop: ScrapeLoop) -> None:
        seconds = loop.target.scrape_seconds
        clock = asyncio.get_running_loop().time
        # Less than the whole time, which a busy machine needs as well.
        first_within = 0.8 * min(seconds, FIRST_WITHIN_SECONDS)
        await asyncio.sleep(random.uniform(0, first_within))  # noqa: S311  # spreads load, guards nothing
        # From the second scrape on, targets are spread over the whole interval.
        due = clock() - random.uniform(0, seconds / 2)  # noqa: S311  # as above
        while True:
            self.spool.keep(await loop.scrape())
            due += seconds
            while due < clock():
                due += seconds
            await asyncio.sleep(due - clock())

    async def _write_until(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self.spool.is_due:
                # In a thread: a segment of many rows takes a second, in which pages would wait.
                await asyncio.to_thread(self.spool.close, self.spool.take())
            elif self.spool.is_due_to_show:
                await asyncio.to_thread(self.spool.show)
            try:
                await asyncio.wait_for(stop.wait(), WRITER_SECONDS)
            except TimeoutError:
                continue


class SharedReaders:
    """Readers of pages. Targets of one kind share one: their pages have most lines in common."""

    def __init__(self) -> None:
        self._readers: dict[Hashable, MetricsNormaliser] = {}
        self._gone: dict[Hashable, int] = {}

    @staticmethod
    def kind_of(wanted: WantedTarget) -> Hashable:
        """Return what targets have in common that share a reader."""
        target, sources = wanted.target, wanted.sources
        pick = own_page_pick(target, sources)
        return vocabularies(target, sources), target.families, pick

    def find(self, wanted: WantedTarget) -> MetricsNormaliser:
        """Return the reader of a target's page."""
        kind = self.kind_of(wanted)
        if kind not in self._readers:
            self._readers[kind] = _make_reader(wanted)
        return self._readers[kind]

    def note_gone(self, kind: Hashable) -> None:
        """Note that a target of this kind is gone."""
        self._gone[kind] = self._gone.get(kind, 0) + 1

    def forget(self, running: Iterable[RunningTarget]) -> None:
        """Drop the readers that nobody uses, and what the others know of targets that are gone."""
        users: dict[Hashable, list[RunningTarget]] = {}
        for each in running:
            users.setdefault(each.kind, []).append(each)
        for kind in list(self._readers):
            own = users.get(kind, [])
            if not own:
                del self._readers[kind]
            elif self._gone.get(kind, 0) > max(MIN_GONE, len(own)):
                self._readers[kind] = _make_reader(own[0].wanted)
                for each in own:
                    each.loops[0].read = self._readers[kind].read
            else:
                continue
            self._gone.pop(kind, None)


def _make_reader(wanted: WantedTarget) -> MetricsNormaliser:
    names = vocabularies(wanted.target, wanted.sources)
    pick = own_page_pick(wanted.target, wanted.sources)
    return MetricsNormaliser(*names, families=wanted.target.families, pick=pick)
