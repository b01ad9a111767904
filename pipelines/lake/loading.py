"""Loading into the lake: each waiting segment is one commit, whichever host makes it.

Any number of loaders may run. Each takes segments that no other one is at; a killed one leaves its
segment waiting, or committed and not moved yet. Then the next loader finds its name and moves it.
"""

import logging
from collections.abc import Callable, Iterable
from dataclasses import dataclass, field
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Literal, Protocol

import pyarrow as pa

from pipelines.errors import ServiceFailed
from pipelines.lake.connection import UNREADABLE_COMMIT, Lake
from pipelines.lake.tables import DOCUMENT
from pipelines.loading.telemetry.events import INSTANTS
from pipelines.loading.telemetry.segment_files import (
    UNREADABLE,
    Segment,
    SegmentKind,
    SpoolFolders,
)
from pipelines.loading.telemetry.segments import SegmentResult, free_name, segment_record

log = logging.getLogger(__name__)

LoadStep = Literal["claimed", "fetched", "read", "committed", "kept"]
OnLoadStep = Callable[[str, LoadStep], None]
"""Called with a segment's name and the step that has just ended."""


class WaitingSegment(Protocol):
    """A segment that waits in a spool, on this host or in S3."""

    @property
    def kind(self) -> SegmentKind:
        """Its kind."""

    @property
    def name(self) -> str:
        """Its file name."""

    def fetch(self, folder: Path) -> Segment | None:
        """Return it as a local file, written into a folder if need be; None if it is gone."""

    def keep(self, segment_id: str) -> None:
        """Move it from the spool into the archive."""


@dataclass(frozen=True)
class LocalSegment:
    """A segment that waits in a spool of this home."""

    segment: Segment
    folders: SpoolFolders

    @property
    def kind(self) -> SegmentKind:
        """Its kind."""
        return self.segment.kind

    @property
    def name(self) -> str:
        """Its file name."""
        return self.segment.name

    def fetch(self, folder: Path) -> Segment | None:
        """Return it, unless it is gone."""
        return self.segment if self.segment.path.exists() else None

    def keep(self, segment_id: str) -> None:
        """Move it into the archive of this home."""
        self.folders.keep(self.segment, segment_id)


@dataclass
class LakeLoadResult:
    """Totals of one load into the lake."""

    segments: int = 0
    repeated: int = 0
    rows: int = 0
    busy: int = 0  # another loader is at them
    unreadable: list[tuple[str, str]] = field(default_factory=list)

    def add(self, result: SegmentResult) -> None:
        """Add the outcome of one segment."""
        self.segments += result.outcome == "loaded"
        self.repeated += result.outcome == "repeated"
        self.rows += result.rows if result.outcome == "loaded" else 0
        if result.reason:
            self.unreadable.append((result.segment_id, result.reason))


def load_waiting(
    lake: Lake,
    waiting: Iterable[WaitingSegment],
    on_step: OnLoadStep = lambda name, step: None,
) -> LakeLoadResult:
    """Append every waiting segment that nobody else is at to the lake, each exactly once."""
    total = LakeLoadResult()
    for each in waiting:
        with lake.claimed(each.name) as is_ours:
            if not is_ours:
                total.busy += 1
                continue
            on_step(each.name, "claimed")
            with TemporaryDirectory() as folder:
                if result := _load(lake, each, Path(folder), on_step):
                    total.add(result)
    return total


def _load(
    lake: Lake, waiting: WaitingSegment, folder: Path, on_step: OnLoadStep
) -> SegmentResult | None:
    segment = waiting.fetch(folder)
    if segment is None:
        return None
    on_step(waiting.name, "fetched")
    digest = segment.digest()
    segment_id = segment.name
    if lake.has(segment_id) and lake.digest_of(segment_id) != digest:
        segment_id = free_name(segment, digest)
    result = SegmentResult(segment, segment_id, "repeated")
    if not lake.has(segment_id):
        try:
            rows = read_rows(segment)
        except UNREADABLE as error:
            return _record_unreadable(lake, segment, digest, f"{type(error).__name__}: {error}")
        on_step(waiting.name, "read")
        result = _append(
            lake, SegmentResult(segment, segment_id, "loaded", len(rows)), digest, rows
        )
    on_step(waiting.name, "committed")
    waiting.keep(segment_id)
    on_step(waiting.name, "kept")
    return result


def _append(lake: Lake, result: SegmentResult, digest: str, rows: pa.Table) -> SegmentResult:
    """Commit a segment; where another loader was quicker, its commit is the one."""
    segment_id, kind = result.segment_id, result.segment.kind
    record = segment_record(result, digest, segment_instants(result.segment, rows))
    try:
        lake.append(segment_id, record, kind, rows)
    except ServiceFailed:
        if not lake.has(segment_id):
            raise
        return SegmentResult(result.segment, segment_id, "repeated")
    return result


def read_rows(segment: Segment) -> pa.Table:
    """Read the rows of a segment as the lake has them; raise one of UNREADABLE."""
    if segment.kind != "tier":
        return segment.rows()
    segment.record()  # raises where it is none
    return pa.table({"document": [segment.path.read_text(encoding="utf-8")]}, schema=DOCUMENT)


def segment_instants(segment: Segment, rows: pa.Table) -> pa.ChunkedArray:
    """Return the instants of which the rows of a segment are."""
    if segment.kind == "tier":
        return pa.chunked_array([[segment.record().at]])
    return rows[INSTANTS.get(segment.kind, "scraped_at")]


def _record_unreadable(lake: Lake, segment: Segment, digest: str, reason: str) -> SegmentResult:
    """Record a damaged segment once; it stays in the spool for a person to look at."""
    result = SegmentResult(segment, segment.name, "unreadable", reason=reason)
    commit = UNREADABLE_COMMIT.format(segment.name, digest[:12])
    if not lake.has(commit):
        lake.append(commit, segment_record(result, digest), segment.kind, None)
    log.warning("%s cannot be read (%s). It stays where it is.", segment.name, reason)
    return result
