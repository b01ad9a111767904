"""State of requests, shared by every process and kept over restarts, in one SQLite file.

SQLite is the lock. The file may be deleted at the cost of a few needless requests.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path


class RequestDatabase:
    """A table of the file, made where it is missing; the base of RequestQuota and EtagStore."""

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
