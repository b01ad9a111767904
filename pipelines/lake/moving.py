"""Moving of a home into the lake, and back, compared row for row; whoever is killed goes on.

Into the lake goes what a home cannot make again: the archive of answers and its log, as files in
S3; the segments, as files in S3 and as rows in the lake. Many segments are one commit, and the
catalog knows each by its name, so a loader that meets one of them later loads nothing twice.
Nothing is removed on the side from which something is moved.
"""

from collections.abc import Callable, Container, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from itertools import groupby
from pathlib import Path

import pyarrow as pa

from pipelines.errors import BadSetting, ServiceFailed
from pipelines.lake.archive import REQUESTS, ArchiveCopy, fetch_archive, store_archive
from pipelines.lake.comparing import MarksBySegment, RowHasher, TableComparison, compare
from pipelines.lake.connection import Lake, open_lake
from pipelines.lake.lease import Lease, builder_lease
from pipelines.lake.loading import load_waiting, read_rows, segment_instants
from pipelines.lake.published import fetch_if_ahead
from pipelines.lake.spool import list_waiting
from pipelines.lake.tables import with_id
from pipelines.loading.telemetry.segment_files import (
    UNREADABLE,
    Segment,
    SegmentKind,
    SpoolFolders,
    stored_key,
)
from pipelines.loading.telemetry.segments import SegmentResult, segment_record
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

# Of one commit: rows fit in memory, and Postgres has room for the locks of names.
MAX_ROWS, MAX_SEGMENTS = 2_000_000, 500
OnMoved = Callable[[str, int, int], None]
"""Takes what is gone through, how many of it are done, and how many there are; 0 if not known."""
DigestedSegment = tuple[Segment, str]


@dataclass
class MoveResult:
    """Result of a move: what was new, what was there before, what is wrong, and the comparison."""

    segments: int = 0
    known: int = 0
    busy: int = 0
    answers: ArchiveCopy = field(default_factory=ArchiveCopy)
    problems: list[str] = field(default_factory=list)
    tables: list[TableComparison] = field(default_factory=list)
    waiting: int = 0

    @property
    def is_whole(self) -> bool:
        """True where everything was moved and every table has the same rows on both sides."""
        return not (self.problems or self.busy) and all(each.is_same for each in self.tables)


def move_to_lake(settings: Settings, on_moved: OnMoved = lambda *_: None) -> MoveResult:
    """Move the archive and every segment of this home into the lake; create the lake if need be.

    Segments that are there already are left as they are. Raise LockHeld where a builder is at work,
    BadSetting where a service is not set.
    """
    with _services(settings, is_new=True) as (lake, store, lease):
        result = MoveResult(answers=store_archive(settings, store))
        segments = SpoolFolders.of(settings).list_archived()
        with_digests = _digests(segments, result, on_moved)
        known = lake.loaded_digests()
        stored = store.list_sizes("archive")
        for done, problems in _store_files(store, stored, with_digests):
            result.problems += problems
            on_moved("files in S3", done, len(with_digests))
        new = [each for each in with_digests if each[0].name not in known]
        result.known = len(with_digests) - len(new)
        for done, batch in _batches(new, result.problems):
            lease.check()
            _append(lake, batch, result)
            on_moved("segments in the lake", done, len(new))
        _verify(lake, [segment for segment, _ in with_digests], result, on_moved)
        result.problems += _other_digests(lake, with_digests)
        result.waiting = len(SpoolFolders.of(settings).list_waiting())
        return result


def move_back(settings: Settings, on_moved: OnMoved = lambda *_: None) -> MoveResult:
    """Fetch the archive and every segment of the lake into this home, which keeps what it has.

    What waits in S3 is loaded first. Segments whose files neither S3 nor this home has are named as
    problems: their files are on the hosts that loaded them.
    """
    with _services(settings) as (lake, store, _):
        loaded = load_waiting(lake, list_waiting(store))
        result = MoveResult(answers=fetch_archive(settings, store), busy=loaded.busy)
        result.problems += [f"{name} cannot be read: {why}" for name, why in loaded.unreadable]
        folders = SpoolFolders.of(settings)
        digests = lake.loaded_digests()
        segments = []
        for done, (name, (kind, digest)) in enumerate(sorted(digests.items()), start=1):
            if segment := _fetch(store, folders, kind, name, digest, result):
                segments.append(segment)
            on_moved("segments", done, len(digests))
        if settings.services.published:
            fetch_if_ahead(settings, ObjectStore(settings.services.published))
        _verify(lake, segments, result, on_moved)
        result.waiting = len(list_waiting(store))
        return result


@contextmanager
def _services(
    settings: Settings, *, is_new: bool = False
) -> Iterator[tuple[Lake, ObjectStore, Lease]]:
    """Open lake and spool under the builder's lease, so that nobody builds or maintains."""
    address, spool = settings.services.lake, settings.services.spool
    if address is None or spool is None:
        missing = "TOKENTIDE_LAKE" if address is None else "TOKENTIDE_SPOOL"
        raise BadSetting(f"{missing} is not set; docs/lake.md says how the lake is set up.")
    with open_lake(settings, is_new=is_new) as lake, builder_lease(address.catalog) as lease:
        yield lake, ObjectStore(spool), lease


def _digests(
    segments: list[Segment], result: MoveResult, on_moved: OnMoved
) -> list[DigestedSegment]:
    found = []
    for done, segment in enumerate(segments, start=1):
        try:
            found.append((segment, segment.digest()))
        except OSError as error:
            result.problems.append(f"{segment.name} cannot be read ({error.strerror})")
        on_moved("segments hashed", done, len(segments))
    return sorted(found, key=lambda each: (each[0].kind, each[0].name))


