"""Writers that are killed at any instant: no confirmed write is lost, none is there twice.

Each test runs twice: with a few kills in `make test`, with hundreds in `make faults`.
"""

from collections import Counter
from collections.abc import Iterator
from contextlib import closing
from dataclasses import dataclass
from pathlib import Path

import duckdb
import pytest
from support.faults.forks import Ended, Forks, Instants
from support.faults.results import record
from support.loading import all_raw_rows, fresh_warehouse
from support.published import published
from support.telemetry_facts import read_facts

from pipelines.archive import Archive
from pipelines.backup.backup import back_up
from pipelines.backup.restore import restore
from pipelines.backup.store import BackupStore, as_files
from pipelines.loading.answers import load_answers
from pipelines.loading.telemetry.segment_files import Segment, SpoolFolders
from pipelines.loading.telemetry.segments import load_segments
from pipelines.publish.generations import generations, newest
from pipelines.settings import Settings
from pipelines.sources.client.quota import RequestQuota
from pipelines.verification.verify import verify
from warehouse.connection import open_published, open_warehouse


@dataclass(frozen=True)
class Size:
    """Number of kills, and of the writes that each process would make if it were not killed."""

    kills: int
    writes: int
    is_long: bool


FEW, MANY = Size(4, 40, is_long=False), Size(75, 500, is_long=True)
SIZES = pytest.mark.parametrize(
    "size",
    [
        pytest.param(FEW, id="few"),
        pytest.param(
            MANY, id="many", marks=[pytest.mark.long, pytest.mark.slow, pytest.mark.timeout(3600)]
        ),
    ],
)


def kill_writers(
    forks: Forks, action: str, home: Path, size: Size, first: int = 0
) -> Iterator[Ended]:
    """Run a writer again and again, and kill it; yield what each had confirmed."""
    whole = forks.run(action, home, first, size.writes)
    assert not whole.error
    yield whole
    instants = Instants(len(action), whole.seconds)
    for number in range(1, size.kills + 1):
        start = first + number * size.writes
        ended = forks.run(action, home, start, size.writes, kill_after=instants())
        assert not ended.error
        yield ended


def kill_until_done(forks: Forks, action: str, kills: int, *arguments: object) -> int:
    """Kill an action at instants later and later, until one is done; return the number of kills."""
    before = forks.kills
    for number in range(kills):
        ended = forks.run(action, *arguments, kill_after=0.02 + 2.0 * number / kills)
        assert not ended.error
    ended = forks.run(action, *arguments)
    assert not ended.error
    return forks.kills - before


def note(size: Size, name: str, forks_before: tuple[int, int], forks: Forks) -> None:
    """Record what `make faults` measured."""
    if size.is_long:
        kills, writes = forks.kills - forks_before[0], forks.confirmed - forks_before[1]
        record(name, kills=kills, writes=writes)


def counted(forks: Forks) -> tuple[int, int]:
    return forks.kills, forks.confirmed


@SIZES
def test_answers(forks: Forks, tmp_path: Path, size: Size) -> None:
    """Ingest and loading: each confirmed answer is in the log once, whole, and loaded once."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    # Loading takes as long for an answer as keeping it, and is done twice.
    size = Size(size.kills, min(size.writes, 100), size.is_long)
    ended = list(kill_writers(forks, "keep_answers", settings.home, size))
    confirmed = [answer_id for each in ended for answer_id in each.confirmed]
    archive = Archive(settings.archive)
    answers = Counter(answer.answer_id for answer in archive.answers())
    assert set(confirmed) <= set(answers)
    assert set(answers.values()) == {1}
    assert all(archive.has(answer.sha256) for answer in archive.answers())
    assert all(line.is_cut for line in archive.bad_lines())
    kill_until_done(forks, "load_answers", size.kills, settings.home)
    with closing(fresh_warehouse()) as undisturbed:
        load_answers(undisturbed, archive)
        expected = all_raw_rows(undisturbed)
    with closing(open_warehouse(settings.warehouse)) as con:
        assert all_raw_rows(con) == expected
        loaded = con.sql("select answer_id from raw.answers order by all").fetchall()
    assert [answer_id for (answer_id,) in loaded] == sorted(answers)
    note(size, "answers", before, forks)


@SIZES
def test_scrapes(forks: Forks, tmp_path: Path, size: Size) -> None:
    """Collect and ingest telemetry: each confirmed scrape counts once, as in a quiet home."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    size = Size(size.kills, size.writes // 10, size.is_long)
    confirmed = {
        int(second)
        for ended in kill_writers(forks, "write_segments", settings.home, size)
        for second in ended.confirmed
    }
    folders = SpoolFolders.of(settings)
    waiting = [segment.path.read_bytes() for segment in folders.list_waiting()]
    kill_until_done(forks, "load_segments", size.kills, settings.home)
    assert folders.list_waiting() == []
    archived = sorted(segment.path.read_bytes() for segment in folders.list_archived())
    assert archived == sorted(waiting)
    quiet = SpoolFolders(folders.spools, settings.home / "quiet")
    for segment in folders.list_archived():
        copy = Segment(segment.kind, folders.spools[segment.kind] / segment.name, is_archived=False)
        copy.path.write_bytes(segment.path.read_bytes())
    with closing(fresh_warehouse()) as undisturbed:
        load_segments(undisturbed, quiet)
        expected = read_facts(undisturbed)
    with closing(open_warehouse(settings.warehouse)) as con:
        assert read_facts(con) == expected
        rows = con.sql(
            "select epoch(scraped_at)::bigint as second, count(*) from raw.telemetry_samples "
            "where metric = 'generation_tokens' group by second"
        ).fetchall()
    start = min(at for at, _ in rows)
    assert {times for _, times in rows} == {1}
    assert confirmed <= {at - start for at, _ in rows}
    note(size, "scrapes", before, forks)


