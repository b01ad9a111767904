"""Restoring: all or nothing into an empty home, piece by piece into a damaged one."""

import json
import shutil
from contextlib import closing
from pathlib import Path

import duckdb
import polars as pl
import pytest
from support.cli.command import Command
from support.homes.whole_home import publish_all
from support.loading import AS_OF, DAY, keep_answer

from pipelines.archive import Archive
from pipelines.backup.backup import back_up
from pipelines.backup.restore import repair, restore
from pipelines.backup.store import BackupStore
from pipelines.errors import BadBackup, DamagedBackup, HomeInUse
from pipelines.publish.generations import generations, newest, put_in_place
from pipelines.publish.teams import team_home
from pipelines.settings import Settings
from pipelines.verification.verify import verify

# The file itself, and columns that say when something was loaded here.
NOT_COMPARED = {"meta", "ingest_log", "telemetry_log"}


def figures(path: Path) -> dict[str, tuple[int, int]]:
    """Return the number of rows of each published table, and a sum of their hashes."""
    with closing(duckdb.connect(str(path), read_only=True)) as con:
        tables = con.sql("select table_name from duckdb_tables() where schema_name = 'marts'")
        return {
            name: con.sql(
                f'select count(*), sum(hash(t)::hugeint) from marts."{name}" as t'
            ).fetchall()[0]
            for (name,) in tables.fetchall()
            if name not in NOT_COMPARED
        }


@pytest.mark.slow
def test_a_restored_home_has_the_same_figures(copied_home: Settings, tmp_path: Path) -> None:
    """On another path, from the second of two backups, by the command, warehouse and all."""
    publish_all(copied_home)
    folder = tmp_path / "backups"
    command = Command(copied_home.home)
    assert "are new" in command("backup", str(folder))
    assert json.loads(command("backup", str(folder), "--json"))["new_files"] == 0
    other = Settings(home=tmp_path / "elsewhere" / "home", tier=copied_home.tier)
    other.home.parent.mkdir()
    text = Command(other.home, TOKENTIDE_TIER=str(other.tier))("restore", str(folder))
    assert "Generation 4" in text
    assert figures(newest(other)) == figures(newest(copied_home))
    assert verify(other).damages == []


def test_the_newest_generation_of_each_team_is_restored(home: Settings, tmp_path: Path) -> None:
    """The starts of its verdicts are nowhere else; older generations are not in a backup."""
    ours = team_home(home, "search")
    ours.published.mkdir(parents=True)
    for number in (3, 4):
        made = ours.published / "made"
        made.write_text(f"generation {number}")
        put_in_place(ours, made, number)
    back_up(home, tmp_path / "backups")
    other = Settings(home=tmp_path / "other")
    restore(other, tmp_path / "backups")
    theirs = team_home(other, "search")
    assert [each.number for each in generations(theirs)] == [4]
    assert newest(theirs).read_bytes() == newest(ours).read_bytes()


def test_nothing_is_restored_over_a_home(home: Settings, tmp_path: Path) -> None:
    """The message says what to do; nothing is touched."""
    back_up(home, tmp_path / "backups")
    before = {path: path.read_bytes() for path in home.home.rglob("*") if path.is_file()}
    with pytest.raises(HomeInUse, match="Move it away"):
        restore(home, tmp_path / "backups")
    assert all(path.read_bytes() == content for path, content in before.items())


def test_a_damaged_backup_restores_nothing_unless_that_is_allowed(
    home: Settings, tmp_path: Path
) -> None:
    """Each lost file is named; an older backup may still have it."""
    folder, other = tmp_path / "backups", Settings(home=tmp_path / "other")
    made = back_up(home, folder)
    [body] = (
        BackupStore(folder)
        .files(made.summary.name)
        .filter(pl.col("path").str.contains("bodies"))["sha256"][:1]
    )
    place = folder / "objects" / body[:2] / body
    place.write_bytes(place.read_bytes()[:-1] + b"x")
    with pytest.raises(DamagedBackup, match=r"has lost 1 files(.|\n)*raw/bodies(.|\n)*older"):
        restore(other, folder)
    assert [path.name for path in other.home.iterdir()] == ["restoring.lock"]
    found = restore(other, folder, allow_missing=True)
    assert (found.files, len(found.missing)) == (11, 1)
    # What is damaged in the backup, and whole in the home, is stored again once its size is other.
    place.write_bytes(b"cut")
    assert back_up(home, folder).damaged == []
    restore(Settings(home=tmp_path / "third"), folder)


