"""Samples as senders push them: of which server and series they are, and why some are refused.

A server is known by its label `instance`, or by `job` where a sender gives no other. Two jobs that
scrape one instance, and a pair of Prometheus, push the same server.
"""

import re
import time
from array import array
from collections import Counter
from collections.abc import Hashable, Iterable
from dataclasses import dataclass, field

from pipelines.telemetry.metrics.exposition import UNSEEN, Labels
from pipelines.telemetry.metrics.kepler import FAMILIES as KEPLER_FAMILIES
from pipelines.telemetry.metrics.operator_labels import drop_operator_labels
from pipelines.telemetry.metrics.spelling import find_spelling
from pipelines.telemetry.metrics.vocabulary import Vocabulary, label_text, read_vocabulary
from pipelines.telemetry.receiver.errors import PushTooLarge

NAME, JOB, INSTANCE = "__name__", "job", "instance"
UP, START, CREATED = "up", "process_start_time_seconds", "_created"
MAX_SAMPLES = 500_000  # of one request
MAX_SERVERS = 5_000
IDLE_SECONDS = 3_600.0
MAX_KNOWN = 300_000  # label sets that are remembered
MAX_FAMILIES = 2_000  # of one server
MAX_LABELS = 128
MAX_LABEL_BYTES = 4_096
MAX_SERVER_NAME = 200
MAX_AHEAD_SECONDS = 600.0
NOT_IN_NAMES = re.compile(r"[^a-zA-Z0-9_:]")
NOT_IN_LABELS = re.compile(r"[^a-zA-Z0-9_]")
KNOWN_ELSEWHERE = frozenset({UP, START, *KEPLER_FAMILIES})


@dataclass(eq=False)
class PushedServer:
    """A server whose samples are pushed, and what is known of it."""

    name: str
    job: str
    families: set[str] = field(default_factory=set)
    # Labels that the sender adds to each series, as those of `up` show.
    added: dict[str, str] = field(default_factory=dict)
    revision: int = 0  # changes with them
    seen_at: float = field(default_factory=time.monotonic)


@dataclass(eq=False, slots=True)
class PushedSeries:
    """A series that some engine or device exporter has."""

    server: PushedServer
    name: str
    labels: dict[str, str]
    kind: str
    head: str = ""  # its line on a page, up to the value
    revision: int = -1

    def refresh(self) -> None:
        """Write the line again, without the labels that the sender adds."""
        text = label_text(drop_operator_labels(self.labels, self.server.added))
        self.head = f"{self.name}{{{text}}}" if text else self.name
        self.revision = self.server.revision


class Refused(str):
    """The reason why samples of a series are refused."""

    __slots__ = ()


Found = PushedSeries | Refused | None
"""None: a family of no engine, which a scrape would leave out too."""


@dataclass
class PushCounts:
    """Samples of one request, by what became of them."""

    kept: int = 0
    left_out: int = 0  # of families that no engine has
    markers: int = 0  # that say that a series ended
    refused: Counter[str] = field(default_factory=Counter)
    refused_histograms: int = 0
    refused_exemplars: int = 0
    left_out_exemplars: int = 0  # of OTLP, which has no word for "not taken, and no fault"

    @property
    def accepted(self) -> int:
        """Samples that were read as they should be."""
        return self.kept + self.left_out + self.markers

    @property
    def refused_samples(self) -> int:
        """Samples that were not taken."""
        return self.refused.total()

    @property
    def is_whole(self) -> bool:
        """True if nothing was refused."""
        return not (self.refused or self.refused_histograms or self.refused_exemplars)

    def sentence(self) -> str:
        """Say what was refused, and that the rest was written."""
        parts = [f"{count} samples: {reason}" for reason, count in self.refused.most_common(5)]
        if self.refused_histograms:
            parts.append(
                f"{self.refused_histograms} native or exponential histograms: send classic ones "
                "with buckets"
            )
        if self.refused_exemplars:
            parts.append(f"{self.refused_exemplars} exemplars: set send_exemplars to false")
        return f"Refused {'; '.join(parts)}. The other {self.accepted} samples are written."


@dataclass
class PagePart:
    """Samples of one server and instant from one request; instants in microseconds since 1970."""

    series: list[PushedSeries] = field(default_factory=list)
    values: "array[float]" = field(default_factory=lambda: array("d"))
    started_at: int = 0  # of the series that began first; 0 if none says so


