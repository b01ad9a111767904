"""Targets of pushed servers: those of the tier file, or else the server itself.

A server whose instance is the address of a target, or its name, is that target; one at the address
of a device source gives the figures of its devices. Any other one is a target by itself if its
families are of an engine that serves, and is recorded as one that was found.
"""

from collections.abc import Callable, Hashable, Iterable, Iterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from functools import cache
from statistics import median
from urllib.parse import urlsplit
from weakref import WeakKeyDictionary

from pipelines.telemetry.collector.scrape_loops import vocabularies
from pipelines.telemetry.config.tier import DeviceSource, Target, Tier, own_page_pick
from pipelines.telemetry.config.tier_records import TierEntry, TierRecord, target_entry
from pipelines.telemetry.metrics.devices import ReadPage, device_reader
from pipelines.telemetry.metrics.normalise import MetricsNormaliser
from pipelines.telemetry.metrics.vocabulary import Series
from pipelines.telemetry.receiver.pushed import PushedServer
from pipelines.telemetry.stored_fleet.servers import find_engine

ORIGIN = "discovery tokentide receive"
# Of Prometheus and of OpenTelemetry, until a server's own interval shows.
USUAL_SECONDS = 60.0
# Nobody asks it: what pushes needs no address.
NO_ADDRESS = "http://pushed.invalid/metrics"
KEPT_INSTANTS = 9  # of which the interval is the median
WAVERING = 0.25  # an interval that differs by less is the same


@dataclass(eq=False)
class Place:
    """A target that samples of a server are of, and the reader of its pages."""

    target: Target
    engine: str
    read: ReadPage
    up_metric: str = "up"
    device_prefix: str = ""
    is_found: bool = False  # by its families: the tier file does not name it
    # Of the last page. The next one has the same, most of the time, and shares them.
    series: tuple[Series, ...] = ()

    def share(self, series: tuple[Series, ...]) -> tuple[Series, ...]:
        """Return equal series as one object, which is written faster."""
        self.series = self.series if series == self.series else series
        return self.series


@dataclass
class ServerPlaces:
    """Places of one server, and the interval at which it is pushed."""

    places: list[Place]
    families: int  # of which its engine was found
    instants: list[int] = field(default_factory=list)
    recorded_seconds: float = 0.0

    def note(self, at: int) -> None:
        """Note the instant of a page, in microseconds since 1970."""
        self.instants = sorted({*self.instants, at})[-KEPT_INSTANTS:]

    @property
    def seconds(self) -> float:
        """The interval between pages."""
        steps = [
            (after - before) / 1e6
            for before, after in zip(self.instants, self.instants[1:], strict=False)
        ]
        return round(min(3600.0, max(0.1, median(steps))), 1) if steps else USUAL_SECONDS

    @property
    def is_due(self) -> bool:
        """True if its interval is not recorded as it is now."""
        return abs(self.seconds - self.recorded_seconds) > WAVERING * self.recorded_seconds


class TargetBook:
    """The targets of a tier file by the addresses of their pages, and those that were found."""

    def __init__(self, tier: Tier) -> None:
        self._found: WeakKeyDictionary[PushedServer, ServerPlaces] = WeakKeyDictionary()
        self.use(tier)

    def use(self, tier: Tier) -> None:
        """Take the targets of another tier file; servers that pushed before are found in it."""
        self._named: dict[str, list[Callable[[], Place]]] = {}
        self._readers: dict[Hashable, ReadPage] = {}
        self._name_targets(tier)
        found: WeakKeyDictionary[PushedServer, ServerPlaces] = WeakKeyDictionary()
        for server, before in self._found.items():
            places = list(self._make_places(server))
            is_same = [each.target for each in places] == [each.target for each in before.places]
            # One that the file had named is recorded again.
            recorded = before.recorded_seconds if is_same else 0.0
            found[server] = ServerPlaces(places, before.families, before.instants, recorded)
        self._found = found

    def _name_targets(self, tier: Tier) -> None:
        for target in tier.targets:
            sources = tier.sources_of(target)
            for known_as in {target.name, urlsplit(target.url).netloc}:
                self._named.setdefault(known_as, []).append(self._target_maker(target, sources))
            separate = [each for each in sources if each.url or each.command]
            for source in separate:
                if source.url and not source.query:
                    make = _source_maker(target, source, is_only=len(separate) == 1)
                    self._named.setdefault(source.address, []).append(make)

    def __len__(self) -> int:
        return sum(bool(each.places) for each in self._found.values())

    def find(self, server: PushedServer) -> ServerPlaces:
        """Return the places of a server; none where its families are of no engine."""
        found = self._found.get(server)
        is_open = found is None or not found.places
        if found is None or (is_open and found.families < len(server.families)):
            found = ServerPlaces(list(self._make_places(server)), len(server.families))
            self._found[server] = found
        return found

    def take_record(self) -> TierRecord | None:
        """Return a record of the servers that are new, or pushed at another interval."""
        due = [
            (each, place)
            for each in self._found.values()
            for place in each.places
            if place.is_found and each.instants and each.is_due
        ]
        if not due:
            return None
        entries = []
        for found, place in due:
            found.recorded_seconds = found.seconds
            entries.append(_entry(place.target, found.seconds))
        return TierRecord(datetime.now(UTC), ORIGIN, tuple(entries))

    def give_back(self, record: TierRecord) -> None:
        """Note that a record could not be written; it is due again."""
        names = {entry.name for entry in record.entries}
        for found in self._found.values():
            if any(place.target.name in names for place in found.places):
                found.recorded_seconds = 0.0

    def _make_places(self, server: PushedServer) -> Iterator[Place]:
        if makers := self._named.get(server.name):
            yield from (make() for make in makers)
            return
        engine = _find_engine(frozenset(server.families))
        if engine is not None:
            target = Target(server.name, NO_ADDRESS, engine, service=server.job or None)
            place = self._target_maker(target, ())()
            yield replace(place, is_found=True)

    def _target_maker(
        self, target: Target, sources: tuple[DeviceSource, ...]
    ) -> Callable[[], Place]:
        def make() -> Place:
            words, pick = vocabularies(target, sources), own_page_pick(target, sources)
            # Targets of one kind share a reader: their pages have most lines in common.
            kind = words, target.families, pick
            if kind not in self._readers:
                reader = MetricsNormaliser(*words, families=target.families, pick=pick)
                self._readers[kind] = reader.read
            return Place(target, target.engine, self._readers[kind])

        return make


_find_engine = cache(find_engine)


def _source_maker(target: Target, source: DeviceSource, *, is_only: bool) -> Callable[[], Place]:
    def make() -> Place:
        read = device_reader(source.kind, source.pick(target.devices))
        prefix = "" if is_only else f"{source.address}/"
        return Place(target, source.kind, read, "device_up", prefix)

    return make


def _entry(target: Target, seconds: float) -> TierEntry:
    """Return the entry of a target that was found: without an address, with its own interval."""
    given = target_entry(target)
    kept = {key: each for key, each in given.entry.items() if key != "url"}
    return replace(given, entry={**kept, "scrape_seconds": seconds})


def families_of(tier: Tier) -> Iterable[str]:
    """List the further families that targets of a tier file keep."""
    return sorted({family for target in tier.targets for family in target.families})
