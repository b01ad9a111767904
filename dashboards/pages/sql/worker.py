"""The process that runs people's SQL: bounded in memory and time, killed if a query does not end.

A query that DuckDB cannot interrupt, or that takes the machine's memory, ends this process and
nothing else. Rows go into a Parquet file, so only a line about them comes back through the pipe.
"""

import pickle
import resource
import signal
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass
from multiprocessing import get_context
from multiprocessing.connection import Connection
from multiprocessing.process import BaseProcess
from pathlib import Path
from typing import TypeAlias

import duckdb
import polars as pl

RunSql: TypeAlias = Callable[[Path, str, float, int], pl.DataFrame]
SqlErrors: TypeAlias = tuple[type[Exception], ...]
# Time beyond that of a query: to start the process, and to write the rows.
GRACE_SECONDS = 10.0
MAX_MEMORY = 5 * 1024**3 // 2
MAX_FILE_BYTES = 512 * 1024**2
LOST = (
    "The process that ran the query ended. It most likely needed more memory than it may have: "
    "ask for less."
)
NO_MEMORY = "The query needs more memory than it may have. Ask for less at once."
# Errors of a process that does not start: no room for it, or a function it cannot import.
START_ERRORS = (OSError, pickle.PicklingError, AttributeError, TypeError)


@dataclass(frozen=True)
class SqlJob:
    """One query on one generation, and the file for its rows."""

    generation: Path
    sql: str
    out: Path
    seconds: float
    max_rows: int


@dataclass(frozen=True)
class QueryOutcome:
    """The result of a query: rows in the job's file, or an error that says why there are none."""

    rows: int = 0
    is_cut: bool = False
    seconds: float = 0.0
    error: str = ""


class SqlWorker:
    """The process, started when first needed and again after it was killed.

    `errors` are those by which `run_sql` refuses a query; their text is for the person who asked.
    """

    def __init__(
        self, run_sql: RunSql, errors: SqlErrors = (), grace_seconds: float = GRACE_SECONDS
    ) -> None:
        self._run_sql = run_sql
        self._errors = errors
        self._grace = grace_seconds
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, job: SqlJob) -> QueryOutcome:
        """Return the outcome of a job, at the latest when its time and the grace are over."""
        try:
            pipe = self._start()
        except START_ERRORS as error:
            return QueryOutcome(error=f"The process for the query could not be started: {error}")
        try:
            pipe.send(job)
            if pipe.poll(job.seconds + self._grace):
                return pipe.recv()
        except (EOFError, OSError):
            self.kill()
            return QueryOutcome(error=LOST)
        self.kill()
        return QueryOutcome(error=timeout_message(job.seconds))

    def kill(self) -> None:
        """End the process, whatever it does; the next job gets a new one."""
        with self._lock:
            process, pipe, self._process, self._pipe = self._process, self._pipe, None, None
        if process and pipe:
            process.kill()
            process.join()
            pipe.close()

    @property
    def pid(self) -> int | None:
        """The number of the process; None while there is none."""
        return self._process.pid if self._process else None

    def _start(self) -> Connection:
        with self._lock:
            if self._process and self._pipe and self._process.is_alive():
                return self._pipe
            # Spawned, not forked: a fork of a process with threads may hold their locks for ever.
            context = get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(
                target=serve,
                args=(theirs, self._run_sql, self._errors),
                daemon=True,
                name="tokentide-sql",
            )
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours
            return ours


def timeout_message(seconds: float) -> str:
    """Return the text for a query that did not end."""
    return (
        f"The query took longer than {seconds:g} s and was stopped. "
        "Ask for less, for example for fewer days."
    )


def serve(pipe: Connection, run_sql: RunSql, errors: SqlErrors) -> None:
    """Run jobs until the other side is gone."""
    # Ctrl-C is for the dashboard, which then ends this process too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    limit_process()
    while True:
        try:
            job: SqlJob = pipe.recv()
        except EOFError:
            return
        pipe.send(run_job(job, run_sql, errors))


def limit_process() -> None:
    """Limit the memory of this process, and the size of a file to that of a download."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        _, hard = resource.getrlimit(resource.RLIMIT_AS)
        resource.setrlimit(resource.RLIMIT_AS, (used + MAX_MEMORY, hard))


def run_job(job: SqlJob, run_sql: RunSql, errors: SqlErrors) -> QueryOutcome:
    """Run the query and write its rows into the file."""
    refusals: SqlErrors = (*errors, duckdb.Error, pl.exceptions.PolarsError, OSError)
    began = time.monotonic()
    try:
        found = run_sql(job.generation, job.sql, job.seconds, job.max_rows + 1)
        found.head(job.max_rows).write_parquet(job.out)
    except MemoryError:
        return QueryOutcome(seconds=time.monotonic() - began, error=NO_MEMORY)
    except refusals as error:
        took = time.monotonic() - began
        reason = str(error) or type(error).__name__
        is_late = took >= job.seconds
        return QueryOutcome(seconds=took, error=timeout_message(job.seconds) if is_late else reason)
    return QueryOutcome(
        rows=min(found.height, job.max_rows),
        is_cut=found.height > job.max_rows,
        seconds=time.monotonic() - began,
    )
