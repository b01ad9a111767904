"""The log of requests: a segment that has its name is whole, and no event is lost or told twice."""

import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest

from models.errors import BadConfig
from models.server.usage_log import SCHEMA, UsageEvent, UsageLog

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def event(name: str) -> UsageEvent:
    return UsageEvent(name, "tiny", NOW, None, None, 0, 0, 0, 0, 0, "refused", None, "cpu")


def told(folder: Path) -> list[str]:
    tables = [pa.ipc.open_file(each).read_all() for each in sorted(folder.glob("*.arrow"))]
    assert all(table.schema == SCHEMA for table in tables)
    return [name for table in tables for name in table["request_id"].to_pylist()]


def test_what_is_written_is_read(tmp_path: Path) -> None:
    """All fields come back as they were."""
    spool = UsageLog(tmp_path)
    spool.add(event("one"))
    spool.write()
    [segment] = tmp_path.iterdir()
    assert pa.ipc.open_file(segment).read_all().to_pylist() == [asdict(event("one"))]


def test_nothing_is_written_of_nothing(tmp_path: Path) -> None:
    """No empty segments."""
    UsageLog(tmp_path).write()
    assert list(tmp_path.iterdir()) == []


def test_a_segment_is_due_when_full_or_old(tmp_path: Path) -> None:
    """Whichever comes first."""
    spool = UsageLog(tmp_path, rows=2, seconds=60)
    assert not spool.is_due
    spool.add(event("one"))
    assert not spool.is_due
    spool.add(event("two"))
    assert spool.is_due
    old = UsageLog(tmp_path, rows=2, seconds=0)
    old.add(event("three"))
    assert old.is_due


def test_servers_share_a_folder(tmp_path: Path) -> None:
    """Several at once, or one after another: nobody's segment takes the place of another's."""
    for name in ("one", "two", "three"):
        spool = UsageLog(tmp_path)
        spool.add(event(name))
        spool.write()
    assert sorted(told(tmp_path)) == ["one", "three", "two"]


def test_what_a_crash_left_is_no_segment(tmp_path: Path) -> None:
    """Half a segment has another name; it is swept away once nobody can be writing it any more."""
    fresh, old = tmp_path / "a.tmp", tmp_path / "b.tmp"
    for each in (fresh, old):
        each.write_bytes(b"ARROW1")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    UsageLog(tmp_path)
    assert told(tmp_path) == []
    assert list(tmp_path.iterdir()) == [fresh]


def test_a_full_disk_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events are kept until the folder takes them again, and nothing half written stays."""
    folder = tmp_path / "requests"
    spool = UsageLog(folder)
    spool.add(event("one"))
    folder.rmdir()
    spool.write()
    assert "Make room" in capsys.readouterr().err
    folder.mkdir()
    spool.add(event("two"))
    spool.write()
    assert told(folder) == ["one", "two"]
    assert not list(folder.glob("*.tmp"))


def test_two_writers_tell_nothing_twice(tmp_path: Path) -> None:
    """A last segment may be asked for while one is being written."""
    spool = UsageLog(tmp_path)
    names = [f"{number:04}" for number in range(2000)]
    for name in names:
        spool.add(event(name))
    threads = [Thread(target=spool.write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(told(tmp_path)) == names


def test_a_folder_that_cannot_be(tmp_path: Path) -> None:
    """Said at once, with the option to change."""
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="--home"):
        UsageLog(tmp_path / "file" / "requests")
