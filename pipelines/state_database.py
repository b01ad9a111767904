"""State that every process of a home shares and that is kept over restarts, in SQLite files.

SQLite is the lock.
"""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, contextmanager
from pathlib import Path

from pipelines.errors import StateUnreadable
from pipelines.files import make_private


class StateDatabase:
    """Tables of one file, made where they are missing; a subclass names them."""

    SCHEMA = ""
    # What it costs to delete the file, for the message where it cannot be used.
    COST = ""

    def __init__(self, path: Path) -> None:
        self.path = path
        make_private(path.parent)
        with self.open() as con:
            for statement in filter(None, self.SCHEMA.split(";")):
                con.execute(statement)

    @contextmanager
    def open(self) -> Iterator[sqlite3.Connection]:
        """Open the file for one transaction, in which reading and writing are one step.

        Raise StateUnreadable where it is damaged or may not be written.
        """
        try:
            # `with con` commits or rolls back but does not close.
            with (
                closing(sqlite3.connect(self.path, timeout=30, isolation_level="IMMEDIATE")) as con,
                con,
            ):
                con.execute("begin immediate")
                yield con
        except sqlite3.DatabaseError as error:
            raise StateUnreadable(
                f"{self.path} cannot be used ({error}). Look at its rights and at the disk; "
                f"if it is damaged, delete it{self.COST}."
            ) from error
