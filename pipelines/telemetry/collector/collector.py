"""The collector: scrapes every source in its own interval and hands samples to the spool.

It is one process with one event loop; a target that hangs delays no other one. It stores counters
as they are read. Growth and resets are computed when segments are loaded.
"""

import asyncio
import random
import time
from collections.abc import Awaitable, Callable, Hashable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace
from functools import cache

import httpx

from pipelines.telemetry.collector.scraping import (
    ScrapeFailed,
    fetch_page,
    make_client,
    make_context,
    run_command,
)
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import DeviceSource, Target, Tier
from pipelines.telemetry.metrics.devices import ReadPage, device_reader
from pipelines.telemetry.metrics.nearest_engine import NO_ENGINE, find_nearest_engine
from pipelines.telemetry.metrics.normalise import (
    MetricsNormaliser,
    NormalisedPage,
    outcome_series,
    up_series,
)
from pipelines.telemetry.metrics.prometheus_query import query_address
from pipelines.telemetry.metrics.vocabulary import Series

Fetch = Callable[[float], Awaitable[bytes]]
MAX_WAIT_SECONDS = 10.0  # for one scrape; less where a target's interval is shorter
FIRST_WITHIN_SECONDS = 1.0  # every target is scraped for the first time within this time
WRITER_SECONDS = 0.25  # between two looks at the open segment


@dataclass
class Health:
    """Outcomes of the scrapes of one source."""

    is_up: bool | None = None  # None before the first scrape ends
    reason: str = ""
    hint: str = ""  # what would help, or what is left out of a page
    scrapes: int = 0
    failed: int = 0
    samples: int = 0
    problems: int = 0


@dataclass(eq=False)
class ScrapeLoop:
    """A page or command that is scraped again and again."""

    target: Target
    engine: str
    address: str
    fetch: Fetch
    read: ReadPage
    up_metric: str = "up"
    device_prefix: str = ""
    health: Health = field(default_factory=Health)
    # Of the last good scrape. The next one has the same, most of the time, and shares them.
    series: tuple[Series, ...] = ()

    async def scrape(self) -> Scrape:
        """Scrape once. A failed scrape is a sample too."""
        started = time.time()
        scrape = Scrape(
            self.target.name,
            self.engine,
            round(started * 1e6),
            None,
            (),
            (),
            self.target.only_model,
            self.device_prefix,
        )
        self.health.scrapes += 1
        try:
            page = await self.fetch(min(self.target.scrape_seconds, MAX_WAIT_SECONDS))
            found = self.read(page, started)
            if not (found.samples or found.withheld):
                raise no_known_metrics(page, found)
        except ScrapeFailed as error:
            return self._add_failure(scrape, error)
        return self._add_samples(scrape, found)

    def _add_failure(self, scrape: Scrape, error: ScrapeFailed) -> Scrape:
        self.health.is_up, self.health.reason = False, error.reason
        nearest = error.details.get("nearest_engine", NO_ENGINE)
        self.health.hint = "" if nearest == NO_ENGINE else f"{nearest} would know this page"
        self.health.failed += 1
        up = up_series(self.up_metric, reason=error.reason, **error.details)
        return replace(scrape, series=(up,), values=(0.0,))

    def _add_samples(self, scrape: Scrape, page: NormalisedPage) -> Scrape:
        samples, problems = page.samples, page.counts.problems
        self.health.is_up, self.health.reason, self.health.hint = True, "", page.withheld
        self.health.samples += len(samples)
        self.health.problems += problems
        series = (*samples, outcome_series(self.up_metric, page))
        self.series = self.series if series == self.series else series
        return replace(
            scrape,
            started_at=None if page.started_at is None else round(page.started_at * 1e6),
            series=self.series,
            values=(*samples.values(), 1.0),
        )


