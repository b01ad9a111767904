"""Servers in a store: labels that tell them apart, what they serve with, and their models.

A server is known by the labels of its page: job, instance and what says where that is. Labels of a
pair of stores, and any others, do not make another server of it.
"""

from collections.abc import Collection, Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime
from functools import cache
from typing import cast, get_args

from pipelines.errors import HistoryFailed
from pipelines.telemetry.backfill.store import MetricStore
from pipelines.telemetry.config.tier_values import EngineName
from pipelines.telemetry.metrics.nearest_engine import find_nearest_engine
from pipelines.telemetry.metrics.operator_labels import OPERATOR_LABELS
from pipelines.telemetry.metrics.vocabulary import MODEL_LABELS, Vocabulary
from pipelines.telemetry.stored_fleet.matchers import (
    LabelMatcher,
    escape,
    match_exactly,
    quote,
    selector,
)

IDENTITY = ("cluster", "namespace", "job", "instance", "pod")
# Labels of one of a pair of stores.
OF_STORE = frozenset(
    {"prometheus", "prometheus_replica", "__replica__", "receive", "tenant_id", "replica"}
)
ENGINES: tuple[EngineName, ...] = get_args(EngineName)
ServerKey = tuple[tuple[str, str], ...]


@dataclass
class StoredServer:
    """One server of a store, and the labels that the store gives to it."""

    key: ServerKey
    labels: dict[str, str] = field(default_factory=dict)
    families: set[str] = field(default_factory=set)
    models: set[str] = field(default_factory=set)

    @property
    def engine(self) -> EngineName:
        """The engine that its families are of."""
        engine = find_engine(frozenset(self.families))
        if engine is None:
            raise HistoryFailed(f"{self.matchers} has families of no engine that serves.")
        return engine

    @property
    def matchers(self) -> str:
        """Its series, as matchers in PromQL."""
        return match_exactly(dict(self.key))

    @property
    def place(self) -> str:
        """Its name for a person."""
        return self.labels.get("instance") or self.matchers


@dataclass(frozen=True)
class FleetSearch:
    """The part of a store in which servers are looked for."""

    first: datetime
    last: datetime
    matchers: tuple[LabelMatcher, ...] = ()
    more_identity: tuple[str, ...] = ()  # labels that tell servers apart besides the usual ones
    max_servers: int = 2_000


def find_servers(store: MetricStore, search: FleetSearch) -> list[StoredServer]:
    """Find every server that has families of an engine; raise HistoryFailed if there is none."""
    found: dict[ServerKey, StoredServer] = {}
    names = sorted(known_names().intersection(store.metric_names(search.first, search.last)))
    for name in names:
        # One name at a time: all series of a large fleet would be a large response.
        of_name = selector([name], search.matchers)
        for labels in store.series(of_name, search.first, search.last):
            key = _key(labels, search.more_identity)
            server = found.setdefault(key, StoredServer(key))
            server.families.add(name)
            server.models.update(_models(labels))
            server.labels |= {
                each: labels[each]
                for each in labels
                if each in OPERATOR_LABELS - OF_STORE or each in search.more_identity
            }
            if len(found) > search.max_servers:
                raise HistoryFailed(
                    f"{store.url} has more than {search.max_servers} servers that match. Narrow "
                    "--matchers, or raise --max-replicas."
                )
    found = {key: each for key, each in found.items() if find_engine(frozenset(each.families))}
    if not found:
        given = ",".join(map(str, search.matchers))
        raise HistoryFailed(
            f"{store.url} has no series of an engine that serves, from {search.first:%Y-%m-%d} on"
            + (f" with {given}. Correct --matchers" if given else ". Is it the right store")
            + (", or look further back with --days." if given else "? --days looks further back.")
        )
    _add_target_labels(store, search, found)
    return [found[key] for key in sorted(found)]


@cache
def known_names() -> frozenset[str]:
    """Return the names of samples of engines, without parts of histograms but their counts."""
    names = {name for engine in ENGINES for name in Vocabulary(engine).names}
    return frozenset(name for name in names if not name.endswith(("_bucket", "_sum")))


@cache
def find_engine(names: frozenset[str]) -> EngineName | None:
    """Return the engine whose families these are; None if it does not serve."""
    engine = find_nearest_engine("\n".join(sorted(names)).encode())
    return cast("EngineName", engine) if engine in ENGINES else None


def _key(labels: Mapping[str, str], more: Iterable[str]) -> ServerKey:
    names = dict.fromkeys((*IDENTITY, *more))
    return tuple(sorted((name, labels[name]) for name in names if labels.get(name)))


def _models(labels: Mapping[str, str]) -> Iterator[str]:
    name = next((each for each in MODEL_LABELS if labels.get(each)), None)
    if name:
        yield labels[name]


def _add_target_labels(
    store: MetricStore, search: FleetSearch, found: Mapping[ServerKey, StoredServer]
) -> None:
    """Add the labels of `up`, which are those of a target and no other ones."""
    jobs = sorted({job for key in found if (job := dict(key).get("job"))})
    for up in store.series(up_selector(jobs), search.first, search.last):
        server = found.get(_key(up, search.more_identity))
        if server:
            server.labels |= {
                name: value
                for name, value in up.items()
                if name != "__name__" and name not in OF_STORE - {*search.more_identity}
            }


def up_selector(jobs: Collection[str]) -> str:
    """Return the selector of `up` of these jobs; of all where none is known."""
    return f"up{{job=~{quote('|'.join(map(escape, jobs)))}}}" if jobs else "up"
