"""Times of a server in a store: the hours with samples, and the first and the last one."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from itertools import pairwise
from statistics import median

from pipelines.errors import HistoryTooLarge
from pipelines.telemetry.backfill.store import MetricStore
from pipelines.telemetry.stored_fleet.matchers import match_exactly
from pipelines.telemetry.stored_fleet.servers import (
    FleetSearch,
    ServerKey,
    StoredServer,
    up_selector,
)

HOUR = timedelta(hours=1)
HOURS_AT_ONCE = 24
MAX_SHARED_HOURS = 2
DEFAULT_INTERVAL = 15.0


@dataclass(frozen=True)
class Presence:
    """Hours that have samples, from which to which instant, and how far apart they are."""

    hours: tuple[datetime, ...]
    first_at: datetime | None = None
    last_at: datetime | None = None
    interval_seconds: float = DEFAULT_INTERVAL

    def is_beside(self, other: "Presence") -> bool:
        """Tell whether both served at once for longer than one that replaces another one does."""
        return len(set(self.hours) & set(other.hours)) > MAX_SHARED_HOURS


def find_presence(
    store: MetricStore, servers: Sequence[StoredServer], search: FleetSearch
) -> dict[ServerKey, Presence]:
    """Find when each server has samples; in all hours where the store has no `up` of it."""
    hours = list(_hours(search.first, search.last))
    present: dict[ServerKey, set[datetime]] = {}
    jobs = sorted({job for each in servers if (job := each.labels.get("job"))})
    keys = {each.key for each in servers}
    for begin in range(0, len(hours), HOURS_AT_ONCE):
        piece = hours[begin : begin + HOURS_AT_ONCE]
        for key, found in _count(store, jobs, piece, sorted(_names(keys))).items():
            present.setdefault(key, set()).update(found)
    return {
        each.key: _edges(store, each, sorted(present[each.key]))
        if present.get(each.key)
        else Presence(tuple(hours))
        for each in servers
    }


def floor_hour(at: datetime) -> datetime:
    """Return the beginning of an instant's hour."""
    return at.astimezone(UTC).replace(minute=0, second=0, microsecond=0)


def _hours(first: datetime, last: datetime) -> Iterable[datetime]:
    hour = floor_hour(first)
    while hour <= last:
        yield hour
        hour += HOUR


def _names(keys: Iterable[ServerKey]) -> set[str]:
    return {name for key in keys for name, _ in key}


def _count(
    store: MetricStore, jobs: Sequence[str], hours: Sequence[datetime], names: Sequence[str]
) -> Mapping[ServerKey, set[datetime]]:
    """Return the hours in which each server was scraped; ask for fewer where these are too many."""
    query = f"max by ({', '.join(names)}) (count_over_time({up_selector(jobs)}[1h]))"
    try:
        matrix = store.query_range(query, hours[0] + HOUR, hours[-1] + HOUR, 3600)
    except HistoryTooLarge:
        if len(hours) == 1:
            raise
        middle = len(hours) // 2
        found = dict(_count(store, jobs, hours[:middle], names))
        for key, more in _count(store, jobs, hours[middle:], names).items():
            found[key] = found.get(key, set()) | more
        return found
    present: dict[ServerKey, set[datetime]] = {}
    for series in matrix:
        labels = series["metric"]
        key = tuple((name, labels[name]) for name in names if labels.get(name))
        present.setdefault(key, set()).update(
            datetime.fromtimestamp(float(at), UTC) - HOUR for at, _ in series["values"]
        )
    return present


def _edges(store: MetricStore, server: StoredServer, hours: Sequence[datetime]) -> Presence:
    first, last = (_instants(store, server, hour) for hour in (hours[0], hours[-1]))
    apart = [after - before for before, after in pairwise(first)]
    return Presence(
        tuple(hours),
        datetime.fromtimestamp(first[0], UTC) if first else None,
        datetime.fromtimestamp(last[-1], UTC) if last else None,
        median(apart) if apart else DEFAULT_INTERVAL,
    )


def _instants(store: MetricStore, server: StoredServer, hour: datetime) -> list[float]:
    """Return the instants of an hour's scrapes, of the store that has most of a pair."""
    matrix = store.query(f"up{{{match_exactly(dict(server.key))}}}[1h]", hour + HOUR)
    found = [[float(at) for at, _ in series["values"]] for series in matrix]
    return max(found, key=len, default=[])
