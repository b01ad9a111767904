"""The one place that opens DuckDB, and so knows what is attached and what a connection may do."""

import logging
import os
import re
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import duckdb

from warehouse.migrate import migrate

log = logging.getLogger(__name__)

# What a query by a person may use of this machine.
QUERY_MEMORY = "1GB"
QUERY_THREADS = 2
# A published file cannot be changed, and its SQL reads nothing else of the machine.
LOCKED_DOWN: dict[str, str | bool | int | float | list[str]] = {
    "access_mode": "READ_ONLY",
    "enable_external_access": "false",
    "autoinstall_known_extensions": "false",
    "autoload_known_extensions": "false",
    "allow_community_extensions": "false",
    "memory_limit": QUERY_MEMORY,
    "temp_directory": "",
}

# Up to this size of a file a second thread saves a tenth of a build's time at most, and costs a
# third more CPU: tables are so small that handing them out is most of its work.
SMALL_BYTES = 200_000_000

# As DuckDB says that another process holds a file. A damaged one has bad "blocks", without a lock.
LOCKED = re.compile(r"\block\b", re.IGNORECASE)


class WarehouseBusy(Exception):
    """Another process has the warehouse open for writing and did not let go in time."""


class WarehouseUnreadable(duckdb.IOException):
    """The file of the warehouse is damaged, or may not be opened."""


def open_warehouse(
    path: Path, wait_seconds: float = 60.0, *, is_read_only: bool = False
) -> duckdb.DuckDBPyConnection:
    """Open the warehouse for writing. There is one writer at a time, so wait for the one before.

    Reading alone waits for it as well, and changes nothing, not even the log beside the file. A
    small warehouse has one thread.
    Raise WarehouseBusy, which names the holder as DuckDB does, or WarehouseUnreadable.
    """
    if not is_read_only:
        _create(path)
    deadline = time.monotonic() + wait_seconds
    while True:
        before = _identity(path)
        try:
            con = duckdb.connect(str(path), read_only=is_read_only)
        except duckdb.Error as error:
            if not LOCKED.search(str(error)):
                raise WarehouseUnreadable(
                    f"{path} cannot be opened ({error}). Look at its rights and at the disk; "
                    "if it is damaged, `tokentide rebuild` makes it again from the archive."
                ) from error
            if time.monotonic() > deadline:
                raise WarehouseBusy(
                    f"{path} is held by another run. Wait for it or stop it. DuckDB says: {error}"
                ) from error
            time.sleep(0.2)
        else:
            if before not in (None, _identity(path)):
                # A finished file took the place of this one at that very moment.
                con.close()
                continue
            con.execute("set TimeZone = 'UTC'")
            if path.stat().st_size < SMALL_BYTES:
                con.execute("set threads = 1")
            log.debug("Opened %s.", path)
            return con


def _create(path: Path) -> None:
    """Make an empty file where there is none, whole at once.

    DuckDB writes a new file piece by piece. A process that is killed at that moment would leave one
    that nobody can open.
    """
    if path.exists():
        return
    # Other users of the machine have no business in a new home.
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    aside = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    aside.unlink(missing_ok=True)
    try:
        duckdb.connect(str(aside)).close()
        try:
            # Of several processes at once the first one wins.
            path.hardlink_to(aside)
        except FileExistsError:
            pass
        except OSError:
            # A file system without hard links.
            aside.rename(path)
    finally:
        aside.unlink(missing_ok=True)


def _identity(path: Path) -> tuple[int, int] | None:
    """Return what tells a file from another one of the same name."""
    try:
        found = path.stat()
    except FileNotFoundError:
        return None
    return found.st_dev, found.st_ino


@contextmanager
def session(path: Path) -> Iterator[duckdb.DuckDBPyConnection]:
    """Open the warehouse for writing, migrate its raw tables, and close it at the end.

    Raise WarehouseBusy where another process holds it.
    """
    con = open_warehouse(path)
    try:
        migrate(con)
        yield con
    finally:
        con.close()


@contextmanager
def transaction(con: duckdb.DuckDBPyConnection) -> Iterator[None]:
    """Commit the block as one transaction, or roll it back, also on Ctrl-C."""
    con.begin()
    try:
        yield
    except BaseException:
        con.rollback()
        raise
    con.commit()


def open_published(
    path: Path, memory: str = QUERY_MEMORY, threads: int = QUERY_THREADS
) -> duckdb.DuckDBPyConnection:
    """Open a finished generation, read-only and locked down: its SQL sees this file alone.

    `path` may be the link to the newest generation. It is resolved first, so that a connection
    stays with the generation that it began with, and so that DuckDB, which shares open files by
    path within a process, never answers from an older one.
    """
    con = duckdb.connect(str(path.resolve(strict=True)), config=LOCKED_DOWN)
    try:
        con.execute("set global TimeZone = 'UTC'")
        # Not in `config`, which must be the same for all connections of a process to one file; the
        # first of them decides.
        con.execute(f"set global memory_limit = '{memory}'")
        con.execute(f"set global threads = {threads}")
        con.execute("set global lock_configuration = true")
    except duckdb.InvalidInputException:
        # Connections of one process to one file share its settings, so an earlier one has set and
        # locked them already.
        if con.sql("select current_setting('lock_configuration')").fetchall() != [(True,)]:
            raise
    con.execute("set search_path = 'marts,main'")
    return con