def _store_files(
    store: ObjectStore, stored: Container[str], segments: Sequence[DigestedSegment]
) -> Iterator[tuple[int, list[str]]]:
    """Upload segments, some at once; yield how many are in S3 whole and what is wrong."""

    def store_file(each: DigestedSegment) -> str:
        segment, digest = each
        key = stored_key(segment.kind, segment.name)
        if key not in stored:
            store.upload(segment.path, key)
        if store.digest(key) == digest:
            return ""
        return (
            f"{store.folder.url}{key} has other bytes than {segment.path.name} of this home. "
            "Look which of both is damaged: `tokentide verify`"
        )

    with ThreadPoolExecutor(REQUESTS) as pool:
        # Ctrl-C waits for those that were begun.
        for start in range(0, len(segments), REQUESTS):
            part = segments[start : start + REQUESTS]
            yield start + len(part), [each for each in pool.map(store_file, part) if each]


def _batches(
    segments: Sequence[DigestedSegment], problems: list[str]
) -> Iterator[tuple[int, list[tuple[Segment, str, pa.Table]]]]:
    """Yield segments of one kind with their rows, and how many were gone through until then."""
    done = 0
    for _, of_kind in groupby(segments, key=lambda each: each[0].kind):
        batch: list[tuple[Segment, str, pa.Table]] = []
        for segment, digest in of_kind:
            done += 1
            try:
                batch.append((segment, digest, read_rows(segment)))
            except UNREADABLE as error:
                problems.append(f"{segment.name} cannot be read ({error}). {REPAIR}")
            if len(batch) == MAX_SEGMENTS or sum(len(rows) for *_, rows in batch) >= MAX_ROWS:
                yield done, batch
                batch = []
        if batch:
            yield done, batch


REPAIR = "`tokentide restore FOLDER --repair` takes it from a backup; then move again."


def _append(lake: Lake, batch: list[tuple[Segment, str, pa.Table]], result: MoveResult) -> None:
    """Commit the segments that nobody else is at and nobody has committed meanwhile."""
    names = [segment.name for segment, *_ in batch]
    with lake.claimed_many(names) as ours:
        committed = lake.select_committed(names)
        new = [each for each in batch if each[0].name in ours - committed]
        result.busy += len(set(names) - ours)
        result.known += len(ours & committed)
        if not new:
            return
        records = [
            segment_record(
                SegmentResult(segment, segment.name, "loaded", rows.num_rows),
                digest,
                segment_instants(segment, rows),
            )
            for segment, digest, rows in new
        ]
        lake.append_moved(records, new[0][0].kind, _all_rows(new))
        result.segments += len(new)


def _all_rows(batch: Sequence[tuple[Segment, str, pa.Table]]) -> pa.Table:
    """Return the rows of a batch, each with the name of its segment."""
    return pa.concat_tables(_plain(with_id(rows, segment.name)) for segment, _, rows in batch)


def _plain(rows: pa.Table) -> pa.Table:
    """Return the rows without dictionaries, which differ from segment to segment."""
    fields = [
        each.with_type(each.type.value_type) if pa.types.is_dictionary(each.type) else each
        for each in rows.schema
    ]
    return rows.cast(pa.schema(fields))


def _verify(lake: Lake, segments: Iterable[Segment], result: MoveResult, on_moved: OnMoved) -> None:
    """Read every file again and compare its rows with those of the lake."""
    hasher = RowHasher(lake)
    marks: dict[SegmentKind, MarksBySegment] = {}
    listed = sorted(((each, "") for each in segments), key=lambda each: each[0].kind)
    problems: list[str] = []
    for done, batch in _batches(listed, problems):
        kind = batch[0][0].kind
        marks.setdefault(kind, {}).update(hasher.hash_rows(kind, _all_rows(batch)))
        on_moved("segments compared", done, len(listed))
    result.problems += [each for each in problems if each not in result.problems]
    result.tables = compare(marks, hasher)


def _other_digests(lake: Lake, segments: list[DigestedSegment]) -> list[str]:
    loaded = lake.loaded_digests()
    found = [
        segment.name
        for segment, digest in segments
        if loaded.get(segment.name, (segment.kind, digest))[1] != digest
    ]
    return [f"{name} has other bytes here than were loaded into the lake." for name in found]


def _fetch(
    store: ObjectStore,
    folders: SpoolFolders,
    kind: SegmentKind,
    name: str,
    digest: str,
    result: MoveResult,
) -> Segment | None:
    """Return the file of a segment in the archive of this home, fetched if need be."""
    if Path(name).name != name:
        raise ServiceFailed(f"The lake names a segment {name!r}, which is no name of a file.")
    path = folders.archive_path(kind, name)
    segment = Segment(kind, path, is_archived=True)
    if path.exists() and segment.digest() == digest:
        result.known += 1
        return segment
    if path.exists():
        result.problems.append(f"{name} has other bytes here than were loaded into the lake.")
        return None
    key = stored_key(kind, name)
    if store.digest(key) != digest:
        result.problems.append(
            f"{store.folder.url}{key} is missing or has other bytes than were loaded. Its file "
            "is in raw/telemetry of the host that loaded it: copy it here, then move again."
        )
        return None
    store.download(key, path)
    result.segments += 1
    return segment
