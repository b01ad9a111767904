"""A fleet that has a store of metrics already: its replicas found, their history read and loaded.

History comes under the names that a `[[discover]]` gives to the live replicas, so both are one
target.
"""

import contextlib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field, fields, replace
from datetime import datetime, timedelta
from pathlib import Path
from statistics import median

from pipelines.archive import utc_now
from pipelines.errors import BadSetting
from pipelines.files import write_durably
from pipelines.ingest.telemetry import OnSegment, TelemetryIngest, ingest_telemetry, load
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.locks import file_lock
from pipelines.settings import Settings
from pipelines.telemetry.backfill.store import MetricStore
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier import Tier, parse_tier, read_tier
from pipelines.telemetry.config.tier_records import write_record
from pipelines.telemetry.config.tier_values import SCRAPE_SECONDS
from pipelines.telemetry.stored_fleet.discover_block import (
    FleetLabels,
    make_block,
    parse_block,
)
from pipelines.telemetry.stored_fleet.journal import ReadingJournal
from pipelines.telemetry.stored_fleet.presence import Presence, find_presence, floor_hour
from pipelines.telemetry.stored_fleet.reading import FleetReading, OnRead
from pipelines.telemetry.stored_fleet.replicas import (
    StoredReplica,
    list_strangers,
    make_records,
    name_replicas,
    read_live_list,
)
from pipelines.telemetry.stored_fleet.servers import (
    FleetSearch,
    ServerKey,
    StoredServer,
    find_servers,
)
from pipelines.transform.build import Progress as BuildProgress

LOCK = "fleet.lock"


@dataclass(frozen=True)
class FleetRequest:
    """A request to a store: for which replicas, how far back, and how to call them."""

    labels: FleetLabels
    headers: Mapping[str, str] = field(default_factory=dict, repr=False)  # with their values
    days: int = 30
    step_seconds: int = 15
    threads: int = 4
    max_replicas: int = 2_000
    now: datetime = field(default_factory=utc_now)  # up to which is read


@dataclass(frozen=True)
class StoredFleet:
    """Replicas of a store, under the names of a `[[discover]]`."""

    request: FleetRequest
    discover: Discover
    block: str  # empty where the tier file has it already
    replicas: tuple[StoredReplica, ...]
    refused: tuple[str, ...]
    strangers: tuple[str, ...]  # live targets that the list would have besides
    has_live_list: bool
    until: datetime


def find_fleet(settings: Settings, request: FleetRequest) -> StoredFleet:
    """Find the replicas of a store that serve, or did so in the last days."""
    now, given = request.now, request.labels
    tier = read_tier(settings.tier) if settings.tier.exists() else Tier()
    known = _find_known(tier, given)
    search = FleetSearch(
        floor_hour(now - timedelta(days=request.days)),
        now,
        given.matchers,
        (*given.name_labels, *([given.service_label] if given.service_label else ())),
        request.max_replicas,
    )
    with _open(request) as store:
        servers = find_servers(store, search)
        presence = find_presence(store, servers, search)
        live = read_live_list(store)
    block = "" if known else _make_block(request, servers, presence)
    discover = known or parse_block(block)
    replicas, refused = name_replicas(discover, servers, presence, live, now)
    taken = {target.name for target in tier.targets}
    free = tuple(each for each in replicas if each.target.name not in taken)
    refused += tuple(
        f"{each.target.name} is the name of a target of the tier file already"
        for each in replicas
        if each.target.name in taken
    )
    strangers = list_strangers(discover, live, replicas)
    return StoredFleet(request, discover, block, free, refused, strangers, live.is_known, now)


def take_fleet(
    settings: Settings,
    fleet: StoredFleet,
    on_read: OnRead = lambda name, day: None,
    on_segment: OnSegment = lambda name: None,
    progress: BuildProgress | None = None,
) -> TelemetryIngest:
    """Read the history of a fleet and load it, day by day; build, audit, publish."""
    total = read_fleet(settings, fleet, on_read, on_segment)
    ingested = ingest_telemetry(settings, on_segment, progress)
    _add(total, ingested.loaded)
    return replace(ingested, loaded=total)


def read_fleet(
    settings: Settings,
    fleet: StoredFleet,
    on_read: OnRead = lambda name, day: None,
    on_segment: OnSegment = lambda name: None,
) -> TelemetryLoadResult:
    """Read the history of a fleet and load it, day by day; return the totals of all loads."""
    total = TelemetryLoadResult()
    with file_lock(settings.history_spool / LOCK), _open(fleet.request) as store:
        journal = ReadingJournal(settings.history_spool)
        for record in make_records(fleet.discover, fleet.replicas, fleet.until, journal.gone):
            if not journal.has_record(record):
                write_record(settings.tier_spool, record)
                journal.note_record(record)
        reading = FleetReading(
            store,
            settings.history_spool,
            journal,
            fleet.until,
            fleet.request.step_seconds,
            fleet.request.threads,
            on_read,
        )
        for parts in reading.days(fleet.replicas).values():
            reading.read_day(parts)
            # A day at a time, so that the spool stays small.
            _add(total, load(settings, on_segment))
    return total


def write_block(path: Path, block: str) -> None:
    """Add a `[[discover]]` to the tier file, whole or not at all; nothing else in it changes."""
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    if text and not text.endswith("\n"):
        text += "\n"
    text += f"\n{block}" if text else block
    parse_tier(text, path.name, path.parent)
    # A link leads to the file that is meant.
    real = path.resolve()
    mode = real.stat().st_mode if real.exists() else None
    write_durably(real, text.encode())
    if mode is not None:
        real.chmod(mode)


def _add(total: TelemetryLoadResult, more: TelemetryLoadResult) -> None:
    """Add the totals of another load. A file that stays unreadable counts once."""
    for each in fields(total):
        if each.name != "unreadable":
            setattr(total, each.name, getattr(total, each.name) + getattr(more, each.name))
    total.unreadable += [each for each in more.unreadable if each not in total.unreadable]


@contextlib.contextmanager
def _open(request: FleetRequest) -> Iterator[MetricStore]:
    given = request.labels
    with MetricStore(given.url, request.headers, given.ca_file) as store:
        yield store


def _find_known(tier: Tier, given: FleetLabels) -> Discover | None:
    """Find the list that the tier file has of this store: its names are those of live targets."""
    named = next((each for each in tier.discovers if each.name == given.name), None)
    if named and (named.kind != "prometheus" or (named.url or "").rstrip("/") != given.url):
        raise BadSetting(
            f"The tier file has a list {given.name!r} of another place, {named.place}. "
            "Choose another name by --as-discover."
        )
    if named and (given.name_labels or given.service_label):
        raise BadSetting(
            f"The tier file has a list {given.name!r}, and its rules name the replicas. Leave out "
            "--name-label and --service-label, or change its rules there."
        )
    return named


def _make_block(
    request: FleetRequest,
    servers: list[StoredServer],
    presence: Mapping[ServerKey, Presence],
) -> str:
    seconds = median(presence[each.key].interval_seconds for each in servers)
    step = max(request.step_seconds, round(seconds))
    given = replace(request.labels, interval_seconds=max(step, SCRAPE_SECONDS))
    return make_block(given, servers, presence)
