"""Generations while somebody reads or crashes: readers never fail and never see half of one."""

import json
import os
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest
from support.published import MARTS, published, warehouse_of

from pipelines.publish import query
from pipelines.publish.generations import newest, publish
from pipelines.settings import Settings
from warehouse.connection import open_published


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    return Settings(tmp_path / "home")


def rows(path: Path, sql: str) -> list[tuple[object, ...]]:
    with query.run(path, sql) as result:
        return list(result.rows)


def names(settings: Settings) -> list[str]:
    return sorted(path.name for path in settings.published.iterdir())


# Crashes and readers.

CRASH = """
import os, sys
from pathlib import Path
import duckdb
con = duckdb.connect(sys.argv[1])
con.execute(f"attach '{sys.argv[2]}' as next")
con.execute("create schema next.marts")
con.execute("create table next.marts.models as select 'half' as model")
con.execute("create table next.marts.left_over as select 1")
os._exit(9)
"""


def test_what_a_crash_left_behind_does_no_harm(settings: Settings) -> None:
    """A publisher that died half-way leaves a file and its log aside.

    The next one starts again, and readers never saw it.
    """
    published(settings)
    aside = settings.published / ".generation-000002.duckdb.tmp"
    ended = subprocess.run(
        [sys.executable, "-c", CRASH, str(settings.warehouse), str(aside)], timeout=60, check=False
    )
    assert ended.returncode == 9
    assert [name for name in names(settings) if "tmp" in name] == [aside.name, f"{aside.name}.wal"]
    (settings.published / ".tokentide.duckdb.tmp").symlink_to("nowhere")
    assert newest(settings).name == "generation-000001.duckdb"
    generation = publish(settings)
    assert generation.number == 2
    assert rows(generation.path, "select table_name as t from duckdb_tables() order by all") == [
        ("contents",),
        ("market_days",),
        ("meta",),
        ("models",),
    ]
    assert rows(generation.path, "select count(*) from models") == [(2,)]
    assert [name for name in names(settings) if "tmp" in name] == []


def test_an_open_generation_can_be_read_after_it_was_removed(settings: Settings) -> None:
    """A reader that has it open reads to the end; a new reader gets the newest."""
    old = open_published(published(settings).path)
    with warehouse_of(settings) as con:
        con.execute("update marts.models set model = 'new'")
    for _ in range(6):
        publish(settings)
    assert not (settings.published / "generation-000001.duckdb").exists()
    assert old.sql("select generation, (select min(model) from models) from meta").fetchall() == [
        (1, "lab/größer")
    ]
    old.close()
    assert rows(
        newest(settings), "select generation, (select min(model) from models) from meta"
    ) == [(7, "new")]


def test_a_connection_stays_with_the_generation_that_it_began_with(settings: Settings) -> None:
    """Though it was opened through the link, which names another by now."""
    published(settings)
    link = settings.published / "tokentide.duckdb"
    first = open_published(link)
    publish(settings)
    second = open_published(link)
    assert [
        con.sql("select generation from meta").fetchall() for con in (first, second, first)
    ] == [[(1,)], [(2,)], [(1,)]]
    first.close()
    second.close()


READER = """
import json, sys
from pathlib import Path
from pipelines.publish.generations import newest
from pipelines.settings import Settings
from warehouse.connection import open_published
settings, over = Settings(Path(sys.argv[1])), Path(sys.argv[2])
print("ready", flush=True)
while True:
    last = over.exists()
    con = open_published(newest(settings))
    [row] = con.sql(
        "select (select generation from meta), min(n), max(n), count(*), "
        "(select max(n) from stamp) from many"
    ).fetchall()
    con.close()
    print(json.dumps(row), flush=True)
    if last:
        break
"""


@pytest.mark.slow
def test_readers_never_fail_and_never_see_two_generations_at_once(
    settings: Settings, tmp_path: Path
) -> None:
    """Three processes read without a pause while ten generations are published."""
    published(
        settings,
        f"{MARTS}; create table marts.many as select 1 as n from range(5000); "
        "create table marts.stamp as select 1 as n",
    )
    over = tmp_path / "over"
    command = [sys.executable, "-c", READER, str(settings.home), str(over)]
    readers = [
        subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for _ in range(3)
    ]
    for reader in readers:
        assert reader.stdout
        assert reader.stdout.readline() == "ready\n"
    for number in range(2, 12):
        with warehouse_of(settings) as con:
            con.execute(f"update marts.many set n = {number}; update marts.stamp set n = {number}")
        assert publish(settings).number == number
    over.touch()
    for reader in readers:
        out, error = reader.communicate(timeout=60)
        assert (reader.returncode, error) == (0, "")
        seen = [json.loads(line) for line in out.splitlines()]
        assert [row for row in seen if row != [row[0], row[0], row[0], 5000, row[0]]] == []
        generations_seen = [row[0] for row in seen]
        assert generations_seen == sorted(generations_seen)
        assert generations_seen[-1] == 11


def test_a_publish_that_fails_leaves_what_is_published(settings: Settings) -> None:
    """Here for want of a table that every generation needs."""
    published(settings)
    with warehouse_of(settings) as con:
        con.execute("drop table marts.meta")
    with pytest.raises(duckdb.CatalogException):
        publish(settings)
    assert newest(settings).name == "generation-000001.duckdb"
    assert rows(newest(settings), "select count(*) from market_days") == [(3,)]
    assert os.path.lexists(settings.published / "tokentide.duckdb")
