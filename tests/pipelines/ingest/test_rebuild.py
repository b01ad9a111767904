"""Rebuilds: the same figures or an error, never fewer, also after a writer was killed."""

import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import duckdb
import pytest
from support.loading import AS_OF, DAY, keep_answer, rankings_body
from support.restated_answers import keep_until

from pipelines.archive import Answer, Archive
from pipelines.errors import ArchiveIncomplete
from pipelines.ingest.holes import Hole, find_holes, known_before, record_missing
from pipelines.ingest.market import load_archive
from pipelines.ingest.rebuild import RebuildResult, rebuild
from pipelines.loading.answers import damaged_answers, load_answers
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.loading.telemetry.segments import TelemetryLoadResult
from pipelines.publish.generations import generations
from pipelines.settings import Settings
from warehouse.connection import open_warehouse, session

RAW = ("answers", "ranking_days", "ranking_rows", "models", "endpoints")
# Loads the archive and is killed before its log is merged.
KILLED_LOADER = """
import os, signal, sys
from pathlib import Path
from pipelines.ingest.market import load_session
from pipelines.settings import Settings
from pipelines.archive import Archive
from pipelines.loading.answers import load_answers
from warehouse.connection import open_warehouse
from warehouse.migrate import migrate
settings = Settings(Path(sys.argv[1]))
con = open_warehouse(settings.warehouse)
migrate(con)
load_answers(con, Archive(settings.archive))
os.kill(os.getpid(), signal.SIGKILL)
"""


def counts(path: Path) -> dict[str, int]:
    with closing(open_warehouse(path)) as con:
        return {name: con.sql(f"select count(*) from raw.{name}").fetchall()[0][0] for name in RAW}


def flip_a_bit(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)


def cut(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-7])


def body_of(settings: Settings, answer: Answer) -> Path:
    return settings.archive / "bodies" / answer.sha256[:2] / f"{answer.sha256}.zst"


@pytest.fixture
def home(tmp_path: Path) -> Settings:
    """Return a home with the answers of three mornings, loaded."""
    settings = Settings(tmp_path / "home")
    keep_until(Archive(settings.archive), datetime.max.replace(tzinfo=UTC))
    load_archive(settings)
    return settings


def rankings_answer(settings: Settings) -> Answer:
    return next(
        answer
        for answer in Archive(settings.archive).answers()
        if answer.source == "rankings_daily"
    )


def holes_of(settings: Settings, fresh: Path) -> list[Hole]:
    """Return the holes that a rebuild would find, without a build."""
    before = known_before(settings.warehouse)
    with session(fresh) as con:
        load_answers(con, Archive(settings.archive))
        record_missing(con, before)
        return find_holes(con, before, TelemetryLoadResult(), SpoolFolders.of(settings))


@pytest.mark.slow
@pytest.mark.long
def test_a_kill_while_loading_doubles_nothing_in_a_rebuild(tmp_path: Path) -> None:
    """The killed writer's log belongs to the old file, and is gone with it."""
    settings = Settings(tmp_path / "home")
    keep_until(Archive(settings.archive), datetime.max.replace(tzinfo=UTC))
    killed = subprocess.run([sys.executable, "-c", KILLED_LOADER, str(settings.home)], check=False)
    assert killed.returncode == -signal.SIGKILL
    log = settings.home / f"{settings.warehouse.name}.wal"
    assert log.exists()
    found = rebuild(settings)
    assert not log.exists()
    once = counts(settings.warehouse)
    assert once["answers"] == found.answers
    # Four answers with three days each, of 51 rows; eight of these days differ.
    assert (once["ranking_days"], once["ranking_rows"]) == (12, 408)
    assert not (settings.home / "rebuilding").exists()


@pytest.mark.parametrize("damage", [flip_a_bit, cut, Path.unlink])
def test_a_damaged_body_is_an_error_and_costs_nothing(
    home: Settings, damage: Callable[[Path], object]
) -> None:
    """Not one row of the warehouse is given up, and nothing is published."""
    before, answer = counts(home.warehouse), rankings_answer(home)
    damage(body_of(home, answer))
    with pytest.raises(ArchiveIncomplete, match=answer.answer_id):
        rebuild(home)
    assert counts(home.warehouse) == before
    assert generations(home) == []
    assert not (home.home / "rebuilding").exists()


