"""Brings the warehouse up to the segments that the collector and our own servers closed: each of them exactly once.

A batch of segments, what is recorded of them and the facts that they change are one transaction. Only then are they moved from the
spool into the archive: one that a crash left in the spool is recognised by its name and bytes, and moved by the next run.
"""

from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from pipelines.archive import utc_now
from pipelines.loading.telemetry.facts import load_samples
from pipelines.loading.telemetry.segment_files import UNREADABLE, Segment, SpoolFolders
from pipelines.loading.telemetry.tier_file import record_tier
from pipelines.telemetry.config.tier import Tier
from warehouse.connection import transaction

# So many samples are loaded in one transaction: enough to make an hour's facts once and not sixty times, few enough to fit in memory.
BATCH_ROWS = 2_000_000
REQUESTS_SQL = (Path(__file__).parent / "sql" / "requests.sql").read_text()

SegmentOutcome = Literal["loaded", "repeated", "unreadable"]
"""loaded: its rows are in; repeated: these bytes were loaded under another name; unreadable: no segment, or a damaged one."""


@dataclass(frozen=True)
class SegmentResult:
    """What became of one segment."""

    segment: Segment
    segment_id: str
    outcome: SegmentOutcome
    rows: int = 0
    reason: str | None = None


@dataclass
class TelemetryLoadResult:
    """What loading brought."""

    segments: int = 0
    repeated: int = 0
    samples: int = 0
    requests: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def count(self, taken: SegmentResult) -> None:
        """Add what became of one segment."""
        self.segments += taken.outcome == "loaded"
        self.repeated += taken.outcome == "repeated"
        self.requests += taken.rows if taken.segment.kind == "requests" else 0
        if taken.reason:
            self.unreadable.append((str(taken.segment.path), taken.reason))


class KnownSegments:
    """The segments that are recorded, by name and by bytes."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        rows = con.sql(
            "select segment_id, sha256 from raw.telemetry_segments where outcome <> 'unreadable'"
        ).fetchall()
        self.digests = dict(rows)
        self._seen = set(self.digests.values())

    def id_for(self, segment: Segment, digest: str) -> str:
        """The name to record it under: its own, unless other bytes have that."""
        is_taken = self.digests.get(segment.name, digest) != digest
        return (
            f"{segment.path.stem}-{digest[:12]}{segment.path.suffix}" if is_taken else segment.name
        )

    def has_bytes(self, digest: str) -> bool:
        """Whether such bytes were loaded under any name."""
        return digest in self._seen

    def add(self, segment_id: str, digest: str) -> None:
        """Remember a segment that was just recorded."""
        self.digests[segment_id] = digest
        self._seen.add(digest)


def load_segments(
    con: duckdb.DuckDBPyConnection,
    places: SpoolFolders,
    tier: Tier | None = None,
    told: Callable[[str], None] = lambda what: None,
) -> TelemetryLoadResult:
    """Load every closed segment of the spools, and of the archive, that is not loaded yet; `told` hears the name of each."""
    if tier:
        with transaction(con):
            record_tier(con, tier, utc_now())
    known, loaded = KnownSegments(con), TelemetryLoadResult()
    archived = (segment for segment in places.archived() if segment.name not in known.digests)
    waiting = iter(sorted([*places.waiting(), *archived], key=lambda segment: segment.name))
    while batch := _load_batch(con, places, known, waiting, loaded, told):
        for taken in batch:
            if taken.outcome != "unreadable" and not taken.segment.is_archived:
                places.keep(taken.segment, taken.segment_id)
    return loaded


def _load_batch(
    con: duckdb.DuckDBPyConnection,
    places: SpoolFolders,
    known: KnownSegments,
    waiting: Iterator[Segment],
    loaded: TelemetryLoadResult,
    told: Callable[[str], None],
) -> list[SegmentResult]:
    """Load some segments in one transaction; empty if none were left."""
    batch: list[SegmentResult] = []
    samples: list[pa.Table] = []
    with transaction(con):
        for segment in waiting:
            told(segment.name)
            batch += [taken] if (taken := _take(con, known, segment, samples)) else []
            if sum(table.num_rows for table in samples) >= BATCH_ROWS:
                break
        new = load_samples(con, samples, places) if samples else 0
    loaded.samples += new
    for taken in batch:
        loaded.count(taken)
    return batch


def _take(
    con: duckdb.DuckDBPyConnection, known: KnownSegments, segment: Segment, samples: list[pa.Table]
) -> SegmentResult | None:
    """Record one segment, with its requests, or its samples added to those of the batch; None if it is gone."""
    digest = ""
    try:
        digest = segment.digest()
        segment_id = known.id_for(segment, digest)
        if segment_id in known.digests:
            # Loaded, but a crash came before it was moved.
            return SegmentResult(segment, segment_id, "repeated")
        if known.has_bytes(digest):
            taken = SegmentResult(segment, segment_id, "repeated")
            _record(con, taken, digest)
        else:
            taken = _read(con, segment, segment_id, digest, samples)
    except FileNotFoundError:
        # The collector drops the oldest segments when its spool is full.
        return None
    except UNREADABLE as error:
        taken = SegmentResult(
            segment,
            known.id_for(segment, digest),
            "unreadable",
            reason=f"{type(error).__name__}: {error}",
        )
        _record(con, taken, digest)
        return taken
    known.add(segment_id, digest)
    return taken


def _read(
    con: duckdb.DuckDBPyConnection,
    segment: Segment,
    segment_id: str,
    digest: str,
    samples: list[pa.Table],
) -> SegmentResult:
    rows = segment.rows()
    # One value, repeated: the whole text in each row would take more room than the samples.
    its_id = pa.DictionaryArray.from_arrays(
        pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows), pa.array([segment_id])
    )
    rows = rows.append_column("segment_id", its_id)
    taken = SegmentResult(segment, segment_id, "loaded", rows.num_rows)
    _record(con, taken, digest, rows["arrival_at" if segment.kind == "requests" else "scraped_at"])
    if segment.kind == "requests":
        con.register("segment", rows)
        con.execute(REQUESTS_SQL)
        con.unregister("segment")
    else:
        samples.append(rows)
    return taken


def _record(
    con: duckdb.DuckDBPyConnection,
    taken: SegmentResult,
    digest: str,
    instants: pa.ChunkedArray | None = None,
) -> None:
    span = pc.min_max(instants).as_py() if instants is not None else {"min": None, "max": None}
    row = [
        taken.segment_id,
        digest,
        taken.segment.kind,
        taken.rows,
        span["min"],
        span["max"],
        utc_now(),
        taken.outcome,
        taken.reason,
    ]
    con.execute(
        "insert or replace into raw.telemetry_segments values (?, ?, ?, ?, ?, ?, ?, ?, ?)", row
    )
