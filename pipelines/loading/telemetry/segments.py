"""Loading of closed segments of the collector and of our own servers, each exactly once.

A batch of segments, their records and the facts that they change are one transaction. Only then are
they moved from the spool into the archive. A segment that a crash left in the spool is recognised
by its name and bytes, and moved by the next run.
"""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

import duckdb
import pyarrow as pa
import pyarrow.compute as pc

from models.server.usage_journal import recover_journals
from pipelines.archive import utc_now
from pipelines.loading.telemetry.events import INSTANTS, LOGS, load_events
from pipelines.loading.telemetry.facts import load_samples
from pipelines.loading.telemetry.forgetting import apply_forgotten
from pipelines.loading.telemetry.segment_files import UNREADABLE, Segment, SpoolFolders
from pipelines.loading.telemetry.tier_file import store_records, unwritten_records
from pipelines.telemetry.config.tier import Tier
from pipelines.telemetry.config.tier_records import TierRecord
from warehouse.changes import mark_changed
from warehouse.connection import transaction

# Samples of one transaction: an hour's facts are computed once, and they fit in memory.
BATCH_ROWS = 2_000_000
RECORD = "insert or replace into raw.telemetry_segments values (?, ?, ?, ?, ?, ?, ?, ?, ?)"

SegmentOutcome = Literal["loaded", "repeated", "unreadable"]
"""loaded: its rows are in the warehouse; repeated: its bytes were loaded before; unreadable: it is
damaged or no segment."""


@dataclass(frozen=True)
class SegmentResult:
    """Outcome of one segment."""

    segment: Segment
    segment_id: str
    outcome: SegmentOutcome
    rows: int = 0
    reason: str | None = None
    new: int = 0  # events that were not known


@dataclass
class TelemetryLoadResult:
    """Totals of one load."""

    segments: int = 0
    repeated: int = 0
    samples: int = 0
    requests: int = 0
    spend: int = 0
    pilots: int = 0
    forgotten: int = 0
    tier_records: int = 0
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def add(self, result: SegmentResult) -> None:
        """Add the outcome of one segment; records of the tier count apart."""
        if result.reason:
            self.unreadable.append((str(result.segment.path), result.reason))
        if result.segment.kind == "tier":
            self.tier_records += result.outcome == "loaded"
            return
        self.segments += result.outcome == "loaded"
        self.repeated += result.outcome == "repeated"
        self.requests += result.rows if result.segment.kind == "requests" else 0
        self.spend += result.new if result.segment.kind == "spend" else 0
        self.pilots += result.new if result.segment.kind == "pilots" else 0


class KnownSegments:
    """Recorded segments, by name and by bytes: looked up, since a year has half a million."""

    def __init__(self, con: duckdb.DuckDBPyConnection) -> None:
        self._con = con

    def select_unknown(self, segments: Sequence[Segment]) -> list[Segment]:
        """Return the segments whose names are not recorded as read."""
        known = self._con.execute(
            "select segment_id from raw.telemetry_segments "
            "where outcome <> 'unreadable' and segment_id in (select unnest($names))",
            {"names": [segment.name for segment in segments]},
        ).fetchall()
        names = {name for (name,) in known}
        return [segment for segment in segments if segment.name not in names]

    def id_for(self, segment: Segment, digest: str) -> str:
        """Return the name to record a segment under: its own, unless other bytes have that."""
        found = self._digest(segment.name)
        is_taken = found not in (None, digest)
        return free_name(segment, digest) if is_taken else segment.name

    def has_name(self, segment_id: str) -> bool:
        """Tell whether a segment of this name was loaded."""
        return self._digest(segment_id) is not None

    def has_bytes(self, digest: str) -> bool:
        """Tell whether these bytes were loaded under any name."""
        return self._find("sha256 = ?", digest) is not None

    def _digest(self, segment_id: str) -> str | None:
        return self._find("segment_id = ?", segment_id)

    def _find(self, condition: str, value: str) -> str | None:
        row = self._con.execute(
            "select sha256 from raw.telemetry_segments "  # noqa: S608
            f"where outcome <> 'unreadable' and {condition} limit 1",
            [value],
        ).fetchone()
        return row[0] if row else None


def free_name(segment: Segment, digest: str) -> str:
    """Return the name of a segment whose own one other bytes have."""
    return f"{segment.path.stem}-{digest[:12]}{segment.path.suffix}"


def load_segments(
    con: duckdb.DuckDBPyConnection,
    folders: SpoolFolders,
    tier: Tier | None = None,
    on_segment: Callable[[str], None] = lambda name: None,
) -> TelemetryLoadResult:
    """Load every closed segment of spools and archive that is not loaded yet."""
    known, total = KnownSegments(con), TelemetryLoadResult()
    recover_journals(folders.spools["requests"])
    changed = _changed_folders(con, folders)

    def load(segments: Iterable[Segment]) -> None:
        waiting = iter(segments)
        while batch := _load_batch(con, folders, known, waiting, total, on_segment):
            for result in batch:
                if result.outcome == "unreadable":
                    changed.pop(result.segment.path.parent, None)
                elif not result.segment.is_archived:
                    folders.keep(result.segment, result.segment_id)

    archived = known.select_unknown(folders.list_archived(changed))
    segments = sorted([*folders.list_waiting(), *archived], key=lambda each: each.name)
    # What the tier was says how samples are read.
    load(each for each in segments if each.kind == "tier")
    for record in unwritten_records(con, tier, utc_now()) if tier else ():
        load([folders.add_record(record)])
    total.forgotten = apply_forgotten(con, folders)
    load(each for each in segments if each.kind != "tier")
    _record_folders(con, folders, changed)
    return total


