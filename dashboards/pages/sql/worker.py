"""The one process in which people's SQL runs: bounded in memory and time, killed and replaced where it does not end.

A query that DuckDB cannot interrupt, or that takes the machine's memory, ends this process and nothing else. What a query finds is
written into a Parquet file, so that only a line about it comes back through the pipe.
"""

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

import polars as pl

RunSql: TypeAlias = Callable[[Path, str, float, int], pl.DataFrame]
# Beyond the time of a query: to start the process, and to write what was found.
GRACE_SECONDS = 10.0
ROOM_BYTES = 5 * 1024**3 // 2
MAX_FILE_BYTES = 512 * 1024**2
LOST = "The process that ran the query ended. It most likely needed more memory than it may have: ask for less."
TOO_MUCH = "The query needs more memory than it may have. Ask for less at once."


@dataclass(frozen=True)
class Job:
    """One query on one generation, and the file to put its rows into."""

    generation: Path
    sql: str
    out: Path
    seconds: float
    max_rows: int


@dataclass(frozen=True)
class Outcome:
    """What became of a query: its rows are in the job's file, or an error says why there are none."""

    rows: int = 0
    is_cut: bool = False
    seconds: float = 0.0
    error: str = ""


class Worker:
    """The process, started when first needed and again after it was killed."""

    def __init__(self, run_sql: RunSql, grace_seconds: float = GRACE_SECONDS) -> None:
        self._run_sql = run_sql
        self._grace = grace_seconds
        self._lock = threading.Lock()
        self._process: BaseProcess | None = None
        self._pipe: Connection | None = None

    def run(self, job: Job) -> Outcome:
        """The outcome of a job. It always comes: at the latest when time and grace are over."""
        try:
            pipe = self._started()
        except Exception as error:  # noqa: BLE001 - whatever it is, the queue must go on for those who come after.
            return Outcome(error=f"The process for the query could not be started: {error}")
        try:
            pipe.send(job)
            if pipe.poll(job.seconds + self._grace):
                return pipe.recv()
        except (EOFError, OSError):
            self.kill()
            return Outcome(error=LOST)
        self.kill()
        return Outcome(error=too_long(job.seconds))

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
        """The process's number, None while there is none."""
        return self._process.pid if self._process else None

    def _started(self) -> Connection:
        with self._lock:
            if self._process and self._pipe and self._process.is_alive():
                return self._pipe
            # Spawned, not forked: a fork of a process with threads may hold their locks for ever.
            context = get_context("spawn")
            ours, theirs = context.Pipe()
            process = context.Process(
                target=serve, args=(theirs, self._run_sql), daemon=True, name="tokentide-sql"
            )
            process.start()
            theirs.close()
            self._process, self._pipe = process, ours
            return ours


def too_long(seconds: float) -> str:
    """What is said of a query that did not end."""
    return f"The query took longer than {seconds:g} s and was stopped. Ask for less, for example for fewer days."


def serve(pipe: Connection, run_sql: RunSql) -> None:
    """Answer jobs until the other side is gone."""
    # Ctrl-C is for the dashboard, which then ends this process too.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    bound()
    while True:
        try:
            job: Job = pipe.recv()
        except EOFError:
            return
        pipe.send(outcome_of(job, run_sql))


def bound() -> None:
    """Let this process have so much more memory than it has now, and write no file larger than a download may be."""
    resource.setrlimit(resource.RLIMIT_FSIZE, (MAX_FILE_BYTES, MAX_FILE_BYTES))
    pages = Path("/proc/self/statm")
    if pages.exists():
        used = int(pages.read_text().split()[0]) * resource.getpagesize()
        resource.setrlimit(
            resource.RLIMIT_AS, (used + ROOM_BYTES, resource.getrlimit(resource.RLIMIT_AS)[1])
        )


def outcome_of(job: Job, run_sql: RunSql) -> Outcome:
    """Run the query and put its rows into the file."""
    began = time.monotonic()
    try:
        found = run_sql(job.generation, job.sql, job.seconds, job.max_rows + 1)
        found.head(job.max_rows).write_parquet(job.out)
    except MemoryError:
        return Outcome(seconds=time.monotonic() - began, error=TOO_MUCH)
    except Exception as error:  # noqa: BLE001 - what run_sql raises is the caller's, and every reason is for the person who asked.
        took = time.monotonic() - began
        return Outcome(
            seconds=took,
            error=too_long(job.seconds)
            if took >= job.seconds
            else str(error) or type(error).__name__,
        )
    return Outcome(
        min(found.height, job.max_rows), found.height > job.max_rows, time.monotonic() - began
    )