@dataclass
class PushedBatch:
    """All samples of one request, and what was refused of it."""

    oldest: float  # instants, in seconds since 1970, that are taken
    newest: float = field(default_factory=lambda: time.time() + MAX_AHEAD_SECONDS)
    parts: dict[tuple[PushedServer, int], PagePart] = field(default_factory=dict)
    counts: PushCounts = field(default_factory=PushCounts)

    def add(self, found: Found, at: int, value: float, started_at: int = 0) -> None:
        """Add a sample at an instant in microseconds since 1970."""
        if not isinstance(found, PushedSeries):
            self.pass_over(found, 1)
            return
        if not self.oldest <= at / 1e6 <= self.newest:
            self.counts.refused[
                "the instant lies in the future, or before the days that samples are kept"
            ] += 1
            return
        if self.counts.kept >= MAX_SAMPLES:
            raise PushTooLarge(f"The request has more than {MAX_SAMPLES} samples; send fewer.")
        key = found.server, at
        part = self.parts.get(key)
        if part is None:
            part = self.parts[key] = PagePart()
        part.series.append(found)
        part.values.append(value)
        if started_at > 0 and (part.started_at == 0 or started_at < part.started_at):
            part.started_at = started_at
        self.counts.kept += 1

    def pass_over(self, found: Found, samples: int) -> None:
        """Count samples of a series that is refused or left out."""
        if isinstance(found, Refused):
            self.counts.refused[found] += samples
        else:
            self.counts.left_out += samples


class SeriesBook:
    """Series by the labels that senders give them: parsed once, and remembered."""

    def __init__(self, families: Iterable[str] = ()) -> None:
        self._known: dict[Hashable, Found] = {}
        self.servers: dict[str, PushedServer] = {}
        self.keep(families)

    def keep(self, families: Iterable[str]) -> None:
        """Keep these families besides those of all engines, from now on."""
        sources = {row["engine"] for row in read_vocabulary()}
        names = Vocabulary(*sources, families=families).names
        self._names = KNOWN_ELSEWHERE.union(names)
        self._known.clear()

    def __len__(self) -> int:
        return len(self._known)

    def lookup(self, key: Hashable) -> Found:
        """Return what a sender's form of labels stands for; UNSEEN if it is new."""
        return self._known.get(key, UNSEEN)

    def learn(self, key: Hashable, labels: Labels, kind: str = "") -> Found:
        """Find the series of these labels, and remember it by a sender's form of them."""
        if len(self._known) >= MAX_KNOWN:
            # Labels that never repeat would fill the memory.
            self._known.clear()
        found = self._known[key] = self._find(labels, kind)
        return found

    def _find(self, labels: Labels, kind: str) -> Found:
        given = dict(labels)
        if problem := _problem_of(labels, given):
            return Refused(problem)
        name = NOT_IN_NAMES.sub("_", given.pop(NAME))
        if not self._is_wanted(name):
            return None
        job = given.get(JOB, "")
        known_as = given.get(INSTANCE) or job
        if not known_as:
            return Refused("no label instance or job says which server they are of")
        if len(known_as) > MAX_SERVER_NAME or not known_as.isprintable():
            return Refused(f"instance has more than {MAX_SERVER_NAME} or unprintable characters")
        server = self.servers.get(known_as)
        if server is None:
            self._forget()
            if len(self.servers) >= MAX_SERVERS:
                return Refused(f"there are more than {MAX_SERVERS} servers; send fewer")
            server = self.servers[known_as] = PushedServer(known_as, job)
        if name != UP and len(server.families) < MAX_FAMILIES:
            server.families.add(name)
        # An empty label is none.
        clean = {NOT_IN_LABELS.sub("_", each): text for each, text in given.items() if text}
        return PushedSeries(server, name, clean, kind)

    def _forget(self) -> None:
        """Forget the servers that have sent nothing for an hour, if there are too many."""
        if len(self.servers) >= MAX_SERVERS:
            since = time.monotonic() - IDLE_SECONDS
            self.servers = {
                name: each for name, each in self.servers.items() if each.seen_at > since
            }
            self._known.clear()

    def _is_wanted(self, name: str) -> bool:
        base = name.removesuffix(CREATED)
        names = (name,) if base == name else (name, f"{base}_total", f"{base}_count")
        return any(each in self._names or find_spelling(each, self._names) for each in names)


def _problem_of(labels: Labels, given: dict[str, str]) -> str:
    if len(labels) > MAX_LABELS:
        return f"more than {MAX_LABELS} labels"
    if len(given) < len(labels):
        return "a label is there twice"
    if not given.get(NAME):
        return "no name of a metric"
    if any(len(name) + len(value) > MAX_LABEL_BYTES for name, value in labels):
        return f"a label of more than {MAX_LABEL_BYTES} characters"
    if not all(given):
        return "a label without a name"
    return ""
