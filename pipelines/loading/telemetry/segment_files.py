"""Segments of telemetry on disk: the spools where they wait, the archive where they stay.

    spool/telemetry/20260822T071016123456Z-9f2c61d0-000004.parquet
    raw/telemetry/scrapes/20260822/20260822T071016123456Z-9f2c61d0-000004.parquet

The first waits to be loaded. The second is loaded and kept, so that the warehouse can be rebuilt;
the folder under raw/telemetry is the kind of segment, the next one the UTC day on which it was
closed. In the distributed form the loaded ones are in S3, below TOKENTIDE_SPOOL:

    archive/scrapes/20260822/20260822T071016123456Z-9f2c61d0-000004.parquet
"""

import os
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pyarrow as pa
import pyarrow.parquet as pq

from models.server.usage_journal import SCHEMA as REQUESTS
from models.server.usage_journal import SENDER_COLUMNS
from pipelines.files import move_durably
from pipelines.pilots.result_file import read_result
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import OPEN_NAMES, read_segment
from pipelines.telemetry.config.tier_records import TierRecord, read_record, write_record
from pipelines.telemetry.spend.spend_log import SCHEMA as SPEND

SegmentKind = Literal["scrapes", "requests", "pages", "history", "spend", "tier", "pilots"]
KINDS: tuple[SegmentKind, ...] = (
    "scrapes",
    "requests",
    "pages",
    "history",
    "spend",
    "tier",
    "pilots",
)
SUFFIXES: dict[SegmentKind, str] = {"requests": ".arrow", "tier": ".json", "pilots": ".json"}
# Raised when a file is not the segment that its name promises.
UNREADABLE = (OSError, pa.ArrowException, ValueError, LookupError)
STORED = "archive"


@dataclass(frozen=True)
class Segment:
    """A closed segment in the spool or in the archive."""

    kind: SegmentKind
    path: Path
    is_archived: bool

    @property
    def name(self) -> str:
        """Its file name, which identifies it."""
        return self.path.name

    def digest(self) -> str:
        """Return the SHA-256 of its bytes."""
        with self.path.open("rb") as file:
            digest = sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    def rows(self) -> pa.Table:
        """Read its rows; raise one of UNREADABLE if it is damaged or no segment.

        One of kind `tier` has none, see `read_record`.
        """
        if self.kind == "spend":
            return pq.read_table(self.path).select(SPEND.names).cast(SPEND)
        if self.kind == "pilots":
            return read_result(self.path)
        if self.kind != "requests":
            return read_segment(self.path)
        with pa.ipc.open_file(self.path) as reader:
            rows = reader.read_all()
        for name in SENDER_COLUMNS:
            if name not in rows.column_names:
                rows = rows.append_column(name, pa.nulls(rows.num_rows, pa.string()))
        return rows.select(REQUESTS.names).cast(REQUESTS)

    def record(self) -> TierRecord:
        """Read the record that one of kind `tier` is; raise ValueError if it is none."""
        return read_record(self.path)


@dataclass(frozen=True)
class StoredSegment:
    """A loaded segment in S3: its key below the spool, and its size in bytes."""

    key: str
    size: int


@dataclass(frozen=True)
class SpoolFolders:
    """The spool of each kind of segment, and the archive; in the distributed form S3 beside it."""

    spools: Mapping[SegmentKind, Path]
    archive: Path
    store: ObjectStore | None = field(default=None, repr=False, compare=False)

    @property
    def forgotten(self) -> Path:
        """The file of the archive that says what was taken back."""
        return self.archive / "forgotten.jsonl"

    @classmethod
    def of(cls, settings: Settings) -> "SpoolFolders":
        """Return the folders of a home."""
        spool = settings.services.spool
        store = ObjectStore(spool) if spool else None
        return cls(spools_of(settings), settings.telemetry_archive, store)

    def list_waiting(self) -> list[Segment]:
        """List every closed segment of the spools, oldest first."""
        segments = [
            Segment(kind, path, is_archived=False)
            for kind, folder in self.spools.items()
            for path in _closed_files(folder, kind)
        ]
        return sorted(segments, key=lambda segment: segment.name)

    def archive_folders(self) -> dict[Path, int]:
        """Return each folder of the archive, and when it changed last, in nanoseconds."""
        days = (day for kind in KINDS for day in self.archive.glob(f"{kind}/*"))
        return {day: day.stat().st_mtime_ns for day in days if day.is_dir()}

    def list_archived(self, days: Iterable[Path] | None = None) -> list[Segment]:
        """List the segments of these folders of the archive, or of all, oldest first."""
        segments = (
            Segment(kind, path, is_archived=True)
            for kind in KINDS
            for day in (self.archive_folders() if days is None else days)
            if day.parent.name == kind
            for path in _closed_files(day, kind)
        )
        return sorted(segments, key=lambda segment: segment.name)

    def keep(self, segment: Segment, segment_id: str) -> None:
        """Move a loaded segment into the archive, durably.

        One that is there already, after a crash between two moves, has the same bytes.
        """
        move_durably(segment.path, self.archive_path(segment.kind, segment_id))

    def add_record(self, record: TierRecord) -> Segment:
        """Write a record of the tier as a segment that waits, and return it."""
        return Segment("tier", write_record(self.spools["tier"], record), is_archived=False)

    def archive_path(self, kind: SegmentKind, segment_id: str) -> Path:
        """Return the path of a segment in the archive."""
        return self.archive / kind / segment_id[:8] / segment_id

    def find(self, kind: SegmentKind, segment_id: str) -> Path | None:
        """Find a loaded segment: archived, or in the spool if a crash came before the move.

        One that is in S3 alone is fetched into the archive first.
        """
        path = self.archive_path(kind, segment_id)
        for each in (path, self.spools[kind] / segment_id):
            if each.exists():
                return each
        if self.store and self.store.download(stored_key(kind, segment_id), path):
            return path
        return None

    def list_stored(self) -> dict[str, StoredSegment]:
        """Return the loaded segments that are in S3, by name; none in the embedded form."""
        found = self.store.list_sizes(STORED) if self.store else {}
        return {Path(key).name: StoredSegment(key, size) for key, size in found.items()}


def stored_key(kind: SegmentKind, segment_id: str) -> str:
    """Return the key of a loaded segment in S3, by the day on which it was closed."""
    return f"{STORED}/{kind}/{segment_id[:8]}/{segment_id}"


def spools_of(settings: Settings) -> dict[SegmentKind, Path]:
    """Return the folder in which segments of each kind wait."""
    return {
        "scrapes": settings.telemetry_spool,
        "requests": settings.request_spool,
        "pages": settings.pages_spool,
        "history": settings.history_spool,
        "spend": settings.spend_spool,
        "tier": settings.tier_spool,
        "pilots": settings.pilot_spool,
    }


def _closed_files(folder: Path, kind: SegmentKind) -> Iterator[Path]:
    """Yield files with a final name: neither unfinished ones nor the live view's open segment."""
    suffix = SUFFIXES.get(kind, ".parquet")
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        for entry in entries:
            is_hidden = entry.name.startswith(".")
            if entry.name.endswith(suffix) and not is_hidden and entry.name not in OPEN_NAMES:
                yield folder / entry.name
