"""Migrations run once each, in order, whole or not at all."""

import duckdb
import pytest

from warehouse.migrate import NewerWarehouse, migrate, migration_files


@pytest.fixture
def con() -> duckdb.DuckDBPyConnection:
    return duckdb.connect()


def test_each_migration_runs_once(con: duckdb.DuckDBPyConnection) -> None:
    """The second call finds nothing to do."""
    expected = [path.stem for path in migration_files()]
    assert migrate(con) == expected
    assert migrate(con) == []
    recorded = con.sql("select name from main.migrations order by name").fetchall()
    assert [name for (name,) in recorded] == expected


def test_a_migration_that_fails_leaves_nothing(con: duckdb.DuckDBPyConnection) -> None:
    """It is rolled back, those before it stay, and the next call goes on where it stopped."""
    con.execute("create schema ledger; create table ledger.scrapes (in_the_way integer)")
    with pytest.raises(duckdb.Error):
        migrate(con)
    first, *rest = [path.stem for path in migration_files()]
    assert con.sql("select name from main.migrations").fetchall() == [(first,)]
    con.execute("drop schema ledger cascade")
    assert migrate(con) == rest


def test_migrations_are_numbered_without_gaps() -> None:
    """Two files with the same number would run in an order that nobody chose."""
    numbers = [int(path.stem.split("_")[0]) for path in migration_files()]
    assert numbers == list(range(1, len(numbers) + 1))


def test_a_file_of_a_newer_version_is_refused_and_stays(con: duckdb.DuckDBPyConnection) -> None:
    """This version would misread it; the message says what to do."""
    migrate(con)
    con.execute("insert into main.migrations values ('9999_of_the_future', now())")
    con.execute("delete from main.migrations where name = '0001_raw_market'")
    with pytest.raises(NewerWarehouse, match=r"newer version.*9999_of_the_future.*Install"):
        migrate(con)
    [(number,)] = con.sql("select count(*) from main.migrations").fetchall()
    assert number == len(migration_files())
