"""The spool in S3: segments that wait to be loaded, and those that were.

    waiting/scrapes/20260822T071016123456Z-9f2c61d0-000004.parquet
    archive/scrapes/20260822/20260822T071016123456Z-9f2c61d0-000004.parquet

A host writes its segments to its own spool first, which is bounded. They are removed there once S3
has them; while it is away, they wait.
"""

from collections.abc import Callable
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path

from models.server.usage_journal import recover_journals
from pipelines.loading.telemetry.segment_files import (
    KINDS,
    Segment,
    SegmentKind,
    SpoolFolders,
    stored_key,
)
from pipelines.services.object_store import ObjectStore

WAITING = "waiting"
STAMP = "%Y%m%dT%H%M%S%fZ"


@dataclass(frozen=True)
class SpooledSegment:
    """A segment that waits in S3."""

    store: ObjectStore
    kind: SegmentKind
    name: str

    @property
    def key(self) -> str:
        """The key under which it waits."""
        return waiting_key(self.kind, self.name)

    @property
    def closed_at(self) -> datetime | None:
        """The instant in its name, when it was closed; None for a name without one."""
        with suppress(ValueError):
            stamp = datetime.strptime(self.name.partition("-")[0], STAMP)
            return stamp.replace(tzinfo=UTC)
        return None

    def fetch(self, folder: Path) -> Segment | None:
        """Write it into a local folder; return None if another loader has moved it."""
        path = folder / self.name
        return Segment(self.kind, path, False) if self.store.download(self.key, path) else None

    def keep(self, segment_id: str) -> None:
        """Move it into the archive, by the day on which it was closed."""
        self.store.move(self.key, stored_key(self.kind, segment_id))


def waiting_key(kind: SegmentKind, name: str) -> str:
    """Return the key under which a segment waits."""
    return f"{WAITING}/{kind}/{name}"


def list_waiting(store: ObjectStore) -> list[SpooledSegment]:
    """List the segments that wait in S3, oldest first."""
    found = [
        SpooledSegment(store, kind, Path(key).name)
        for kind in KINDS
        for key in store.list_keys(f"{WAITING}/{kind}")
    ]
    return sorted(found, key=lambda each: (each.kind != "tier", each.name))


def ship(
    folders: SpoolFolders, store: ObjectStore, on_segment: Callable[[str], None] = lambda name: None
) -> int:
    """Move every closed segment of this host's spools to S3; return their number.

    A segment is removed here once S3 has all of it, so one that is killed between is uploaded
    again under the same name. Raise ServiceFailed where S3 is away; what is left waits.
    """
    recover_journals(folders.spools["requests"])
    shipped = 0
    for segment in folders.list_waiting():
        try:
            store.upload(segment.path, waiting_key(segment.kind, segment.name))
        except FileNotFoundError:
            continue  # the collector dropped it to keep within its bound
        segment.path.unlink(missing_ok=True)
        shipped += 1
        on_segment(segment.name)
    return shipped
