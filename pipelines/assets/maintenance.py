"""Maintenance of Dagster's state: records of runs go after some days, and their room with them.

A run has a row in runs.db, a database file for its events of 0.35 MB at least, rows in the index of
all events, rows of its checks, and files with its output. Dagster's way to delete a run leaves the
files and the rows of checks, and no deleted row makes a SQLite file smaller.
"""

import logging
import shutil
import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import datetime, timedelta
from pathlib import Path

import dagster as dg

from pipelines.assets.extraction import Now
from pipelines.settings import RUN_DAYS, Settings
from pipelines.sql import read_sql

log = logging.getLogger(__name__)

# Runs that come every hour or more often: 111 a day, and 288 of telemetry where nothing follows it.
FREQUENT = (
    "catalogue_hourly",
    "endpoints_half_hourly",
    "freshness_hourly",
    "rankings_late",
    "telemetry",
)
# Runs of each of these that stay at most, however young: with events each takes 0.35 to 2 MB.
MAX_OF_JOB = 150
# Other runs, some five a day, stay this many times as long.
OTHERS_STAY = 10
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]
BATCH = 100
# Files of a run are older than this, or the run may be starting.
MIN_AGE = 3600.0
INDEX, OF_NO_RUN = "index", ""  # databases of events that are no run's
# A file is rewritten when this part of it is empty.
WORTH_VACUUM = 0.2
FORGET_CHECKS = read_sql(__file__, "forget_checks")


@dg.op
def remove_old_records(
    context: dg.OpExecutionContext,
    settings: dg.ResourceParam[Settings],
    now: dg.ResourceParam[Now],
) -> None:
    """Remove Dagster's records of old runs, and give their room back; their data stay."""
    removed = tidy(context.instance, now(), settings.run_days)
    context.log.info("Removed the records of %d runs.", removed)


@dg.job
def tidy_daily() -> None:
    """Keep Dagster's state from growing without end."""
    remove_old_records()


def tidy(
    instance: dg.DagsterInstance,
    now: datetime,
    days: int = RUN_DAYS,
    max_of_job: int = MAX_OF_JOB,
) -> int:
    """Remove records of runs that are older than these days, and what they left; return how many.

    Of runs that come every hour or more often, only some of the newest stay; others stay ten times
    as long.
    """
    removed = 0
    for job in FREQUENT:
        kept = instance.get_run_ids(dg.RunsFilter(job_name=job, statuses=ENDED), limit=max_of_job)
        if len(kept) == max_of_job:
            surplus = dg.RunsFilter(job_name=job, statuses=ENDED)
            removed += _delete_runs(instance, surplus, older_than=kept[-1])
        youngest = now - timedelta(days=days)
        old = dg.RunsFilter(job_name=job, statuses=ENDED, created_before=youngest)
        removed += _delete_runs(instance, old)
    oldest = now - timedelta(days=OTHERS_STAY * days)
    removed += _delete_runs(instance, dg.RunsFilter(statuses=ENDED, created_before=oldest))
    if not instance.is_ephemeral:
        _remove_left_files(Path(instance.root_directory))
        _shrink(Path(instance.root_directory))
    return removed


def _delete_runs(
    instance: dg.DagsterInstance, old: dg.RunsFilter, older_than: str | None = None
) -> int:
    removed = 0
    while records := instance.get_run_records(old, limit=BATCH, cursor=older_than):
        for record in records:
            run_id = record.dagster_run.run_id
            instance.delete_run(run_id)
            if not instance.is_ephemeral:
                _remove_files(Path(instance.root_directory), run_id)
        removed += len(records)
    return removed


def _remove_files(state: Path, run_id: str) -> None:
    for ending in ("", "-wal", "-shm", "-journal"):
        (state / "history" / "runs" / f"{run_id}.db{ending}").unlink(missing_ok=True)
    shutil.rmtree(state / "storage" / run_id, ignore_errors=True)


def _remove_left_files(state: Path) -> None:
    """Remove files of runs that are gone, such as earlier versions left."""
    with closing(sqlite3.connect(state / "history" / "runs.db", timeout=30)) as con:
        known = {run_id for (run_id,) in con.execute("select run_id from runs")}
    for run_id, path in _files_of_runs(state):
        if run_id not in known and time.time() - path.stat().st_mtime > MIN_AGE:
            _remove_files(state, run_id)


def _files_of_runs(state: Path) -> Iterator[tuple[str, Path]]:
    for path in (state / "history" / "runs").glob("*.db"):
        run_id = path.name.removesuffix(".db")
        if run_id not in {INDEX, OF_NO_RUN}:
            yield run_id, path
    for path in (state / "storage").glob("*/compute_logs"):
        yield path.parent.name, path


def _shrink(state: Path) -> None:
    """Forget the checks of runs that are gone, and give the empty pages of databases back."""
    history = state / "history"
    with closing(sqlite3.connect(history / "runs" / f"{INDEX}.db", timeout=30)) as con, con:
        con.execute("attach ? as runs", (str(history / "runs.db"),))
        con.execute(FORGET_CHECKS)
    for path in (
        history / "runs.db",
        history / "runs" / f"{INDEX}.db",
        history / "runs" / f"{OF_NO_RUN}.db",
        state / "schedules" / "schedules.db",
    ):
        # Dagster may be writing; the next night tries again.
        with suppress(sqlite3.OperationalError):
            _vacuum(path)


def _vacuum(path: Path) -> None:
    if not path.exists():
        return
    with closing(sqlite3.connect(path, timeout=30, isolation_level=None)) as con:
        [(free,), (pages,)] = (
            con.execute(f"pragma {name}").fetchone() for name in ("freelist_count", "page_count")
        )
        if free > WORTH_VACUUM * pages:
            con.execute("vacuum")
        con.execute("pragma wal_checkpoint(truncate)")
