"""Backups are whole while others write, cost what is new, and hold no damaged answer."""

import sqlite3
import threading
from contextlib import closing
from pathlib import Path

import pytest
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.telemetry_facts import STRETCHES

from pipelines.archive import Archive
from pipelines.backup.backup import back_up, last_backup
from pipelines.backup.restore import restore
from pipelines.backup.store import BackupStore
from pipelines.errors import BadBackup, LockHeld, NothingArchived
from pipelines.locks import file_lock
from pipelines.settings import Settings
from pipelines.sources.client.quota import RequestQuota
from pipelines.telemetry.collector.segments import SegmentWriter


def names(settings: Settings) -> set[str]:
    """Return the files of a home."""
    home = settings.home
    return {str(path.relative_to(home)) for path in home.rglob("*") if path.is_file()}


def test_a_second_backup_costs_what_is_new(home: Settings, tmp_path: Path) -> None:
    """Files that are known are listed and not read; each backup alone is a whole home."""
    folder = tmp_path / "backups"
    first = back_up(home, folder)
    assert first.new_files == first.summary.files == 12
    again = back_up(home, folder)
    assert (again.new_files, again.new_bytes, again.summary.files) == (0, 0, 12)
    keep_answer(Archive(home.archive), rankings_body(7), AS_OF + 3 * DAY)
    SegmentWriter(home.telemetry_spool).write(STRETCHES[1])
    last = back_up(home, folder)
    # The answer's body and the log of its day, and the segment.
    assert (last.new_files, last.summary.files) == (3, 15)
    assert (folder.stat().st_mode & 0o777) == 0o700
    record = last_backup(home)
    assert record
    assert record.folder == folder


def test_secrets_and_what_is_made_again_are_left_out(home: Settings, tmp_path: Path) -> None:
    """Things of a person or of the machine do not travel."""
    home.warehouse.write_text("made again")
    back_up(home, tmp_path / "backups")
    other = Settings(home=tmp_path / "other")
    restore(other, tmp_path / "backups")
    made_again = {"warehouse.duckdb", "last_backup.json", ".env", "sql_history", "up.lock"}
    assert names(home) - made_again == names(other) - {"restoring.lock"}
    assert all(b"hidden" not in path.read_bytes() for path in tmp_path.glob("backups/**/*.*"))


def test_a_backup_while_others_write_has_all_that_it_names(home: Settings, tmp_path: Path) -> None:
    """Every answer of its log has its body, however many are kept meanwhile."""
    archive, stop = Archive(home.archive), threading.Event()

    def write() -> None:
        number = 0
        while not stop.is_set():
            number += 1
            keep_answer(archive, f"{number}".encode(), AS_OF, run_id=str(number))

    writer = threading.Thread(target=write)
    writer.start()
    try:
        made = [back_up(home, tmp_path / "backups") for _ in range(4)]
    finally:
        stop.set()
        writer.join()
    assert [each.damaged for each in made] == [[], [], [], []]
    for each in made:
        other = Settings(home=tmp_path / each.summary.name)
        restore(other, tmp_path / "backups", each.summary.name)
        restored = Archive(other.archive)
        answers = list(restored.answers())
        assert all(restored.has(answer.sha256) for answer in answers)
        assert restored.bad_lines() == []
    assert len(answers) > 3


def test_a_damaged_answer_keeps_its_good_copy(home: Settings, tmp_path: Path) -> None:
    """Bytes that are known are not copied again, and damaged ones that are new are reported."""
    folder = tmp_path / "backups"
    back_up(home, folder)
    old = sorted(home.archive.glob("bodies/*/*.zst"))[0]
    good = old.read_bytes()
    old.write_bytes(b"other")
    new = keep_answer(Archive(home.archive), b"new", AS_OF + 4 * DAY)
    (home.archive / "bodies" / new.sha256[:2] / f"{new.sha256}.zst").write_bytes(b"damaged")
    gone = keep_answer(Archive(home.archive), b"gone", AS_OF + 4 * DAY)
    (home.archive / "bodies" / gone.sha256[:2] / f"{gone.sha256}.zst").unlink()
    made = back_up(home, folder)
    assert any(new.sha256 in each for each in made.damaged)
    assert any(gone.answer_id in each for each in made.damaged)
    other = Settings(home=tmp_path / "other")
    restore(other, folder)
    assert (other.home / old.relative_to(home.home)).read_bytes() == good


def test_events_that_are_in_no_segment_yet_are_backed_up(home: Settings, tmp_path: Path) -> None:
    """A server's journal is in it, and is left out where it became a segment meanwhile."""
    home.request_spool.mkdir(parents=True)
    for name in ("a.1Z-x-0.journal", "b.2Z-x-0.journal", "b.2Z-x-0.arrow"):
        (home.request_spool / name).write_text(f"{name}\nhalf")
    back_up(home, tmp_path / "backups")
    other = Settings(home=tmp_path / "other")
    restore(other, tmp_path / "backups")
    kept = sorted(path.name for path in other.request_spool.iterdir())
    assert kept == ["a.1Z-x-0.journal", "b.2Z-x-0.arrow"]
    assert (other.request_spool / "a.1Z-x-0.journal").read_text() == "a.1Z-x-0.journal\n"


def test_state_is_copied_as_of_one_instant(home: Settings, tmp_path: Path) -> None:
    """SQLite copies a file that another process is writing to."""
    with RequestQuota(home.requests).open() as con:
        con.execute("insert into spent values ('not committed', 1)")
        back_up(home, tmp_path / "backups")
        con.rollback()
    other = Settings(home=tmp_path / "other")
    restore(other, tmp_path / "backups")
    with closing(sqlite3.connect(other.requests)) as con:
        assert con.execute("select count(*) from spent").fetchall() == [(1,)]


def test_a_folder_that_cannot_hold_a_backup_is_refused(home: Settings, tmp_path: Path) -> None:
    """Nothing is written among other files, into the home, or beside another backup."""
    used = tmp_path / "used"
    used.mkdir()
    (used / "letter.txt").write_text("mine")
    with pytest.raises(BadBackup, match="holds other files"):
        back_up(home, used)
    with pytest.raises(BadBackup, match="in the home itself"):
        back_up(home, home.home / "backups")
    with pytest.raises(NothingArchived, match="TOKENTIDE_HOME"):
        back_up(Settings(home=tmp_path / "nowhere"), tmp_path / "new")
    back_up(home, tmp_path / "backups")
    with file_lock(tmp_path / "backups" / "backup.lock"), pytest.raises(LockHeld):
        back_up(home, tmp_path / "backups")


def test_what_an_interrupted_backup_left_is_removed(home: Settings, tmp_path: Path) -> None:
    """A list without its summary is no backup."""
    folder = tmp_path / "backups"
    made = back_up(home, folder)
    (folder / ".99.tmp").write_text("half")
    (folder / ".scratch-1").mkdir()
    half = folder / "backups" / "20261129T130000000000Z"
    half.mkdir()
    (half / "files.parquet").write_text("half")
    assert BackupStore(folder).names() == [made.summary.name]
    back_up(home, folder)
    assert not list(folder.glob(".*"))
    assert not half.exists()
