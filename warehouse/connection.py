"""The one place that opens DuckDB, and so the one place that knows what is attached and what a connection may do."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.migrate import migrate

# What a query by a person may use of this machine.
QUERY_MEMORY = "1GB"


class WarehouseBusy(Exception):
    """Another process has the warehouse open for writing and did not let go in time."""


def open_warehouse(path: Path, wait_seconds: float = 60.0) -> duckdb.DuckDBPyConnection:
    """The warehouse, for writing. There is one writer at a time, so this waits for the one before.

    Raises WarehouseBusy, naming the holder as DuckDB does.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    deadline = time.monotonic() + wait_seconds
    while True:
        try:
            con = duckdb.connect(str(path))
        except duckdb.IOException as error:
            if "lock" not in str(error).lower():
                raise
            if time.monotonic() > deadline:
                raise WarehouseBusy(
                    f"{path} is held by another run. Wait for it or stop it. DuckDB says: {error}"
                ) from error
            time.sleep(0.2)
        else:
            con.execute("set TimeZone = 'UTC'")
            return con


@contextmanager
def session(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, bring its raw tables to the newest form, and close it at the end.

    Raises WarehouseBusy where another process holds it.
    """
    con = open_warehouse(path)
    try:
        migrate(con)
        yield con
    finally:
        con.close()


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """What happens within happens whole or not at all, also on Ctrl-C."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def open_published(path: Path, memory: str = QUERY_MEMORY) -> duckdb.DuckDBPyConnection:
    """A finished generation, read-only and locked down: its SQL sees this file and nothing else of the machine.

    `path` may be the link to the newest generation. It is resolved first, so that a connection stays with the generation that it
    began with, and so that DuckDB, which shares open files by path within a process, never answers from an older one.
    """
    config: dict[str, str | bool | int | float | list[str]] = {
        "access_mode": "READ_ONLY",
        "enable_external_access": "false",
        "autoinstall_known_extensions": "false",
        "autoload_known_extensions": "false",
        "allow_community_extensions": "false",
        "memory_limit": QUERY_MEMORY,
        "temp_directory": "",
        "threads": "2",
    }
    con = duckdb.connect(str(path.resolve(strict=True)), config=config)
    try:
        con.execute("set global TimeZone = 'UTC'")
        # Not in `config`, which must be the same for all connections of a process to one file; the first of them decides.
        con.execute(f"set global memory_limit = '{memory}'")
        con.execute("set global lock_configuration = true")
    except duckdb.InvalidInputException:
        # Connections of one process to one file share its settings, so an earlier one has set and locked them already.
        if con.sql("select current_setting('lock_configuration')").fetchall() != [(True,)]:
            raise
    con.execute("set search_path = 'marts,main'")
    return con
