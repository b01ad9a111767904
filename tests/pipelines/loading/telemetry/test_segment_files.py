"""Segments on disk: waiting, archived, found again after a crash between both."""

from datetime import UTC, datetime
from hashlib import sha256
from pathlib import Path

import pyarrow as pa
import pytest

from models.server.usage_journal import SCHEMA as REQUESTS
from models.server.usage_journal import SENDER_COLUMNS
from pipelines.loading.telemetry.segment_files import (
    UNREADABLE,
    Segment,
    SegmentKind,
    SpoolFolders,
    spools_of,
)
from pipelines.settings import Settings
from pipelines.telemetry.collector.segments import OPEN_NAME, Scrape, SegmentWriter
from pipelines.telemetry.metrics.normalise import up_series

NAME = "20260822T071016123456Z-9f2c61d0-000004"


@pytest.fixture
def folders(tmp_path: Path) -> SpoolFolders:
    """Folders of a home with an empty spool for each kind of segment."""
    folders = SpoolFolders.of(Settings(home=tmp_path))
    for spool in folders.spools.values():
        spool.mkdir(parents=True)
    return folders


def put(folders: SpoolFolders, kind: SegmentKind, name: str, content: bytes = b"x") -> Path:
    path = folders.spools[kind] / name
    path.write_bytes(content)
    return path


def test_each_kind_waits_in_its_own_folder(tmp_path: Path) -> None:
    """The names of kinds are in the warehouse, and the folders in the runbook."""
    spools = spools_of(Settings(home=tmp_path))
    assert {kind: path.relative_to(tmp_path).as_posix() for kind, path in spools.items()} == {
        "scrapes": "spool/telemetry",
        "requests": "spool/requests",
        "pages": "spool/pages",
        "history": "spool/history",
        "spend": "spool/spend",
        "tier": "spool/tier",
        "pilots": "spool/pilots",
    }


def test_waiting_segments_are_listed_oldest_first(folders: SpoolFolders) -> None:
    """They may be of several kinds."""
    put(folders, "scrapes", "20260822T071017000000Z-b-000001.parquet")
    put(folders, "requests", "20260822T071016.5Z-a-000001.arrow")
    put(folders, "pages", "20260822T071015000000Z-c-000001.parquet")
    listed = folders.list_waiting()
    assert [segment.kind for segment in listed] == ["pages", "requests", "scrapes"]
    assert not [segment for segment in listed if segment.is_archived]


@pytest.mark.parametrize(
    "name", [f".{NAME}.parquet.17.tmp", f".{NAME}.parquet", OPEN_NAME, ".collector.lock", "x.arrow"]
)
def test_other_files_of_a_spool_are_no_segments(folders: SpoolFolders, name: str) -> None:
    """Unfinished files, the live view's file, the lock, and another kind's suffix are not."""
    put(folders, "scrapes", name)
    assert folders.list_waiting() == []


def test_a_spool_that_does_not_exist_is_empty(tmp_path: Path) -> None:
    folders = SpoolFolders.of(Settings(home=tmp_path / "nowhere"))
    assert folders.list_waiting() == folders.list_archived() == []


def test_a_kept_segment_lies_in_the_folder_of_its_kind_and_day(folders: SpoolFolders) -> None:
    """It is no longer in the spool, and is found in the archive."""
    path = put(folders, "scrapes", f"{NAME}.parquet", b"bytes")
    [segment] = folders.list_waiting()
    folders.keep(segment, segment.name)
    kept = folders.archive / "scrapes" / "20260822" / path.name
    assert (path.exists(), kept.read_bytes()) == (False, b"bytes")
    assert folders.list_archived() == [Segment("scrapes", kept, is_archived=True)]
    assert folders.find("scrapes", path.name) == kept


def test_a_segment_is_found_where_a_crash_left_it(folders: SpoolFolders) -> None:
    """It is recorded as loaded, and still in the spool."""
    path = put(folders, "scrapes", f"{NAME}.parquet")
    assert folders.find("scrapes", path.name) == path
    assert folders.find("pages", path.name) is None


def test_a_segment_that_is_archived_already_only_leaves_the_spool(folders: SpoolFolders) -> None:
    """A crash may come between the copy of a name and its removal."""
    for _ in range(2):
        put(folders, "scrapes", f"{NAME}.parquet", b"bytes")
        [segment] = folders.list_waiting()
        folders.keep(segment, segment.name)
    [kept] = folders.list_archived()
    assert kept.path.read_bytes() == b"bytes"
    assert folders.list_waiting() == []


def test_the_digest_is_that_of_the_bytes(folders: SpoolFolders) -> None:
    """A large file is read in pieces."""
    content = bytes(range(256)) * 10_000
    path = put(folders, "scrapes", f"{NAME}.parquet", content)
    assert Segment("scrapes", path, is_archived=False).digest() == sha256(content).hexdigest()


def test_the_rows_of_both_formats_are_read(folders: SpoolFolders) -> None:
    """Scrapes are Parquet; requests are Arrow, of which further columns are ignored."""
    scrape = Scrape("t", "vllm", 1, None, (up_series("up"),), (1.0,))
    path = SegmentWriter(folders.spools["scrapes"]).write([scrape])
    assert path
    assert Segment("scrapes", path, is_archived=False).rows()["metric"].to_pylist() == ["up"]
    row = dict.fromkeys(REQUESTS.names) | {"request_id": "r", "arrival_at": datetime.now(UTC)}
    table = pa.Table.from_pylist([row], REQUESTS).append_column("later", pa.array([1]))
    path = folders.spools["requests"] / f"{NAME}.arrow"
    with pa.ipc.new_file(path, table.schema) as writer:
        writer.write_table(table)
    rows = Segment("requests", path, is_archived=False).rows()
    assert rows.schema == REQUESTS
    assert rows["request_id"].to_pylist() == ["r"]


def test_requests_of_older_servers_have_no_sender(folders: SpoolFolders) -> None:
    """Their segments lack the columns, and nobody knows who sent them."""
    row = dict.fromkeys(REQUESTS.names) | {"request_id": "r", "arrival_at": datetime.now(UTC)}
    older = pa.Table.from_pylist([row], REQUESTS).drop_columns(list(SENDER_COLUMNS))
    path = folders.spools["requests"] / f"{NAME}.arrow"
    path.parent.mkdir(parents=True, exist_ok=True)
    with pa.ipc.new_file(path, older.schema) as writer:
        writer.write_table(older)
    rows = Segment("requests", path, is_archived=False).rows()
    assert rows.select(SENDER_COLUMNS).to_pylist() == [dict.fromkeys(SENDER_COLUMNS)]


@pytest.mark.parametrize("content", [b"", b"PAR1 half", b"ARROW1\0\0 half"])
@pytest.mark.parametrize("kind", ["scrapes", "requests"])
def test_a_damaged_segment_is_unreadable(
    folders: SpoolFolders, kind: SegmentKind, content: bytes
) -> None:
    """Each error of the readers is one that loading expects."""
    path = put(folders, kind, NAME, content)
    with pytest.raises(UNREADABLE):
        Segment(kind, path, is_archived=False).rows()
