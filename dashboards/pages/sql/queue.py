"""The queue for the one SQL worker. It is short, so that a viewer learns at once when it is full.

add ─▶ waiting ─▶ running ─▶ done        a key names the query throughout: whoever has it can look
                                         at the query, stop it and fetch its rows
"""

import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from dashboards.generation_meta import GenerationMeta
from dashboards.generations import OpenGeneration
from dashboards.pages.sql.worker import QueryOutcome, RunSql, SqlErrors, SqlJob, SqlWorker

SECONDS = 30.0
MAX_ROWS = 1_000_000
MAX_WAITING = 8
MAX_RESULTS = 16
MAX_SQL = 100_000
# A viewer who has not looked for this long has gone, and the query need not run any more.
GONE_SECONDS = 30.0

Stage = Literal["waiting", "running", "done"]


class QueueFullError(Exception):
    """As many queries wait as may."""


@dataclass(frozen=True)
class QueuedQuery:
    """A query on its way, or done: then `outcome` is set and `out` has its rows."""

    key: str
    sql: str
    generation: Path
    meta: GenerationMeta
    out: Path
    stage: Stage = "waiting"
    outcome: QueryOutcome = field(default_factory=QueryOutcome)
    began: float = 0.0
    looked: float = 0.0
    place: int = 0
    """The number of queries before it."""

    @property
    def has_rows(self) -> bool:
        """True if its rows can be read."""
        return self.stage == "done" and not self.outcome.error and self.out.exists()


class SqlQueue:
    """Queries in the order of their arrival, one at a time."""

    def __init__(
        self,
        run_sql: RunSql,
        errors: SqlErrors = (),
        seconds: float = SECONDS,
        max_rows: int = MAX_ROWS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.seconds, self.max_rows, self.max_waiting = seconds, max_rows, max_waiting
        self._worker = SqlWorker(run_sql, errors)
        self._queries: OrderedDict[str, QueuedQuery] = OrderedDict()
        self._change = threading.Condition()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def add(self, sql: str, generation: OpenGeneration) -> str:
        """Put a query in the queue and return its key. Raise QueueFullError."""
        with self._change:
            if len(self._at("waiting")) >= self.max_waiting:
                text = f"{self.max_waiting} queries wait already. Try again in a moment."
                raise QueueFullError(text)
            key = secrets.token_urlsafe(16)
            self._queries[key] = QueuedQuery(
                key=key,
                sql=sql[:MAX_SQL],
                generation=generation.path,
                meta=generation.meta,
                out=self._start() / f"{len(self._queries)}-{key}.parquet",
                looked=time.monotonic(),
            )
            self._drop_old_results()
            self._change.notify()
        return key

    def get(self, key: str | None) -> QueuedQuery | None:
        """Return a query as it stands now; None for one that is not kept any more."""
        with self._change:
            if key is None or key not in self._queries:
                return None
            self._update(key, looked=time.monotonic())
            open_keys = [query.key for query in self._queries.values() if query.stage != "done"]
            place = open_keys.index(key) if key in open_keys else 0
            return replace(self._queries[key], place=place)

    def stop(self, key: str | None) -> None:
        """Stop a query, whether it waits or runs; one that is done stays as it is."""
        with self._change:
            query = self._queries.get(key or "")
            if query is None or query.stage == "done":
                return
            self._finish(query.key, QueryOutcome(error="You stopped the query."))
        if query.stage == "running":
            self._worker.kill()

    def close(self) -> None:
        """End the worker and remove the results."""
        self._worker.kill()
        if self._folder:
            self._folder.cleanup()

    def _start(self) -> Path:
        """Return the folder of results; the first call makes it and starts the thread."""
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="tokentide-sql-")
            threading.Thread(target=self._run_all, daemon=True, name="tokentide-sql-queue").start()
        return Path(self._folder.name)

    def _run_all(self) -> None:
        while True:
            query = self._take_next()
            job = SqlJob(query.generation, query.sql, query.out, self.seconds, self.max_rows)
            outcome = self._worker.run(job)
            with self._change:
                if query.key in self._queries and self._queries[query.key].stage == "running":
                    self._finish(query.key, outcome)

    def _take_next(self) -> QueuedQuery:
        with self._change:
            while True:
                for query in self._at("waiting"):
                    if time.monotonic() - query.looked <= GONE_SECONDS:
                        self._update(query.key, stage="running", began=time.monotonic())
                        return query
                    self._finish(query.key, QueryOutcome(error="Nobody waited for it any more."))
                self._change.wait()

    def _at(self, stage: Stage) -> list[QueuedQuery]:
        return [query for query in self._queries.values() if query.stage == stage]

    def _finish(self, key: str, outcome: QueryOutcome) -> None:
        self._update(key, stage="done", outcome=outcome)

    def _update(self, key: str, **changes: object) -> None:
        self._queries[key] = replace(self._queries[key], **changes)  # type: ignore[arg-type]

    def _drop_old_results(self) -> None:
        for query in self._at("done")[:-MAX_RESULTS]:
            del self._queries[query.key]
            query.out.unlink(missing_ok=True)
