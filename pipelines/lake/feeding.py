"""The builder's warehouse, fed from the lake by the loader that also reads files.

So the facts, and all that is made of them, are those of the embedded form. A warehouse remembers up
to which snapshot it has read the lake; a new one reads it from the beginning.
"""

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from pipelines.files import durable_file
from pipelines.lake.archive import fetch_archive
from pipelines.lake.connection import Lake, SegmentRow, open_lake
from pipelines.lake.loading import LocalSegment, load_waiting
from pipelines.loading.telemetry.segment_files import Segment, SegmentKind, SpoolFolders
from pipelines.loading.telemetry.segments import RECORD, TelemetryLoadResult, load_segments
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.sql import read_sql
from pipelines.telemetry.config.tier import read_tier
from pipelines.telemetry.config.tier_records import TierRecord, parse_record
from warehouse.changes import mark_changed
from warehouse.connection import session, transaction

FOLDER = "lake"
READ_UNTIL = read_sql(__file__, "read_until")


@dataclass(frozen=True)
class LakeSegment(Segment):
    """A segment of the lake. Its path only names it: its rows come from the lake."""

    lake: Lake = field(kw_only=True, repr=False, compare=False)
    sha256: str = field(kw_only=True)

    def digest(self) -> str:
        """Return the SHA-256 of the file that was loaded into the lake."""
        return self.sha256

    def rows(self) -> pa.Table:
        """Read its rows from the lake."""
        return self.lake.rows(self.kind, self.name)

    def record(self) -> TierRecord:
        """Read the record that one of kind `tier` is."""
        [document] = self.rows()["document"].to_pylist()
        return parse_record(document.encode())


@dataclass(frozen=True, kw_only=True)
class LakeFolders(SpoolFolders):
    """The lake in place of spools and archive, up to a snapshot."""

    lake: Lake
    read_until: int
    newest: int

    def list_waiting(self) -> list[Segment]:
        """List nothing: what waits on this host goes into the lake first."""
        return []

    def archive_folders(self) -> dict[Path, int]:
        """Return the lake as one folder, which changes with its newest snapshot."""
        return {self.archive / FOLDER: self.newest}

    def list_archived(self, days: Iterable[Path] | None = None) -> list[Segment]:
        """List the segments that are not read yet, oldest first."""
        if not list(self.archive_folders() if days is None else days):
            return []
        return [
            self._segment(row[0], row[2], row[1])
            for row in self._new_rows()
            if row[3] != "unreadable"
        ]

    def list_unreadable(self) -> list[SegmentRow]:
        """List the new records of segments that no loader could read."""
        return [row for row in self._new_rows() if row[3] == "unreadable"]

    def add_record(self, record: TierRecord) -> Segment:
        """Put a record of the tier into the lake, and return it as a segment of the lake."""
        written = super().add_record(record)
        digest = written.digest()
        load_waiting(self.lake, [LocalSegment(written, self)])
        return self._segment(written.name, "tier", digest)

    def find(self, kind: SegmentKind, segment_id: str) -> Path | None:
        """Find the file of a loaded segment; write its rows from the lake if nobody has it.

        Such a file has other bytes, so it has no place in the archive.
        """
        path = super().find(kind, segment_id)
        if path is None and (rows := self.lake.rows(kind, segment_id)).num_rows:
            path = self.archive / FOLDER / segment_id
            with durable_file(path) as file:
                pq.write_table(rows, file, compression="zstd")
        return path

    def _new_rows(self) -> list[SegmentRow]:
        if self.newest <= self.read_until:
            return []
        return self.lake.segments_between(self.read_until + 1, self.newest)

    def _segment(self, name: str, kind: SegmentKind, digest: str) -> LakeSegment:
        path = self.archive / FOLDER / name
        return LakeSegment(kind, path, is_archived=True, lake=self.lake, sha256=digest)


def feed_warehouse(settings: Settings, lake: Lake) -> TelemetryLoadResult:
    """Load what is new in the lake into the warehouse of this home.

    Segments that wait in this home go into the lake first.
    """
    local = SpoolFolders.of(settings)
    load_waiting(lake, [LocalSegment(segment, local) for segment in local.list_waiting()])
    return load_from_lake(settings, lake, settings.warehouse)


@contextmanager
def segment_loader(
    settings: Settings,
) -> Iterator[Callable[[Path], TelemetryLoadResult] | None]:
    """Give a loader of every segment of the lake into a warehouse; None in the embedded form.

    Answers that other builders archived are fetched before.
    """
    if settings.services.lake is None:
        yield None
        return
    if settings.services.spool:
        fetch_archive(settings, ObjectStore(settings.services.spool))
    with open_lake(settings) as lake:
        yield lambda warehouse: load_from_lake(settings, lake, warehouse)


def load_from_lake(
    settings: Settings,
    lake: Lake,
    warehouse: Path,
    on_segment: Callable[[str], None] = lambda name: None,
) -> TelemetryLoadResult:
    """Load what is new in the lake into a warehouse; all of it into a fresh one."""
    local = SpoolFolders.of(settings)
    tier = read_tier(settings.tier) if settings.tier.exists() else None
    newest = lake.snapshot()
    with session(warehouse) as con:
        until = con.execute(READ_UNTIL, {"folder": FOLDER}).fetchone()
        folders = LakeFolders(
            local.spools,
            local.archive,
            local.store,
            lake=lake,
            read_until=int(until[0]) if until else -1,
            newest=newest,
        )
        _record_unreadable(con, folders.list_unreadable())
        return load_segments(con, folders, tier, on_segment)


def _record_unreadable(con: duckdb.DuckDBPyConnection, rows: Iterable[SegmentRow]) -> None:
    with transaction(con):
        for segment_id, digest, kind, outcome, *rest in rows:
            mark_changed(con, ["raw.telemetry_segments"])
            count, first_at, last_at, loaded_at, reason = rest
            values = [segment_id, digest, kind, count, first_at, last_at, loaded_at]
            con.execute(RECORD, [*values, outcome, reason])
