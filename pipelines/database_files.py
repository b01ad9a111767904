"""The one way in which a finished DuckDB file takes its place: a warehouse, a generation, a past.

    warehouse.duckdb       the database
    warehouse.duckdb.wal   what a process that was killed had committed to it, and not merged yet;
                           also .wal.checkpoint and .wal.recovery, if it was merging at that moment

DuckDB merges whatever log lies beside a file, also one that another file left behind, and would
then hold its rows twice. So no file is put in place while it, or the one before it, has a log.
"""

import contextlib
import logging
import shutil
from collections.abc import Iterator
from pathlib import Path

import duckdb

from pipelines.files import make_private, move_durably, sync_folder
from warehouse.connection import open_warehouse

log = logging.getLogger(__name__)

LOG_ENDINGS = (".wal", ".wal.checkpoint", ".wal.recovery")
# Work of minutes is lost if the holder of the old file does not let go in this time.
WAIT_SECONDS = 600.0


@contextlib.contextmanager
def new_database(aside: Path, path: Path) -> Iterator[Path]:
    """Give the path of a file to fill, which takes the place of `path` when the block ends.

    Whatever an interrupted run left of it is removed first; an error leaves nothing behind.
    """
    make_private(aside.parent)
    remove_database(aside)
    try:
        yield aside
        swap_database(aside, path)
    except BaseException:
        remove_database(aside)
        raise


def swap_database(aside: Path, path: Path, keep: Path | None = None) -> None:
    """Put a finished file in place of another; a crash leaves either of them, whole.

    The old one stays at `keep` if that is given. Nobody can write to it meanwhile.
    """
    open_warehouse(aside, WAIT_SECONDS).close()  # closing merges the log
    if _logs_of(aside):
        raise duckdb.IOException(f"{aside} is still open, so it cannot be put in place.")
    with _held(path):
        if keep and path.exists():
            keep.parent.mkdir(parents=True, exist_ok=True)
            _keep(path, keep)
        if _logs_of(path):
            # The old file could not be opened, so what its log holds cannot be merged.
            _move_logs(path, keep)
        move_durably(aside, path)


def remove_database(path: Path) -> None:
    """Remove a file and its logs; those first, since a file that comes later would merge them."""
    for log_file in _logs_of(path):
        log_file.unlink(missing_ok=True)
    path.unlink(missing_ok=True)


@contextlib.contextmanager
def _held(path: Path) -> Iterator[None]:
    """Merge the log of the file and hold DuckDB's lock on it, so that no new log appears."""
    if not path.exists():
        yield
        return
    try:
        open_warehouse(path, WAIT_SECONDS).close()
        con = open_warehouse(path, WAIT_SECONDS)
    except duckdb.Error as error:
        log.warning("%s is damaged (%s), so it is replaced as it is.", path, error)
        yield
        return
    try:
        yield
    finally:
        # Nothing was written through this connection, so closing touches no log, not even that
        # of a process that has opened the new file already.
        con.close()


def _keep(path: Path, keep: Path) -> None:
    try:
        keep.hardlink_to(path)
    except FileExistsError:
        raise
    except OSError:
        # A file system without hard links.
        shutil.copyfile(path, keep)
    sync_folder(keep.parent)


def _move_logs(path: Path, keep: Path | None) -> None:
    for log_file in _logs_of(path):
        if keep:
            log_file.replace(keep.with_name(keep.name + log_file.name.removeprefix(path.name)))
        else:
            log_file.unlink()
    sync_folder(path.parent)


def _logs_of(path: Path) -> list[Path]:
    found = (path.with_name(f"{path.name}{ending}") for ending in LOG_ENDINGS)
    return [each for each in found if each.exists()]
