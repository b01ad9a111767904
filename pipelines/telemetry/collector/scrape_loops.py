"""Pages and commands that are scraped again and again, and how the scrapes of each went."""

import time
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass, field

import aiohttp

from pipelines.telemetry.collector.scraping import ScrapeFailed, fetch_page, run_command
from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.config.tier import DeviceSource, Target, Tier
from pipelines.telemetry.metrics.devices import ReadPage, device_reader
from pipelines.telemetry.metrics.nearest_engine import NO_ENGINE, find_nearest_engine
from pipelines.telemetry.metrics.normalise import NormalisedPage, outcome_series, up_series
from pipelines.telemetry.metrics.prometheus_query import query_address
from pipelines.telemetry.metrics.vocabulary import Series

Fetch = Callable[[float], Awaitable[bytes]]
MAX_WAIT_SECONDS = 10.0  # for one scrape; less where a target's interval is shorter


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
        self.health.scrapes += 1
        try:
            page = await self.fetch(min(self.target.scrape_seconds, MAX_WAIT_SECONDS))
            found = self.read(page, started)
            if not (found.samples or found.withheld):
                raise no_known_metrics(page, found)
        except ScrapeFailed as error:
            return self._note_failure(started, error)
        return self._note_samples(started, found)

    def _note_failure(self, started: float, error: ScrapeFailed) -> Scrape:
        self.health.is_up, self.health.reason = False, error.reason
        nearest = error.details.get("nearest_engine", NO_ENGINE)
        self.health.hint = "" if nearest == NO_ENGINE else f"{nearest} would know this page"
        self.health.failed += 1
        up = up_series(self.up_metric, reason=error.reason, **error.details)
        return self._scrape_of(started, None, (up,), (0.0,))

    def _note_samples(self, started: float, page: NormalisedPage) -> Scrape:
        samples, problems = page.samples, page.counts.problems
        self.health.is_up, self.health.reason, self.health.hint = True, "", page.withheld
        self.health.samples += len(samples)
        self.health.problems += problems
        series = (*samples, outcome_series(self.up_metric, page))
        self.series = self.series if series == self.series else series
        values = (*samples.values(), 1.0)
        return self._scrape_of(started, page.started_at, self.series, values)

    def _scrape_of(
        self,
        started: float,
        server_started: float | None,
        series: tuple[Series, ...],
        values: tuple[float, ...],
    ) -> Scrape:
        return Scrape(
            self.target.name,
            self.engine,
            round(started * 1e6),
            None if server_started is None else round(server_started * 1e6),
            series,
            values,
            self.target.only_model,
            self.device_prefix,
        )


@dataclass(frozen=True)
class WantedTarget:
    """A target to be scraped, with its device sources and the headers of each by its key."""

    target: Target
    sources: tuple[DeviceSource, ...]
    headers: Mapping[str, Mapping[str, str]] = field(repr=False)


def wanted_targets(tier: Tier, headers: Mapping[str, Mapping[str, str]]) -> list[WantedTarget]:
    """Return the targets of a tier file, with its headers."""
    wanted = []
    for target in tier.targets:
        sources = tier.sources_of(target)
        keys = {target.name, *(source.key for source in sources)}
        own = {key: each for key, each in headers.items() if key in keys}
        wanted.append(WantedTarget(target, sources, own))
    return wanted


def make_loops(
    wanted: WantedTarget, read: ReadPage, make: Callable[[str], aiohttp.ClientSession]
) -> list[ScrapeLoop]:
    """Make the loop of a target's page and those of its device sources with a page or command.

    `make` makes the client for a key of headers: the target's own headers are meant for the server,
    not for an exporter beside it.
    """
    target = wanted.target
    fetch = _page_fetch(make(target.name), target.url)
    loops = [ScrapeLoop(target, target.engine, target.url, fetch, read)]
    separate = [source for source in wanted.sources if source.url or source.command]
    loops += [
        _device_loop(target, source, make(source.key), is_only=len(separate) == 1)
        for source in separate
    ]
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
    target: Target, source: DeviceSource, client: aiohttp.ClientSession, is_only: bool
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


def vocabularies(target: Target, sources: tuple[DeviceSource, ...]) -> tuple[str, ...]:
    """Name the vocabularies of a target's page.

    Our own server's page has its device's figures too, unless another source replaces them.
    """
    has_devices = target.engine == "tokentide" and all(
        source.kind == "tokentide" and not source.url for source in sources
    )
    return (target.engine, "tokentide device") if has_devices else (target.engine,)


def _page_fetch(client: aiohttp.ClientSession, url: str) -> Fetch:
    return lambda seconds: fetch_page(client, url, seconds)


def _source_fetch(client: aiohttp.ClientSession, source: DeviceSource) -> Fetch:
    if not source.url:
        return _command_fetch(source.command)
    if source.query:
        return _page_fetch(client, query_address(source.url, source.query))
    return _page_fetch(client, source.url)


def _command_fetch(command: tuple[str, ...]) -> Fetch:
    return lambda seconds: run_command(command, seconds)