def _changed_folders(con: duckdb.DuckDBPyConnection, folders: SpoolFolders) -> dict[Path, int]:
    """Return when each folder of the archive changed, of those that changed since the last load."""
    known = dict(con.sql("select folder, changed_ns from main.loaded_folders").fetchall())
    return {
        folder: changed
        for folder, changed in folders.archive_folders().items()
        if known.get(str(folder.relative_to(folders.archive))) != changed
    }


def _record_folders(
    con: duckdb.DuckDBPyConnection, folders: SpoolFolders, changed: Mapping[Path, int]
) -> None:
    if rows := [(str(each.relative_to(folders.archive)), at) for each, at in changed.items()]:
        con.executemany("insert or replace into main.loaded_folders values (?, ?)", rows)


def _load_batch(
    con: duckdb.DuckDBPyConnection,
    folders: SpoolFolders,
    known: KnownSegments,
    segments: Iterator[Segment],
    total: TelemetryLoadResult,
    on_segment: Callable[[str], None],
) -> list[SegmentResult]:
    """Load some segments in one transaction; return nothing if none are left."""
    batch: list[SegmentResult] = []
    samples: list[pa.Table] = []
    records: dict[str, TierRecord] = {}
    with transaction(con):
        for segment in segments:
            if segment.kind != "tier":
                on_segment(segment.name)
            if result := _load_segment(con, known, segment, samples, records):
                batch.append(result)
            if sum(table.num_rows for table in samples) >= BATCH_ROWS:
                break
        if records:
            store_records(con, records)
        new = load_samples(con, samples, folders) if samples else 0
    total.samples += new
    for result in batch:
        total.add(result)
    return batch


def _load_segment(
    con: duckdb.DuckDBPyConnection,
    known: KnownSegments,
    segment: Segment,
    samples: list[pa.Table],
    records: dict[str, TierRecord],
) -> SegmentResult | None:
    """Record one segment, store its requests, add the rest to the batch; None if it is gone."""
    digest = ""
    try:
        digest = segment.digest()
        segment_id = known.id_for(segment, digest)
        if known.has_name(segment_id):
            # Loaded before, but a crash came before it was moved.
            return SegmentResult(segment, segment_id, "repeated")
        if known.has_bytes(digest):
            result = SegmentResult(segment, segment_id, "repeated")
            _record(con, result, digest)
        else:
            result = (
                _read_record(con, segment, segment_id, digest, records)
                if segment.kind == "tier"
                else _read_rows(con, segment, segment_id, digest, samples)
            )
    except FileNotFoundError:
        # The collector drops the oldest segments when its spool is full.
        return None
    except UNREADABLE as error:
        reason = f"{type(error).__name__}: {error}"
        segment_id = known.id_for(segment, digest)
        result = SegmentResult(segment, segment_id, "unreadable", reason=reason)
        _record(con, result, digest)
        return result
    return result


def _read_record(
    con: duckdb.DuckDBPyConnection,
    segment: Segment,
    segment_id: str,
    digest: str,
    records: dict[str, TierRecord],
) -> SegmentResult:
    record = segment.record()
    records[segment_id] = record
    result = SegmentResult(segment, segment_id, "loaded", len(record.entries))
    _record(con, result, digest, pa.chunked_array([[record.at]]))
    return result


def _read_rows(
    con: duckdb.DuckDBPyConnection,
    segment: Segment,
    segment_id: str,
    digest: str,
    samples: list[pa.Table],
) -> SegmentResult:
    rows = segment.rows()
    # A dictionary of one value: the whole text in each row would take more room than the samples.
    indices = pa.repeat(pa.scalar(0, pa.int32()), rows.num_rows)
    ids = pa.DictionaryArray.from_arrays(indices, pa.array([segment_id]))
    rows = rows.append_column("segment_id", ids)
    result = SegmentResult(segment, segment_id, "loaded", rows.num_rows)
    _record(con, result, digest, rows[INSTANTS.get(segment.kind, "scraped_at")])
    if segment.kind in LOGS:
        new = load_events(con, segment.kind, rows)
        result = replace(result, new=new)
    else:
        samples.append(rows)
    return result


def _record(
    con: duckdb.DuckDBPyConnection,
    result: SegmentResult,
    digest: str,
    instants: pa.ChunkedArray | None = None,
) -> None:
    mark_changed(con, ["raw.telemetry_segments"])
    con.execute(RECORD, segment_record(result, digest, instants))


def segment_record(
    result: SegmentResult, digest: str, instants: pa.ChunkedArray | None = None
) -> list[object]:
    """Return the row of raw.telemetry_segments for a segment whose rows have these instants."""
    span = pc.min_max(instants).as_py() if instants is not None else {"min": None, "max": None}
    return [
        result.segment_id,
        digest,
        result.segment.kind,
        result.rows,
        span["min"],
        span["max"],
        utc_now(),
        result.outcome,
        result.reason,
    ]
