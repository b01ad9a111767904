"""Pages put together again: samples of one server and instant, which come in several requests.

A sender spreads the series of one scrape over its queues, each of which waits for some seconds. So
a page is read once no more can come, as text, by the reader of scraped pages: what is pushed and
what is scraped is the same.
"""

import logging
import time
from array import array
from collections import OrderedDict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from weakref import WeakKeyDictionary

from pipelines.telemetry.collector.segments import Scrape
from pipelines.telemetry.metrics.exposition import SUFFIX
from pipelines.telemetry.metrics.normalise import NormalisedPage, up_series
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.telemetry.receiver.pushed import (
    START,
    UP,
    PagePart,
    PushedSeries,
    PushedServer,
)
from pipelines.telemetry.receiver.targets import Place, TargetBook

log = logging.getLogger(__name__)

# Prometheus and the SDKs of OpenTelemetry send within 5 s of a scrape.
SETTLE_SECONDS = 10.0
KEPT_PAGES = 64  # instants of a server that are remembered for what comes late


@dataclass(eq=False)
class OpenPage:
    """Samples of one server and instant, until no more can come."""

    server: PushedServer
    at: int  # microseconds since 1970
    journal: int  # the first one that has some of it
    since: float = field(default_factory=time.monotonic)
    series: list[PushedSeries] = field(default_factory=list)
    values: "array[float]" = field(default_factory=lambda: array("d"))
    started_at: int = 0

    def add(self, part: PagePart) -> None:
        """Add the samples of a request."""
        self.series += part.series
        self.values += part.values
        if part.started_at and (not self.started_at or part.started_at < self.started_at):
            self.started_at = part.started_at


@dataclass
class ServerPages:
    """Pages of a server that were read: when their process started, by their instants."""

    starts: OrderedDict[int, str] = field(default_factory=OrderedDict)
    sends_up: bool = False
    is_said_homeless: bool = False

    def note(self, at: int, start: str) -> None:
        """Remember a page."""
        self.starts[at] = start
        while len(self.starts) > KEPT_PAGES:
            self.starts.popitem(last=False)


class PageBook:
    """Open pages, and how settled ones become scrapes."""

    def __init__(self, targets: TargetBook) -> None:
        self.targets = targets
        self.samples = 0
        self.homeless = 0  # samples of servers that are no target
        self.problems = 0
        self._open: dict[tuple[PushedServer, int], OpenPage] = {}
        self._read: WeakKeyDictionary[PushedServer, ServerPages] = WeakKeyDictionary()

    def __len__(self) -> int:
        return len(self._open)

    def add(self, parts: Mapping[tuple[PushedServer, int], PagePart], journal: int) -> None:
        """Add the samples of a request that a journal has."""
        for (server, at), part in parts.items():
            page = self._open.get((server, at))
            if page is None:
                page = self._open[server, at] = OpenPage(server, at, journal)
            page.add(part)
            server.seen_at = time.monotonic()
            self.samples += len(part.series)

    def take_settled(self, seconds: float = SETTLE_SECONDS) -> list[OpenPage]:
        """Remove the pages that began this long ago, and return them."""
        until = time.monotonic() - seconds
        settled = [page for page in self._open.values() if page.since <= until]
        for page in settled:
            del self._open[page.server, page.at]
            self.samples -= len(page.series)
        return settled

    def first_journal(self, otherwise: int) -> int:
        """Return the first journal that has samples of an open page."""
        return min((page.journal for page in self._open.values()), default=otherwise)

    def read(self, page: OpenPage) -> list[Scrape]:
        """Read a settled page; return a scrape for each target whose figures it has."""
        found = self.targets.find(page.server)
        if not found.places:
            self._pass_over(page)
            return []
        known = self._read.setdefault(page.server, ServerPages())
        up = _take_up(page, known)
        start = _start_of(page) or known.starts.get(page.at, "")
        is_first = page.at not in known.starts
        known.note(page.at, start)
        found.note(page.at)
        says_up = up is not None or (is_first and not known.sends_up)
        return [
            scrape
            for place in found.places
            if (scrape := self._to_scrape(page, place, up, start, says_up)).series
        ]

    def _pass_over(self, page: OpenPage) -> None:
        """Count the samples of a server that is no target, and say so once."""
        self.homeless += len(page.series)
        known = self._read.setdefault(page.server, ServerPages())
        if not known.is_said_homeless:
            known.is_said_homeless = True
            log.warning(
                "%s has figures of no engine that serves, so they belong to no target and are left "
                "out. If it is an exporter, name its address in a [[device_source]].",
                page.server.name,
            )

    def _to_scrape(
        self, page: OpenPage, place: Place, up: float | None, start: str, says_up: bool
    ) -> Scrape:
        lines = list(_lines(page, place, start))
        content = place.read("\n".join(lines).encode(), page.at / 1e6)
        self.problems += content.counts.problems
        started = content.started_at
        has_figures = any(each.name not in {UP, START} for each in page.series)
        series, values = _with_outcome(content, place, up, says_up, has_figures)
        return Scrape(
            place.target.name,
            place.engine,
            page.at,
            None if started is None or up == 0 else round(started * 1e6),
            place.share(series),
            values,
            place.target.only_model,
            place.device_prefix,
        )


def _take_up(page: OpenPage, known: ServerPages) -> float | None:
    """Return what the sender says of the scrape, and note the labels that it adds."""
    up: float | None = None
    for series, value in zip(page.series, page.values, strict=True):
        if series.name == UP:
            up, known.sends_up = value, True
            if series.labels != page.server.added:
                page.server.added = series.labels
                page.server.revision += 1
    return up


def _start_of(page: OpenPage) -> str:
    """Return when the process of a page started, or else when its first series did; or ""."""
    for series, value in zip(page.series, page.values, strict=True):
        if series.name == START:
            return repr(value)
    return repr(page.started_at / 1e6) if page.started_at else ""


def _lines(page: OpenPage, place: Place, start: str) -> Iterator[str]:
    revision = page.server.revision
    if place.target.families:
        kinds = {SUFFIX.sub("", each.name): each.kind for each in page.series if each.kind}
        yield from (f"# TYPE {name} {kind}" for name, kind in kinds.items())
    if start:
        yield f"{START} {start}"
    for series, value in zip(page.series, page.values, strict=True):
        if series.revision != revision:
            series.refresh()
        if series.name not in {UP, START}:
            yield f"{series.head} {value!r}"


def _with_outcome(
    content: NormalisedPage, place: Place, up: float | None, says_up: bool, has_figures: bool
) -> tuple[tuple[Series, ...], tuple[float, ...]]:
    """Return series and values of a page with the outcome of its scrape, as the collector does."""
    if up == 0:
        return (up_series(place.up_metric, reason="down_at_sender"),), (0.0,)
    series, values = tuple(content.samples), tuple(content.samples.values())
    if not says_up:
        return series, values
    # Of lines that are not kept a sender says nothing, so their number is not known.
    labels = {"samples": str(len(series)), "problems": str(content.counts.problems)}
    if content.withheld:
        labels["withheld"] = content.withheld
    elif not series and has_figures:  # they may be in another part of the page
        return (up_series(place.up_metric, reason="no_known_metrics"),), (0.0,)
    return (*series, up_series(place.up_metric, **labels)), (*values, 1.0)