class Collector:
    """The scrape loops of a tier, and the writer of their samples."""

    def __init__(self, tier: Tier, spool: Spool, headers: Mapping[str, Mapping[str, str]]) -> None:
        self.started_at = time.time()
        self.spool = spool
        self.loops: list[ScrapeLoop] = []
        self._tier = tier
        self._headers = headers

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until `stop` is set; then close the open segment."""
        async with AsyncExitStack() as clients:
            self.loops = await _make_loops(self._tier, self._headers, clients)
            scraping = [asyncio.create_task(self._scrape_forever(loop)) for loop in self.loops]
            writing = asyncio.create_task(self._write_until(stop))
            try:
                # Neither ends by itself, unless by a fault of ours, which must not go unseen.
                await asyncio.wait([*scraping, writing], return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.set()
                for task in scraping:
                    task.cancel()
                ended = await asyncio.gather(writing, *scraping, return_exceptions=True)
                self.spool.close(self.spool.take())
        for error in ended:
            if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
                raise error

    async def _scrape_forever(self, loop: ScrapeLoop) -> None:
        seconds = loop.target.scrape_seconds
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(random.uniform(0, min(seconds, FIRST_WITHIN_SECONDS)))  # noqa: S311  # spreads load, guards nothing
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


async def _make_loops(
    tier: Tier, headers: Mapping[str, Mapping[str, str]], clients: AsyncExitStack
) -> list[ScrapeLoop]:
    """Make a loop for each target and for each device source with a page or command."""
    # A context takes longer to make than a scrape, so clients share it.
    context = cache(make_context)
    readers: dict[Hashable, MetricsNormaliser] = {}
    loops: list[ScrapeLoop] = []
    for target in tier.targets:
        client = make_client(headers.get(target.name, {}), context(target.ca_file))
        await clients.enter_async_context(client)
        sources = tier.sources_of(target)
        pick = tier.own_page_pick(target)
        kind = _vocabularies(target, sources), target.families, pick
        # Targets of one kind share a reader, because their pages have most lines in common.
        if kind not in readers:
            readers[kind] = MetricsNormaliser(*kind[0], families=kind[1], pick=pick)
        fetch = _page_fetch(client, target.url)
        loops.append(ScrapeLoop(target, target.engine, target.url, fetch, readers[kind].read))
        separate = [source for source in sources if source.url or source.command]
        for source in separate:
            # The target's headers are meant for the server, not for an exporter beside it.
            own = make_client(headers.get(source.key, {}), context(source.ca_file))
            await clients.enter_async_context(own)
            loops.append(_device_loop(target, source, own, is_only=len(separate) == 1))
    return loops


def no_known_metrics(page: bytes, found: NormalisedPage) -> ScrapeFailed:
    """Make the failure of a page that has no family that was expected."""
    return ScrapeFailed(
        "no_known_metrics",
        nearest_engine=find_nearest_engine(page),
        read=str(found.counts.lines),
        unknown_families=str(found.counts.unknown_families),
    )


def _device_loop(
    target: Target, source: DeviceSource, client: httpx.AsyncClient, is_only: bool
) -> ScrapeLoop:
    return ScrapeLoop(
        target,
        source.kind,
        source.address,
        _source_fetch(client, source),
        device_reader(source.kind, source.pick(target.devices)),
        "device_up",
        "" if is_only else f"{source.address}/",
    )


def _vocabularies(target: Target, sources: tuple[DeviceSource, ...]) -> tuple[str, ...]:
    """Name the vocabularies of a target's page.

    Our own server's page has its device's figures too, unless another source replaces them.
    """
    has_devices = target.engine == "tokentide" and all(
        source.kind == "tokentide" and not source.url for source in sources
    )
    return (target.engine, "tokentide device") if has_devices else (target.engine,)


def _page_fetch(client: httpx.AsyncClient, url: str) -> Fetch:
    return lambda seconds: fetch_page(client, url, seconds)


def _source_fetch(client: httpx.AsyncClient, source: DeviceSource) -> Fetch:
    if not source.url:
        return _command_fetch(source.command)
    if source.query:
        return _page_fetch(client, query_address(source.url, source.query))
    return _page_fetch(client, source.url)


def _command_fetch(command: tuple[str, ...]) -> Fetch:
    return lambda seconds: run_command(command, seconds)