@pytest.mark.parametrize("name", ["files.parquet", "backup.json"])
def test_a_damaged_list_is_found(home: Settings, tmp_path: Path, name: str) -> None:
    """An older backup is not affected, and the next one is made as the first."""
    folder = tmp_path / "backups"
    first, second = (back_up(home, folder).summary.name for _ in range(2))
    path = folder / "backups" / second / name
    path.write_bytes(path.read_bytes()[:-20])
    with pytest.raises(DamagedBackup, match="older"):
        restore(Settings(home=tmp_path / "other"), folder)
    restore(Settings(home=tmp_path / "other"), folder, first)
    assert back_up(home, folder).new_files == 0


def test_a_backup_that_is_not_there_is_said(home: Settings, tmp_path: Path) -> None:
    """A folder without one, and a name that is none."""
    other = Settings(home=tmp_path / "other")
    with pytest.raises(BadBackup, match="holds no backup"):
        restore(other, tmp_path)
    made = back_up(home, tmp_path / "backups")
    with pytest.raises(BadBackup, match=made.summary.name):
        restore(other, tmp_path / "backups", "20200101T000000000000Z")
    assert not other.home.exists()


def test_a_newer_format_and_files_outside_of_the_home_are_refused(
    home: Settings, tmp_path: Path
) -> None:
    """A list may come from anybody, or from a later version."""
    folder, other = tmp_path / "backups", Settings(home=tmp_path / "other")
    store = BackupStore(folder)
    made = back_up(home, folder)
    files = store.files(made.summary.name).with_columns(path=pl.lit("../outside"))
    store.finish("20990101T000000000000Z", home.home, "0", files)
    with pytest.raises(BadBackup, match="outside of the home"):
        restore(other, folder)
    assert not (tmp_path / "outside").exists()
    summary = folder / "backups" / made.summary.name / "backup.json"
    summary.write_text(summary.read_text().replace('"format": 1', '"format": 2'))
    with pytest.raises(BadBackup, match="newer version"):
        restore(Settings(home=tmp_path / "third"), folder, made.summary.name)


def test_a_damaged_home_is_repaired_and_what_is_newer_stays(home: Settings, tmp_path: Path) -> None:
    """Bodies, segments and lines of the log come from the backup; nothing else is changed."""
    back_up(home, tmp_path / "backups")
    archive = Archive(home.archive)
    keep_answer(archive, b"newer", AS_OF + 2 * DAY)
    before = [answer.answer_id for answer in archive.answers()]
    first, second, third = sorted(home.archive.glob("answers/*.jsonl"))
    sorted(home.archive.glob("bodies/*/*.zst"))[0].write_bytes(b"damaged")
    shutil.rmtree(sorted(home.archive.glob("bodies/*"))[-1])
    first.unlink()
    second.write_bytes(b'{"sour' + second.read_bytes())
    third.write_bytes(third.read_bytes()[40:])
    taken = repair(home, tmp_path / "backups")
    assert [answer.answer_id for answer in archive.answers()] == before
    assert archive.bad_lines() == []
    assert sum("lines of" in each for each in taken) == 3
    # The home's claim is none, as a backup does not look into it.
    assert [damage.what for damage in verify(home).damages] == ["claims"]
    assert repair(home, tmp_path / "backups") == []


def test_an_interrupted_restore_is_finished_by_the_next(home: Settings, tmp_path: Path) -> None:
    """Before all files are there it begins again; afterwards it only moves them."""
    folder, other = tmp_path / "backups", Settings(home=tmp_path / "other")
    made = back_up(home, folder)
    (other.home / "restoring" / "raw").mkdir(parents=True)
    (other.home / "restoring" / "raw" / "half").write_text("half")
    restore(other, folder)
    assert not (other.home / "raw" / "half").exists()
    # As it was between two moves.
    (other.home / "restoring").mkdir()
    (other.home / "raw").rename(other.home / "restoring" / "raw")
    (other.home / "restoring.done").write_text(made.summary.name)
    restore(other, folder)
    assert (other.home / "raw" / "origin").exists()
    assert not list(other.home.glob("restoring*[!k]"))
