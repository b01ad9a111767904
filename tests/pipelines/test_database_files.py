"""Swaps of DuckDB files: whatever was killed, before or meanwhile, a file holds its rows once."""

import random
import signal
import subprocess
import sys
import time
from contextlib import closing
from pathlib import Path

import duckdb
import pytest

from pipelines.database_files import new_database, remove_database, swap_database
from warehouse.connection import open_warehouse

ROWS = 1000
# Both commit without merging their log, as a writer that is killed leaves it.
KILLED_WRITER = """
import os, signal, sys
from pathlib import Path
from warehouse.connection import open_warehouse
con = open_warehouse(Path(sys.argv[1]))
con.execute("create table if not exists rows (i bigint)")
con.execute("insert into rows select * from range(1000)")
os.kill(os.getpid(), signal.SIGKILL)
"""
SWAPS = """
import sys
from pathlib import Path
import duckdb
from pipelines.database_files import new_database
path = Path(sys.argv[1])
print("ready", flush=True)
while True:
    with new_database(path.with_name("aside"), path) as aside, duckdb.connect(str(aside)) as con:
        con.execute("create table rows (i bigint)")
        con.execute("insert into rows select * from range(1000)")
"""


def fill(path: Path) -> None:
    with closing(duckdb.connect(str(path))) as con:
        con.execute("create table rows (i bigint)")
        con.execute("insert into rows select * from range(1000)")


def count(path: Path) -> int:
    with closing(duckdb.connect(str(path))) as con:
        [(number,)] = con.sql("select count(*) from rows").fetchall()
    return int(number)


def leave_a_log(path: Path) -> None:
    subprocess.run([sys.executable, "-c", KILLED_WRITER, str(path)], check=False)
    assert path.with_name(f"{path.name}.wal").exists()


def names(folder: Path) -> list[str]:
    return sorted(path.name for path in folder.iterdir())


def test_a_new_file_does_not_meet_the_log_of_the_old_one(tmp_path: Path) -> None:
    """The log of a killed writer belongs to the file that it wrote to."""
    path, aside = tmp_path / "warehouse.duckdb", tmp_path / "aside.duckdb"
    leave_a_log(path)
    fill(aside)
    swap_database(aside, path)
    assert names(tmp_path) == ["warehouse.duckdb"]
    assert count(path) == ROWS


def test_the_log_of_the_new_file_is_merged_first(tmp_path: Path) -> None:
    """A file is whole under its new name, where its log would not be found."""
    path, aside = tmp_path / "warehouse.duckdb", tmp_path / "aside.duckdb"
    leave_a_log(aside)
    swap_database(aside, path)
    assert names(tmp_path) == ["warehouse.duckdb"]
    assert count(path) == ROWS


def test_the_old_file_is_kept_with_all_that_it_held(tmp_path: Path) -> None:
    """Also with what only its log held; it can be opened where it is kept."""
    path, aside, keep = (tmp_path / name for name in ("a.duckdb", "b.duckdb", "kept/a.duckdb"))
    leave_a_log(path)
    leave_a_log(path)
    fill(aside)
    swap_database(aside, path, keep)
    assert (count(path), count(keep)) == (ROWS, 2 * ROWS)


def test_a_damaged_file_is_replaced_with_its_log(tmp_path: Path) -> None:
    """A file that cannot be opened does not keep a good one away."""
    path, aside, keep = (tmp_path / name for name in ("a.duckdb", "b.duckdb", "kept/a.duckdb"))
    leave_a_log(path)
    path.write_bytes(b"\0" * 20_000)
    fill(aside)
    swap_database(aside, path, keep)
    assert count(path) == ROWS
    assert names(keep.parent) == ["a.duckdb", "a.duckdb.wal"]


def test_a_filling_begins_with_nothing(tmp_path: Path) -> None:
    """A run that was killed half-way leaves a file and its log, which the next one removes."""
    path, aside = tmp_path / "warehouse.duckdb", tmp_path / "aside.duckdb"
    leave_a_log(aside)
    with new_database(aside, path):
        assert names(tmp_path) == []
        fill(aside)
    assert count(path) == ROWS

    def fail() -> None:
        with new_database(aside, path):
            fill(aside)
            fill(aside)

    with pytest.raises(duckdb.CatalogException):
        fail()
    assert names(tmp_path) == ["warehouse.duckdb"]


def test_removal_takes_the_logs_along(tmp_path: Path) -> None:
    """A log that stays would be merged into the next file of that name."""
    leave_a_log(tmp_path / "a")
    for ending in ("checkpoint", "recovery"):
        (tmp_path / f"a.wal.{ending}").write_bytes(b"a process was killed as it merged")
    remove_database(tmp_path / "a")
    assert names(tmp_path) == []


@pytest.mark.parametrize("seed", range(6))
def test_kills_during_swaps_and_writes_leave_one_whole_file(tmp_path: Path, seed: int) -> None:
    """After each kill the file holds one filling, and what writers confirmed to it since."""
    chance, path = random.Random(seed), tmp_path / "warehouse.duckdb"
    leave_a_log(path)
    with subprocess.Popen(
        [sys.executable, "-c", SWAPS, str(path)], stdout=subprocess.PIPE
    ) as swapping:
        assert swapping.stdout is not None
        assert swapping.stdout.readline() == b"ready\n"
        time.sleep(chance.uniform(0, 0.25))
        swapping.send_signal(signal.SIGKILL)
    assert count(path) == ROWS
    leave_a_log(path)
    assert count(path) == 2 * ROWS


def test_a_writer_that_met_a_swap_writes_to_the_new_file(tmp_path: Path) -> None:
    """A writer that comes after a swap gets the file that is in place."""
    path, aside = tmp_path / "warehouse.duckdb", tmp_path / "aside.duckdb"
    fill(path)
    fill(aside)
    swap_database(aside, path)
    with closing(open_warehouse(path)) as con:
        con.execute("insert into rows values (1)")
    assert count(path) == ROWS + 1
