"""State that every process of a home shares and that is kept over restarts, in SQLite files.

SQLite is the lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class StateDatabase:
    """Tables of one file, made where they are missing; a subclass names them."""

    SCHEMA = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self.open() as con:
            for statement in filter(None, self.SCHEMA.split(";")):
                con.execute(statement)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, in which reading and writing are one step."""
        # `with con` commits or rolls back but does not close.
        with (
            closing(sqlite3.connect(self.path, timeout=30, isolation_level="IMMEDIATE")) as con,
            con,
        ):
            con.execute("begin immediate")
            yield con
