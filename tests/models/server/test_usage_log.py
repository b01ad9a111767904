"""The log of requests: named segments are whole, and no event is lost or written twice."""

import os
import time
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from threading import Thread

import pyarrow as pa
import pytest
from support.full_disk import full_disk

from models.errors import BadConfig
from models.server.usage_journal import SCHEMA
from models.server.usage_log import UsageEvent, UsageLog

NOW = datetime(2026, 11, 25, tzinfo=UTC)


def event(name: str) -> UsageEvent:
    """Make an event of a refused request."""
    return UsageEvent(name, "tiny", NOW, None, None, 0, 0, 0, 0, 0, "refused", None, "cpu")


def read_names(folder: Path) -> list[str]:
    """Read the request ids of all segments, which must have the schema."""
    tables = [pa.ipc.open_file(each).read_all() for each in sorted(folder.glob("*.arrow"))]
    assert all(table.schema == SCHEMA for table in tables)
    return [name for table in tables for name in table["request_id"].to_pylist()]


def test_events_are_read_as_written(tmp_path: Path) -> None:
    """All fields come back."""
    log = UsageLog(tmp_path)
    log.add(event("one"))
    log.write()
    [segment] = tmp_path.iterdir()
    assert pa.ipc.open_file(segment).read_all().to_pylist() == [asdict(event("one"))]


def test_there_are_no_empty_segments(tmp_path: Path) -> None:
    """Writing without events does nothing."""
    UsageLog(tmp_path).write()
    assert list(tmp_path.iterdir()) == []


def test_a_segment_is_written_when_full_or_old(tmp_path: Path) -> None:
    """The first of both decides."""
    log = UsageLog(tmp_path / "full", rows=2, seconds=60)
    log.flush()
    log.add(event("one"))
    log.flush()
    assert read_names(tmp_path / "full") == []
    log.add(event("two"))
    log.flush()
    assert read_names(tmp_path / "full") == ["one", "two"]
    old = UsageLog(tmp_path / "old", rows=2, seconds=0)
    old.add(event("three"))
    old.flush()
    assert read_names(tmp_path / "old") == ["three"]


def test_servers_share_a_folder(tmp_path: Path) -> None:
    """No server's segment replaces another's."""
    for name in ("one", "two", "three"):
        log = UsageLog(tmp_path)
        log.add(event(name))
        log.write()
    assert sorted(read_names(tmp_path)) == ["one", "three", "two"]


def test_segments_sort_by_the_instant_of_writing(tmp_path: Path) -> None:
    """Readers rely on their names."""
    log, names = UsageLog(tmp_path), [str(number) for number in range(12)]
    for name in names:
        log.add(event(name))
        log.write()
    assert read_names(tmp_path) == names


def test_unfinished_files_of_a_crash_are_no_segments(tmp_path: Path) -> None:
    """They are removed once no server can be writing them any more."""
    fresh, old = tmp_path / "a.tmp", tmp_path / "b.tmp"
    for each in (fresh, old):
        each.write_bytes(b"ARROW1")
    os.utime(old, (time.time() - 7200, time.time() - 7200))
    UsageLog(tmp_path)
    assert read_names(tmp_path) == []
    assert list(tmp_path.iterdir()) == [fresh]


def test_a_full_disk_loses_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Events are kept until the disk has room, and no unfinished file stays."""
    log = UsageLog(tmp_path)
    log.add(event("one"))
    with full_disk():
        log.add(event("two"))
        log.write()
        assert read_names(tmp_path) == []
    assert "Free some space" in capsys.readouterr().err
    log.add(event("three"))
    log.flush()
    assert read_names(tmp_path) == ["one", "two", "three"]
    assert not list(tmp_path.glob("*.tmp"))


def test_a_disk_that_stays_full_is_said_once(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    """The oldest events are dropped beyond a number, and the number is printed."""
    log = UsageLog(tmp_path, max_kept=2)
    with full_disk():
        for name in ("one", "two", "three"):
            log.add(event(name))
    log.write()
    assert read_names(tmp_path) == ["two", "three"]
    assert len(capsys.readouterr().err.splitlines()) == 1


def test_several_writers_write_nothing_twice(tmp_path: Path) -> None:
    """The last segment may be requested while another is being written."""
    log, names = UsageLog(tmp_path), [f"{number:04}" for number in range(2000)]
    for name in names:
        log.add(event(name))
    threads = [Thread(target=log.write) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sorted(read_names(tmp_path)) == names


def test_an_impossible_folder_is_refused(tmp_path: Path) -> None:
    """At once, with the option to change."""
    (tmp_path / "file").touch()
    with pytest.raises(BadConfig, match="--home"):
        UsageLog(tmp_path / "file" / "requests")


def test_a_folder_that_cannot_be_written_to_is_refused() -> None:
    """Before the first request, which could not be logged; /proc takes files from nobody."""
    with pytest.raises(BadConfig, match="--home"):
        UsageLog(Path("/proc/self"))
