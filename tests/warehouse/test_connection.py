"""One writer of the warehouse, transactions, and published files that SQL cannot leave."""

import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import (
    WarehouseBusy,
    open_published,
    open_warehouse,
    session,
    transaction,
)

HOLD = "import sys; from warehouse.connection import *; from pathlib import Path; " + (
    "con = open_warehouse(Path(sys.argv[1])); print('held', flush=True); sys.stdin.read()"
)


def test_a_second_writer_waits_and_then_names_the_first(tmp_path: Path) -> None:
    """Only another process: DuckDB shares a file within one."""
    path = tmp_path / "warehouse.duckdb"
    with subprocess.Popen(
        [sys.executable, "-c", HOLD, str(path)], stdin=subprocess.PIPE, stdout=subprocess.PIPE
    ) as holder:
        assert holder.stdout is not None
        assert holder.stdout.readline() == b"held\n"
        with pytest.raises(WarehouseBusy, match=str(holder.pid)):
            open_warehouse(path, wait_seconds=0.3)
        holder.communicate()
    open_warehouse(path, wait_seconds=0.3).close()


def test_a_session_finds_the_raw_tables(tmp_path: Path) -> None:
    """A new file is migrated, and closed at the end."""
    with session(tmp_path / "new" / "warehouse.duckdb") as con:
        assert con.sql("select count(*) from raw.answers").fetchall() == [(0,)]
    with pytest.raises(duckdb.ConnectionException):
        con.sql("select 1")


def test_a_transaction_that_is_interrupted_is_rolled_back() -> None:
    """Ctrl-C is no Exception; it counts all the same."""
    con = duckdb.connect()
    con.execute("create table kept (n integer)")
    with transaction(con):
        con.execute("insert into kept values (1)")

    def insert_and_interrupt() -> None:
        with transaction(con):
            con.execute("insert into kept values (2)")
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        insert_and_interrupt()
    assert con.sql("from kept").fetchall() == [(1,)]


@pytest.mark.parametrize(
    "sql",
    [
        "from read_text('/etc/hostname')",
        "create table marts.other (n integer)",
        "attach ':memory:' as other",
        "set memory_limit = '100GB'",
        "install httpfs",
    ],
)
def test_a_published_file_is_locked_down(tmp_path: Path, sql: str) -> None:
    """Its SQL neither writes, nor reads another file, nor changes a setting."""
    path = tmp_path / "published.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create schema marts; create table marts.known as select 1 as n")
    published = open_published(path)
    assert published.sql("from known").fetchall() == [(1,)]
    with pytest.raises(duckdb.Error):
        published.execute(sql)
    published.close()
