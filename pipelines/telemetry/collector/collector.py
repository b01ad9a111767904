"""Asks every target in its own time and keeps what it says. One process, one loop; a target that hangs costs no other one anything.

What a target had served before its first scrape is not claimed here: raw counter values go to the spool, differences are the loader's.
"""

import asyncio
import random
import ssl
import time
from collections.abc import Awaitable, Callable, Mapping
from contextlib import AsyncExitStack
from dataclasses import dataclass, field, replace

import httpx

from pipelines.telemetry.collector.scraping import ScrapeFailed, make_client, output_of, page_of
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.collector.spool import Spool
from pipelines.telemetry.config.tier import DeviceSource, Target, Tier
from pipelines.telemetry.metrics.devices import device_reader
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage, up
from pipelines.telemetry.metrics.vocabulary import Series

Ask = Callable[[float], Awaitable[bytes]]
MAX_WAIT = 10.0  # seconds for one scrape; less where a target is asked more often
FIRST_WITHIN = 1.0  # seconds in which every target is asked for the first time
LOOK_SECONDS = 0.25  # how often the writer looks whether a segment is due


@dataclass
class Health:
    """How the scrapes of one source went."""

    is_up: bool | None = None  # None before the first scrape ended
    reason: str = ""
    scrapes: int = 0
    failed: int = 0
    samples: int = 0
    problems: int = 0


@dataclass(eq=False)
class ScrapeLoop:
    """One page or command that is asked again and again."""

    target: Target
    engine: str
    where: str
    ask: Ask
    read: Callable[[bytes, float], NormalisedPage]
    up: str = "up"
    device_prefix: str = ""
    health: Health = field(default_factory=Health)
    series: tuple[
        Series, ...
    ] = ()  # of the last good scrape; the next one has mostly the same, and shares them

    async def scrape(self) -> Scrape:
        """One scrape; a failed one is a sample too."""
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
            page = await self.ask(min(self.target.scrape_seconds, MAX_WAIT))
        except ScrapeFailed as error:
            return self._failed(scrape, error.reason)
        return self._good(scrape, self.read(page, started))

    def _failed(self, scrape: Scrape, reason: str) -> Scrape:
        self.health.is_up, self.health.reason = False, reason
        self.health.failed += 1
        return replace(scrape, series=(up(self.up, reason=reason),), values=(0.0,))

    def _good(self, scrape: Scrape, reading: NormalisedPage) -> Scrape:
        self.health.is_up, self.health.reason = True, ""
        self.health.samples += len(reading.samples)
        self.health.problems += reading.counts.problems
        said = up(self.up, samples=str(len(reading.samples)), problems=str(reading.counts.problems))
        started_at = None if reading.started_at is None else round(reading.started_at * 1e6)
        series = (*reading.samples, said)
        self.series = self.series if series == self.series else series
        return replace(
            scrape,
            started_at=started_at,
            series=self.series,
            values=(*reading.samples.values(), 1.0),
        )


class Collector:
    """Every source of a tier, asked until it is told to stop."""

    def __init__(self, tier: Tier, spool: Spool, headers: Mapping[str, Mapping[str, str]]) -> None:
        self.started_at = time.time()
        self.spool = spool
        self.sources: list[ScrapeLoop] = []
        self._tier = tier
        self._headers = headers

    async def run(self, stop: asyncio.Event) -> None:
        """Collect until `stop` is set; then the open segment is closed."""
        async with AsyncExitStack() as clients:
            self.sources = await _sources(self._tier, self._headers, clients)
            asking = [asyncio.create_task(self._ask_for_ever(source)) for source in self.sources]
            writing = asyncio.create_task(self._write_for_ever(stop))
            try:
                # Neither ends by itself, unless by a fault of ours, which must not go unseen.
                await asyncio.wait([*asking, writing], return_when=asyncio.FIRST_COMPLETED)
            finally:
                stop.set()
                for task in asking:
                    task.cancel()
                ended = await asyncio.gather(writing, *asking, return_exceptions=True)
                self.spool.close(self.spool.take())
        for error in ended:
            if isinstance(error, BaseException) and not isinstance(error, asyncio.CancelledError):
                raise error

    async def _ask_for_ever(self, source: ScrapeLoop) -> None:
        seconds = source.target.scrape_seconds
        clock = asyncio.get_running_loop().time
        await asyncio.sleep(random.uniform(0, min(seconds, FIRST_WITHIN)))  # noqa: S311  # spreads load, guards nothing
        # From the second scrape on targets are spread over the whole interval.
        due = clock() - random.uniform(0, seconds / 2)  # noqa: S311  # as above
        while True:
            self.spool.keep(await source.scrape())
            due += seconds
            while due < clock():
                due += seconds
            await asyncio.sleep(due - clock())

    async def _write_for_ever(self, stop: asyncio.Event) -> None:
        while not stop.is_set():
            if self.spool.is_due:
                # In a thread: a segment of many rows takes a second, in which pages would wait.
                await asyncio.to_thread(self.spool.close, self.spool.take())
            elif self.spool.is_due_to_show:
                await asyncio.to_thread(self.spool.show)
            try:
                await asyncio.wait_for(stop.wait(), LOOK_SECONDS)
            except TimeoutError:
                continue


async def _sources(
    tier: Tier, headers: Mapping[str, Mapping[str, str]], clients: AsyncExitStack
) -> list[ScrapeLoop]:
    # Making one takes longer than a scrape, so all share it.
    context = ssl.create_default_context()
    readers: dict[tuple[tuple[str, ...], tuple[str, ...]], MetricsNormaliser] = {}
    found: list[ScrapeLoop] = []
    for target in tier.targets:
        own = tier.sources_of(target)
        client = await clients.enter_async_context(
            make_client(headers.get(target.name, {}), context)
        )
        vocabularies = _vocabularies(target, own)
        kind = vocabularies, target.families
        reader = readers[kind] = readers.get(kind) or MetricsNormaliser(
            *vocabularies, families=target.families
        )
        found.append(
            ScrapeLoop(target, target.engine, target.url, _page(client, target.url), reader.read)
        )
        apart = [source for source in own if source.url or source.command]
        for source in apart:
            # A header's secret is meant for the server, not for an exporter beside it.
            plain = await clients.enter_async_context(make_client({}, context))
            ask = _page(plain, source.url) if source.url else _output(source.command)
            prefix = f"{source.where}/" if len(apart) > 1 else ""
            found.append(
                ScrapeLoop(
                    target,
                    source.kind,
                    source.where,
                    ask,
                    device_reader(source.kind),
                    "device_up",
                    prefix,
                )
            )
    return found


def _vocabularies(target: Target, own: tuple[DeviceSource, ...]) -> tuple[str, ...]:
    """Our own server's page has its device's figures too, unless another source takes their place."""
    is_enough = target.engine == "tokentide" and all(
        source.kind == "tokentide" and not source.url for source in own
    )
    return (target.engine, "tokentide device") if is_enough else (target.engine,)


def _page(client: httpx.AsyncClient, url: str) -> Ask:
    return lambda seconds: page_of(client, url, seconds)


def _output(command: tuple[str, ...]) -> Ask:
    return lambda seconds: output_of(command, seconds)
