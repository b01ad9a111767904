"""Segments of telemetry on disk: where they wait, what is in them, and where they are kept once they are loaded.

    spool/telemetry/20260822T071016123456Z-9f2c61d0-000004.parquet                  closed by the collector, waits
    raw/telemetry/scrapes/20260822/20260822T071016123456Z-9f2c61d0-000004.parquet   loaded, kept; the warehouse can be made of it again

The folder under raw/telemetry says what kind of segment it is, the next one the UTC day on which it was closed.
"""

import os
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path
from typing import Literal

import pyarrow as pa

from models.server.usage_log import SCHEMA as REQUESTS
from pipelines.files import sync_folder
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import OPEN_NAME, read_segment

SegmentKind = Literal["scrapes", "requests", "pages", "history"]
KINDS: tuple[SegmentKind, ...] = ("scrapes", "requests", "pages", "history")
# What reading a file raises if it is not the segment that its name promises.
UNREADABLE = (OSError, pa.ArrowException, ValueError, LookupError)


@dataclass(frozen=True)
class Segment:
    """A closed segment, as it lies in the spool or in the archive."""

    kind: SegmentKind
    path: Path
    is_archived: bool

    @property
    def name(self) -> str:
        """Its file name, by which it is known."""
        return self.path.name

    def digest(self) -> str:
        """The SHA-256 of its bytes."""
        with self.path.open("rb") as file:
            digest = sha256()
            while piece := file.read(1 << 20):
                digest.update(piece)
        return digest.hexdigest()

    def rows(self) -> pa.Table:
        """What it holds; one of UNREADABLE if it is damaged or no segment."""
        if self.kind != "requests":
            return read_segment(self.path)
        with pa.ipc.open_file(self.path) as reader:
            return reader.read_all().select(REQUESTS.names).cast(REQUESTS)


@dataclass(frozen=True)
class SpoolFolders:
    """Where segments of each kind wait, and where they are kept."""

    spools: Mapping[SegmentKind, Path]
    archive: Path

    @classmethod
    def of(cls, settings: Settings) -> "SpoolFolders":
        """Those of one home."""
        return cls(spools_of(settings), settings.telemetry_archive)

    def waiting(self) -> list[Segment]:
        """Every closed segment of the spools, oldest first."""
        found = [
            Segment(kind, path, False)
            for kind, folder in self.spools.items()
            for path in _closed(folder, kind)
        ]
        return sorted(found, key=lambda segment: segment.name)

    def archived(self) -> list[Segment]:
        """Every segment that is kept, oldest first."""
        folders = ((kind, day) for kind in KINDS for day in self.archive.glob(f"{kind}/*"))
        found = (Segment(kind, path, True) for kind, day in folders for path in _closed(day, kind))
        return sorted(found, key=lambda segment: segment.name)

    def keep(self, segment: Segment, segment_id: str) -> None:
        """Move a segment that is loaded into the archive; where it was moved before, only what is left in the spool goes."""
        kept = self.kept(segment.kind, segment_id)
        kept.parent.mkdir(parents=True, exist_ok=True)
        segment.path.replace(kept)
        sync_folder(kept.parent)
        sync_folder(segment.path.parent)

    def kept(self, kind: SegmentKind, segment_id: str) -> Path:
        """Where a segment with this name belongs in the archive."""
        return self.archive / kind / segment_id[:8] / segment_id

    def find(self, kind: SegmentKind, segment_id: str) -> Path | None:
        """Where a loaded segment is: kept, or still in the spool if a crash came before it was moved."""
        candidates = [self.kept(kind, segment_id), self.spools[kind] / segment_id]
        return next((path for path in candidates if path.exists()), None)


def spools_of(settings: Settings) -> dict[SegmentKind, Path]:
    """The folder in which segments of each kind wait."""
    return {
        "scrapes": settings.telemetry_spool,
        "requests": settings.request_spool,
        "pages": settings.pages_spool,
        "history": settings.history_spool,
    }


def _closed(folder: Path, kind: SegmentKind) -> Iterator[Path]:
    """What has a final name; what is being written has another, and so has what a live view sees of the open segment."""
    suffix = ".arrow" if kind == "requests" else ".parquet"
    try:
        entries = os.scandir(folder)
    except FileNotFoundError:
        return
    with entries:
        names = (entry.name for entry in entries)
        yield from (
            folder / name
            for name in names
            if name.endswith(suffix) and not name.startswith(".") and name != OPEN_NAME
        )
