"""One writer of the warehouse, transactions, and published files that SQL cannot leave."""

import os
import stat
import subprocess
import sys
from pathlib import Path

import duckdb
import pytest

from warehouse.connection import (
    SMALL_BYTES,
    WarehouseBusy,
    WarehouseUnreadable,
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


@pytest.mark.parametrize("content", [b"", b"no database" * 5000])
def test_a_damaged_file_is_not_called_busy(tmp_path: Path, content: bytes) -> None:
    """It is said at once, with the next step."""
    path = tmp_path / "warehouse.duckdb"
    path.write_bytes(content)
    with pytest.raises(WarehouseUnreadable, match="`tokentide rebuild` makes it again"):
        open_warehouse(path, wait_seconds=0)


def test_a_bad_block_is_not_called_busy(tmp_path: Path) -> None:
    """DuckDB's words about it hold the letters of a lock."""
    path = tmp_path / "warehouse.duckdb"
    with duckdb.connect(str(path)) as con:
        con.execute("create table t as select random() as x from range(200000)")
    content = bytearray(path.read_bytes())
    for at in range(12 * 1024, len(content), 4096):
        content[at] ^= 255
    path.write_bytes(content)
    with pytest.raises(WarehouseUnreadable, match="block"):
        open_warehouse(path, wait_seconds=0)


def test_a_new_home_is_for_its_user_alone(tmp_path: Path) -> None:
    """One that exists keeps its rights."""
    open_warehouse(tmp_path / "home" / "warehouse.duckdb").close()
    assert stat.S_IMODE((tmp_path / "home").stat().st_mode) == 0o700


@pytest.mark.skipif(len(os.sched_getaffinity(0)) == 1, reason="one core has one thread")
def test_a_small_warehouse_has_one_thread_and_a_large_one_all(tmp_path: Path) -> None:
    """Handing small tables out to threads is most of the work."""
    path = tmp_path / "warehouse.duckdb"
    found = []
    for size in (0, SMALL_BYTES):
        with open_warehouse(path) as con:
            found += con.sql("select current_setting('threads')").fetchall()
        # What lies behind the last block is not read.
        os.truncate(path, max(size, path.stat().st_size))
    with open_warehouse(path) as con:
        found += con.sql("select current_setting('threads')").fetchall()
    assert found[0] == found[1] == (1,)
    assert found[2] > (1,)


def test_a_session_finds_the_raw_tables(tmp_path: Path) -> None:
    """A new file is migrated, and closed at the end."""
    with session(tmp_path / "new" / "warehouse.duckdb") as con:
        assert con.sql("select count(*) from raw.answers").fetchall() == [(0,)]
    with pytest.raises(duckdb.ConnectionException):
        con.sql("select 1")


KILLED_AS_IT_BEGINS = """
import os, signal, sys, threading, time
from pathlib import Path
from warehouse.connection import open_warehouse

def kill():
    # A busy machine takes seconds for the first one.
    while not any(Path(sys.argv[1]).iterdir()):
        time.sleep(0.001)
    time.sleep(float(sys.argv[2]))
    os.kill(os.getpid(), signal.SIGKILL)

threading.Thread(target=kill).start()
while True:
    path = Path(sys.argv[1]) / str(time.monotonic_ns())
    open_warehouse(path).close()
"""


def test_a_kill_while_a_file_is_made_leaves_a_whole_one(tmp_path: Path) -> None:
    """Or none at all. DuckDB itself would leave one that nobody can open."""
    for number in range(3):
        folder = tmp_path / f"{number}"
        folder.mkdir()
        killed = [sys.executable, "-c", KILLED_AS_IT_BEGINS, str(folder), f"0.2{number}"]
        subprocess.run(killed, check=False)
    files = sorted(tmp_path.glob("*/[0-9]*"))
    assert files
    for path in files:
        open_warehouse(path).close()


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
