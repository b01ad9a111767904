"""Who waits for the one worker: a short queue, so that a viewer learns at once where he stands or that it is full.

ask ─▶ waiting ─▶ running ─▶ done        a key names the query all along; who has it can look, stop it and fetch the rows
"""

import secrets
import tempfile
import threading
import time
from collections import OrderedDict
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Literal

from dashboards.generations import Generation, Meta
from dashboards.pages.sql.worker import Job, Outcome, RunSql, Worker

SECONDS = 30.0
MAX_ROWS = 1_000_000
MAX_WAITING = 8
KEPT = 16
MAX_SQL = 100_000
# Who has not looked for so long has gone, and his query need not run any more.
GONE_SECONDS = 30.0

Stage = Literal["waiting", "running", "done"]


class QueueFullError(Exception):
    """Too many wait already."""


@dataclass(frozen=True)
class Asked:
    """A query on its way, or done: then `outcome` says how it went and `out` has its rows."""

    key: str
    sql: str
    generation: Path
    meta: Meta
    out: Path
    stage: Stage = "waiting"
    outcome: Outcome = field(default_factory=Outcome)
    began: float = 0.0
    looked: float = 0.0
    place: int = 0
    """How many are before it."""


class SqlQueue:
    """Queries in the order in which they were asked, one at a time."""

    def __init__(
        self,
        run_sql: RunSql,
        seconds: float = SECONDS,
        max_rows: int = MAX_ROWS,
        max_waiting: int = MAX_WAITING,
    ) -> None:
        self.seconds, self.max_rows, self.max_waiting = seconds, max_rows, max_waiting
        self._worker = Worker(run_sql)
        self._asked: OrderedDict[str, Asked] = OrderedDict()
        self._change = threading.Condition()
        self._folder: tempfile.TemporaryDirectory[str] | None = None

    def ask(self, sql: str, generation: Generation) -> str:
        """Put a query in the queue; its key. Raises QueueFullError."""
        with self._change:
            if len(self._at("waiting")) >= self.max_waiting:
                raise QueueFullError(
                    f"{self.max_waiting} queries wait already. Try again in a moment."
                )
            key = secrets.token_urlsafe(16)
            out = self._rows_folder() / f"{len(self._asked)}-{key}.parquet"
            self._asked[key] = Asked(
                key,
                sql[:MAX_SQL],
                generation.path,
                generation.meta,
                out,
                looked=time.monotonic(),
            )
            self._forget()
            self._change.notify()
        return key

    def look(self, key: str | None) -> Asked | None:
        """How it stands with a query; None for one that is not known any more."""
        with self._change:
            if key is None or key not in self._asked:
                return None
            self._set(key, looked=time.monotonic())
            before = [asked.key for asked in self._asked.values() if asked.stage != "done"]
            return replace(self._asked[key], place=before.index(key) if key in before else 0)

    def stop(self, key: str | None) -> None:
        """Stop a query, whether it waits or runs; one that is done stays as it is."""
        with self._change:
            asked = self._asked.get(key or "")
            if asked is None or asked.stage == "done":
                return
            self._set(asked.key, stage="done", outcome=Outcome(error="You stopped the query."))
        if asked.stage == "running":
            self._worker.kill()

    def close(self) -> None:
        """End the worker and remove what was found."""
        self._worker.kill()
        if self._folder:
            self._folder.cleanup()

    def _rows_folder(self) -> Path:
        if self._folder is None:
            self._folder = tempfile.TemporaryDirectory(prefix="tokentide-sql-")
            threading.Thread(target=self._run_all, daemon=True, name="tokentide-sql-queue").start()
        return Path(self._folder.name)

    def _run_all(self) -> None:
        while True:
            asked = self._next()
            outcome = self._worker.run(
                Job(asked.generation, asked.sql, asked.out, self.seconds, self.max_rows)
            )
            with self._change:
                if asked.key in self._asked and self._asked[asked.key].stage == "running":
                    self._set(asked.key, stage="done", outcome=outcome)

    def _next(self) -> Asked:
        with self._change:
            while True:
                for asked in self._at("waiting"):
                    if time.monotonic() - asked.looked <= GONE_SECONDS:
                        self._set(asked.key, stage="running", began=time.monotonic())
                        return asked
                    self._set(
                        asked.key,
                        stage="done",
                        outcome=Outcome(error="Nobody waited for it any more."),
                    )
                self._change.wait()

    def _at(self, stage: Stage) -> list[Asked]:
        return [asked for asked in self._asked.values() if asked.stage == stage]

    def _set(self, key: str, **new: object) -> None:
        self._asked[key] = replace(self._asked[key], **new)  # type: ignore[arg-type]

    def _forget(self) -> None:
        for asked in self._at("done")[:-KEPT]:
            del self._asked[asked.key]
            asked.out.unlink(missing_ok=True)