@pytest.mark.slow
def test_holes_are_published_if_they_are_allowed(home: Settings) -> None:
    """They are listed, in the published log too, and the old file stays readable."""
    before, answer = counts(home.warehouse), rankings_answer(home)
    body = body_of(home, answer)
    good = body.read_bytes()
    flip_a_bit(body)
    found: RebuildResult = rebuild(home, allow_missing=True)
    assert [hole.what for hole in found.holes] == [f"answer {answer.answer_id} of rankings_daily"]
    assert found.kept
    assert counts(found.kept) == before
    with closing(duckdb.connect(str(found.generation.path), read_only=True)) as con:
        listed = con.sql(
            "select answer_id from marts.ingest_log where outcome = 'damaged'"
        ).fetchall()
    assert listed == [(answer.answer_id,)]
    body.write_bytes(good)
    load_archive(home)
    assert counts(home.warehouse) == before


def test_a_line_that_is_gone_from_the_log_is_a_hole(home: Settings, tmp_path: Path) -> None:
    """The warehouse still has the answer, so a rebuild without it would know less."""
    log = min((home.archive / "answers").iterdir())
    first, _, rest = log.read_text().partition("\n")
    log.write_text(rest)
    [hole] = holes_of(home, tmp_path / "fresh.duckdb")
    assert "rankings_daily" in hole.what
    assert hole.reason == "the archive no longer has the line of this answer in its log"
    assert "rankings_daily" in first


def test_an_archive_that_is_whole_has_no_holes(home: Settings, tmp_path: Path) -> None:
    """Nor has one without a warehouse before."""
    assert holes_of(home, tmp_path / "fresh.duckdb") == []
    home.warehouse.unlink()
    assert holes_of(home, tmp_path / "other.duckdb") == []


def test_a_segment_that_is_gone_is_a_hole(home: Settings, tmp_path: Path) -> None:
    """A segment has no log; that it was loaded says that it must be there."""
    with session(home.warehouse) as con:
        con.execute(
            "insert into raw.telemetry_segments values ('20260619T000000000000Z-a-0.parquet', 'ab',"
            " 'scrapes', 1, null, null, now(), 'loaded', null)"
        )
    assert holes_of(home, tmp_path / "fresh.duckdb") == [
        Hole("segment 20260619T000000000000Z-a-0.parquet", "the archive no longer has this segment")
    ]


def test_loading_tries_again_once_the_body_is_whole(home: Settings, tmp_path: Path) -> None:
    """The answer waits as damaged, holds up no other, and is then loaded as if nothing was."""
    fresh, body = tmp_path / "fresh.duckdb", body_of(home, rankings_answer(home))
    shutil.copy(body, tmp_path / "copy")
    body.unlink()
    with session(fresh) as con:
        load_answers(con, Archive(home.archive))
        [damaged] = damaged_answers(con)
        assert damaged.source == "rankings_daily"
        assert "bodies/" in damaged.reason
        assert str(home.home) not in damaged.reason
        assert load_answers(con, Archive(home.archive)) == 0
        shutil.copy(tmp_path / "copy", body)
        assert load_answers(con, Archive(home.archive)) == 1
        assert damaged_answers(con) == []
    assert counts(fresh) == counts(home.warehouse)


def test_the_same_bytes_fetched_again_heal_it(tmp_path: Path) -> None:
    """Both answers are then loaded, the one that was damaged and its repetition."""
    settings = Settings(tmp_path / "home")
    archive = Archive(settings.archive)
    cut(body_of(settings, keep_answer(archive, rankings_body())))
    load_archive(settings)
    assert counts(settings.warehouse)["ranking_days"] == 0
    keep_answer(archive, rankings_body(), AS_OF + DAY)
    assert load_archive(settings) == 2
    with closing(open_warehouse(settings.warehouse)) as con:
        assert con.sql("select outcome from raw.answers order by all").fetchall() == [
            ("loaded",),
            ("unchanged",),
        ]
    assert counts(settings.warehouse)["ranking_days"] == 3


def test_a_home_of_before_tries_its_damaged_answers_again(tmp_path: Path) -> None:
    """They were recorded as unreadable for good; a migration lets them wait instead."""
    settings = Settings(tmp_path / "home")
    answer = keep_answer(Archive(settings.archive), rankings_body())
    load_archive(settings)
    with closing(open_warehouse(settings.warehouse)) as con:
        con.execute(
            "update raw.answers set outcome = 'unreadable', reason = 'x cannot be read (y). "
            "Restore it from a copy of the archive.'"
        )
        con.execute("delete from raw.ranking_days")
        con.execute("delete from main.migrations where name = '0006_damaged_answers'")
    assert load_archive(settings) == 1
    assert counts(settings.warehouse)["ranking_days"] == 3
    assert Archive(settings.archive).has(answer.sha256)