@SIZES
def test_requests(forks: Forks, tmp_path: Path, size: Size) -> None:
    """Usage log: each request that it confirmed is in it once; test_serve has the whole server."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    # An event takes a tenth of a millisecond: with fewer, most kills would fall before the first.
    size = Size(size.kills, size.writes * (12 if size.is_long else 1), size.is_long)
    confirmed = {
        name
        for ended in kill_writers(forks, "log_requests", settings.home, size)
        for name in ended.confirmed
    }
    kill_until_done(forks, "load_segments", size.kills // 2, settings.home)
    with closing(open_warehouse(settings.warehouse)) as con:
        found = con.sql(
            "select request_id, count(*) from raw.request_events group by all"
        ).fetchall()
    assert confirmed <= {name for name, _ in found}
    assert {times for _, times in found} == {1}
    note(size, "requests", before, forks)


@SIZES
def test_the_quota(forks: Forks, tmp_path: Path, size: Size) -> None:
    """A request that was made counts, so that no limit of a source is passed."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    attempts = (size.kills + 1) * size.writes
    ended = list(kill_writers(forks, "spend", settings.home, size))
    confirmed = sum(len(each.confirmed) for each in ended)
    with RequestQuota(settings.requests).open() as con:
        [(spent,)] = con.execute("select count(*) from spent").fetchall()
    assert confirmed <= spent <= min(attempts, confirmed + size.kills)
    note(size, "quota", before, forks)


@SIZES
def test_generations(forks: Forks, tmp_path: Path, size: Size) -> None:
    """Publish: the newest file is whole at each instant, and numbers only grow."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    published(settings)
    whole = forks.run("publish", settings.home)
    assert not whole.error
    instants, last = Instants(7, whole.seconds), 0
    for _ in range(size.kills):
        ended = forks.run("publish", settings.home, kill_after=instants())
        assert not ended.error
        with closing(open_published(newest(settings))) as con:
            [(number,)] = con.sql("select generation from meta").fetchall()
            assert con.sql("select count(*) from market_days").fetchall() != [(0,)]
        assert number >= max([last, *map(int, ended.confirmed)])
        last = number
    assert not forks.run("publish", settings.home).error
    assert [path.name for path in settings.published.glob(".*")] == []
    assert len(generations(settings)) <= 5
    note(size, "generations", before, forks)


@SIZES
def test_backups(forks: Forks, tmp_path: Path, size: Size) -> None:
    """Backup: each confirmed one stays whole, and the home is never changed."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    folder = tmp_path / "backups"
    assert not forks.run("keep_answers", settings.home, 0, 80).error
    kept: list[str] = []
    whole = forks.run("make_backup", settings.home, tmp_path / "other")
    instants = Instants(3, whole.seconds)
    for number in range(1, size.kills + 1):
        assert not forks.run("keep_answers", settings.home, 80 * number, 20).error
        ended = forks.run("make_backup", settings.home, folder, kill_after=instants())
        assert not ended.error
        kept += ended.confirmed
    store = BackupStore(folder)
    back_up(settings, folder)
    assert set(kept) <= set(store.names())
    for name in store.names():
        for stored in as_files(store.files(name)):
            store.read(stored)
    other = Settings(tmp_path / "restored")
    restore(other, folder)
    assert list(Archive(other.archive).answers()) == list(Archive(settings.archive).answers())
    note(size, "backups", before, forks)


@SIZES
def test_restores(forks: Forks, tmp_path: Path, size: Size) -> None:
    """Restore: a home is empty until all of it is there, and the next call completes it."""
    before, settings = counted(forks), Settings(tmp_path / "home")
    folder = tmp_path / "backups"
    assert not forks.run("keep_answers", settings.home, 0, 200).error
    back_up(settings, folder)
    whole = forks.run("restore_home", tmp_path / "whole", folder)
    instants = Instants(5, whole.seconds)
    for number in range(size.kills):
        home = tmp_path / f"home-{number % 5}"
        ended = forks.run("restore_home", home, folder, kill_after=instants())
        assert not ended.error or "HomeInUse" in ended.error
        held = {path.name for path in home.glob("*")} - {"restoring", "restoring.lock"}
        is_moving = "restoring.done" in held
        assert is_moving or not held or verify(Settings(home)).damages == []
    for number in range(min(5, size.kills)):
        home = tmp_path / f"home-{number}"
        if not (home / "raw").exists() or (home / "restoring.done").exists():
            restore(Settings(home), folder)
        found = list(Archive(Settings(home).archive).answers())
        assert found == list(Archive(settings.archive).answers())
        assert verify(Settings(home)).damages == []
    note(size, "restores", before, forks)


def test_a_fork_that_fails_says_why(forks: Forks, tmp_path: Path) -> None:
    """Else a test of kills could hold because nothing was ever written."""
    ended = forks.run("load_answers", tmp_path / "file" / "\0")
    assert "ValueError" in ended.error
    with pytest.raises(duckdb.Error):
        duckdb.connect(str(tmp_path / "no" / "folder.duckdb"))
