"""The shared SQLite file: transactions, and a fresh start after it was deleted."""

import threading
from pathlib import Path

import pytest

from pipelines.errors import StateUnreadable
from pipelines.state_database import StateDatabase


class Counter(StateDatabase):
    """A table with one number."""

    SCHEMA = (
        "create table if not exists counts (n integer); create index if not exists i on counts (n)"
    )

    def add(self) -> None:
        """Add one, in two statements."""
        with self.open() as con:
            (n,) = con.execute("select coalesce(max(n), 0) from counts").fetchone()
            con.execute("insert into counts values (?)", (n + 1,))

    def add_and_fail(self) -> None:
        """Add a number and raise."""
        with self.open() as con:
            con.execute("insert into counts values (7)")
            raise ZeroDivisionError

    def numbers(self) -> list[int]:
        """Return all numbers."""
        with self.open() as con:
            return [n for (n,) in con.execute("select n from counts order by n")]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    """Return a path in a folder that does not exist yet."""
    return tmp_path / "home" / "requests.sqlite"


def test_the_table_survives_a_restart(path: Path) -> None:
    """Every statement of the schema runs at each start and changes nothing then."""
    Counter(path).add()
    Counter(path).add()
    assert Counter(path).numbers() == [1, 2]


def test_a_failed_transaction_leaves_nothing(path: Path) -> None:
    """An exception rolls it back."""
    counter = Counter(path)
    with pytest.raises(ZeroDivisionError):
        counter.add_and_fail()
    assert counter.numbers() == []


def test_reading_and_writing_are_one_step(path: Path) -> None:
    """Two threads never read the same number."""
    Counter(path)
    threads = [
        threading.Thread(target=lambda: [Counter(path).add() for _ in range(20)]) for _ in range(2)
    ]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert Counter(path).numbers() == list(range(1, 41))


def test_a_deleted_file_is_created_again(path: Path) -> None:
    """At the next start, empty."""
    Counter(path).add()
    path.unlink()
    assert Counter(path).numbers() == []


def test_a_damaged_file_is_said_with_the_next_step(path: Path) -> None:
    """It is no traceback of SQLite."""
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(b"no database" * 1000)
    with pytest.raises(StateUnreadable, match=r"not a database.*delete it"):
        Counter(path)
