"""Replicas: servers of a store under the names that a `[[discover]]` gives to live ones.

A replica may have had several addresses, one after another, as a pod has that is moved.
"""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from pipelines.telemetry.backfill.store import MetricStore
from pipelines.telemetry.config.discover import Discover
from pipelines.telemetry.config.tier import Target
from pipelines.telemetry.config.tier_records import TierRecord, target_entry
from pipelines.telemetry.discovery.found_targets import HOST_AND_PORT, find_targets
from pipelines.telemetry.discovery.label_sets import ADDRESS, LabelMap
from pipelines.telemetry.discovery.prometheus_targets import parse_targets
from pipelines.telemetry.stored_fleet.presence import HOUR, Presence, floor_hour
from pipelines.telemetry.stored_fleet.servers import ServerKey, StoredServer

NO_ADDRESS = "unknown.invalid"
LIVE = timedelta(minutes=5)


@dataclass(frozen=True)
class PlacedServer:
    """A server of a replica, with the target that its pages are read as."""

    server: StoredServer
    presence: Presence
    target: Target
    is_live: bool


@dataclass(frozen=True)
class StoredReplica:
    """A target with its servers, the newest one last."""

    servers: tuple[PlacedServer, ...]

    @property
    def target(self) -> Target:
        """The target as it is now, or was last."""
        return self.servers[-1].target

    @property
    def is_live(self) -> bool:
        """True if the store scrapes it now."""
        return any(each.is_live for each in self.servers)

    @property
    def models(self) -> tuple[str, ...]:
        """The models that it served, under its own names for them."""
        return tuple(sorted({model for each in self.servers for model in each.server.models}))

    @property
    def first_at(self) -> datetime | None:
        """The instant of its first sample; None if only reading it tells."""
        return min((at for each in self.servers if (at := each.presence.first_at)), default=None)

    @property
    def last_at(self) -> datetime | None:
        """The instant of its last sample; None if only reading it tells."""
        return max((at for each in self.servers if (at := each.presence.last_at)), default=None)


@dataclass(frozen=True)
class LiveList:
    """The targets that a store scrapes now, by job and instance. A mere store has no such list."""

    listed: tuple[LabelMap, ...]
    is_known: bool = True

    def find(self, server: StoredServer) -> LabelMap | None:
        """Return the labels of a server that is on the list."""
        wanted = dict(server.key)
        for labels in self.listed:
            is_same = all(labels.get(name) == wanted.get(name) for name in ("job", "instance"))
            if is_same and all(labels.get(name, wanted[name]) == wanted[name] for name in wanted):
                return labels
        return None


def read_live_list(store: MetricStore) -> LiveList:
    """Read what the store scrapes now."""
    content = store.targets()
    listed = parse_targets(content, store.url) if content else []
    return LiveList(tuple(listed), is_known=bool(listed))


def name_replicas(
    discover: Discover,
    servers: Sequence[StoredServer],
    presence: Mapping[ServerKey, Presence],
    live: LiveList,
    now: datetime,
) -> tuple[list[StoredReplica], tuple[str, ...]]:
    """Return the replicas by name, and a sentence for each server that is none."""
    placed: dict[str, list[PlacedServer]] = {}
    refused: list[str] = []
    for server in servers:
        labels = live.find(server)
        found = find_targets(discover, [labels or _labels_of(server)], frozenset())
        refused += found.refused
        seen = presence[server.key]
        is_live = labels is not None if live.is_known else _is_recent(seen, now)
        for name, each in found.targets.items():
            placed.setdefault(name, []).append(PlacedServer(server, seen, each.target, is_live))
        if not found.targets and not found.refused:
            refused.append(f"{server.place} is dropped by a rule")
    replicas = []
    for name, members in sorted(placed.items()):
        if problem := _find_clash(name, members):
            refused.append(problem)
        else:
            replicas.append(StoredReplica(tuple(sorted(members, key=_age))))
    return replicas, tuple(refused)


def list_strangers(
    discover: Discover, live: LiveList, replicas: Sequence[StoredReplica]
) -> tuple[str, ...]:
    """List live targets that the same rules find, but which have no families of an engine."""
    found = find_targets(discover, list(live.listed), frozenset())
    known = {replica.target.name for replica in replicas}
    return tuple(sorted(set(found.targets) - known))


def make_records(
    discover: Discover,
    replicas: Sequence[StoredReplica],
    now: datetime,
    gone: Mapping[str, datetime],
) -> Iterator[TierRecord]:
    """Yield what is to be recorded of replicas: each from its first hour on, until it was gone.

    One that was recorded as gone before, at an instant in `gone`, and came back is there from then.
    """
    origin = f"discovery {discover.name}"
    for replica in replicas:
        name = replica.target.name
        hours = [hour for each in replica.servers for hour in each.presence.hours]
        left = gone.get(name)
        is_back = left is not None and (replica.is_live or max(hours) >= left)
        came = left if left and is_back else min(hours)
        yield TierRecord(came, origin, (target_entry(replica.target),))
        if not replica.is_live:
            end = floor_hour(replica.last_at or max(hours)) + HOUR
            yield TierRecord(min(end, now), origin, (), (("target", name),))


def _labels_of(server: StoredServer) -> LabelMap:
    """Return the labels of a server that is gone: its address is what its instance says."""
    instance = server.labels.get("instance", "")
    address = instance if HOST_AND_PORT.fullmatch(instance) else NO_ADDRESS
    return {**server.labels, ADDRESS: address}


def _is_recent(presence: Presence, now: datetime) -> bool:
    """Tell whether it served a moment ago; yes where nobody knows, for nothing says it is gone."""
    return presence.last_at is None or now - presence.last_at < LIVE


def _age(placed: PlacedServer) -> tuple[bool, datetime, str]:
    return placed.is_live, placed.presence.hours[-1], placed.server.matchers


def _find_clash(name: str, members: Sequence[PlacedServer]) -> str | None:
    """Say which servers have one name at the same time; None if they followed one another."""
    ordered = sorted(members, key=_age)
    for before, after in pairwise(ordered):
        if before.presence.is_beside(after.presence) or (before.is_live and after.is_live):
            return (
                f"{name} would be the name of {before.server.place} and {after.server.place} at "
                "once; give more labels to --name-label"
            )
    return None
