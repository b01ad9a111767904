"""A generation begins as the one before: what changed is replaced, and what is gone is gone."""

from pathlib import Path

import pytest
from support.published import published, record_made, warehouse_of

from pipelines.publish.generations import Generation, publish
from pipelines.settings import Settings
from warehouse.changes import mark_slices
from warehouse.connection import open_published

DAYS, MODELS = "market_days", "models"


@pytest.fixture
def settings(tmp_path: Path) -> Settings:
    """Return a home whose newest generation knows the content of each table."""
    settings = Settings(tmp_path / "home")
    published(settings)
    with warehouse_of(settings) as con:
        for name in (DAYS, MODELS):
            record_made(con, name, "one")
    publish(settings)
    return settings


def rows(generation: Generation, name: str) -> int:
    con = open_published(generation.path)
    try:
        return con.sql(f"from marts.{name}").shape[0]
    finally:
        con.close()


def test_only_what_changed_is_copied(settings: Settings) -> None:
    """By the hash of its content: a table that was not made again is not even read."""
    with warehouse_of(settings) as con:
        con.execute("delete from marts.market_days")
        con.execute("delete from marts.models")
        record_made(con, MODELS, "two")
    generation = publish(settings)
    assert rows(generation, MODELS) == 0
    assert rows(generation, DAYS) == 3


def test_a_table_of_unknown_content_is_copied_each_time(settings: Settings) -> None:
    """Such as one that a developer made with dbt."""
    with warehouse_of(settings) as con:
        con.execute("delete from main.made")
        con.execute("delete from marts.market_days")
    assert rows(publish(settings), DAYS) == 0


def test_each_file_stays_as_it_was(settings: Settings) -> None:
    """The copy is another file; comments and number of the copy are its own."""
    before = publish(settings)
    content = before.path.read_bytes()
    with warehouse_of(settings) as con:
        con.execute("insert into marts.models select 'lab/new', null, null, null")
        con.execute("comment on table marts.models is 'New.'")
        record_made(con, MODELS, "two")
    after = publish(settings)
    assert before.path.read_bytes() == content
    con = open_published(after.path)
    assert con.sql("select generation from meta").fetchall() == [(after.number,)]
    comments = con.sql("select table_name, comment from duckdb_tables() where comment is not null")
    assert {(DAYS, "One row a day; it's UTC {always}."), (MODELS, "New.")} <= set(
        comments.fetchall()
    )
    con.close()


def test_a_table_that_the_marts_lost_is_gone(settings: Settings) -> None:
    with warehouse_of(settings) as con:
        con.execute("drop table marts.models")
        con.execute("delete from main.made where node = 'model.models'")
    con = open_published(publish(settings).path)
    tables = con.sql("select table_name from duckdb_tables() order by all").fetchall()
    con.close()
    assert tables == [("contents",), (DAYS,), ("meta",)]


def test_a_lost_generation_is_no_beginning(settings: Settings) -> None:
    """The next is written whole where the newest file is another than the one that is known."""
    for path in settings.published.glob("generation-*.duckdb"):
        if path.name != "generation-000001.duckdb":
            path.unlink()
    with warehouse_of(settings) as con:
        con.execute("delete from marts.market_days")
    generation = publish(settings)
    assert generation.number == 2
    assert rows(generation, DAYS) == 0


def test_room_that_nothing_fills_is_given_back(settings: Settings) -> None:
    """A file that is mostly the holes of what was replaced is written whole."""
    with warehouse_of(settings) as con:
        con.execute("create table marts.large as select random() as a from range(3_000_000)")
        record_made(con, "large", "one")
    large = publish(settings).path.stat().st_size
    with warehouse_of(settings) as con:
        con.execute("create or replace table marts.large as select 1 as a")
        record_made(con, "large", "two")
    assert publish(settings).path.stat().st_size < large / 4


def test_only_slices_that_changed_are_copied(settings: Settings) -> None:
    """By target and UTC day; a slice that is gone goes, and others are not even read."""
    with warehouse_of(settings) as con:
        con.execute(
            "create table marts.hours as select * from (values "
            "('a', timestamptz '2026-06-18 23:30:00+00', 1), ('a', '2026-06-19 00:30:00+00', 2), "
            "('b', '2026-06-18 23:30:00+00', 3)) as rows (target, hour_at, tokens)"
        )
        record_made(con, "hours", "one", ("target", "hour_at"))
    publish(settings)
    with warehouse_of(settings) as con:
        con.execute("update marts.hours set tokens = tokens + 10")
        con.execute("delete from marts.hours where target = 'b'")
        con.execute(
            "insert into main.slices values ('\"marts\".\"hours\"', 'a', '2026-06-19', 1, 7), "
            "('\"marts\".\"hours\"', 'b', '2026-06-18', null, 7)"
        )
        record_made(con, "hours", "two", ("target", "hour_at"))
    con = open_published(publish(settings).path)
    found = con.sql("select target, tokens from marts.hours order by all").fetchall()
    con.close()
    assert found == [("a", 1), ("a", 12)]


def test_minutes_before_the_last_days_stay_in_the_warehouse(tmp_path: Path) -> None:
    """Counted back from the newest minute, also where only slices are copied."""
    settings = Settings(tmp_path / "home", published_minute_days=2)
    published(settings)
    with warehouse_of(settings) as con:
        con.execute(
            "create table marts.served_minutely as select 'a' as target, minute_at "
            "from generate_series(timestamptz '2026-06-01', '2026-06-05'::timestamptz, "
            "interval 12 hour) "
            "as minutes (minute_at)"
        )
        record_made(con, "served_minutely", "one", ["target", "minute_at"])
    first = publish(settings)
    with warehouse_of(settings) as con:
        con.execute("insert into marts.served_minutely values ('a', timestamptz '2026-06-06')")
        mark_slices(
            con, '"marts"."served_minutely"', "select 'a' as target, date '2026-06-06' as day"
        )
        record_made(con, "served_minutely", "two", ["target", "minute_at"])
    second = publish(settings)
    assert [rows(each, "served_minutely") for each in (first, second)] == [5, 4]
    with warehouse_of(settings) as con:
        assert con.sql("from marts.served_minutely").shape[0] == 10
