"""What was asked of whom and when, shared by every process and kept over restarts.

OpenRouter's Data API counts 30 requests a minute and 500 a UTC day for a whole account, so a budget held in one process would
be wrong as soon as there are two. SQLite is the lock; the file may be deleted at the cost of a few needless requests.
"""

import sqlite3
import time
from collections.abc import Iterator
from contextlib import closing, contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path

from pipelines.errors import LimitReached

MINUTE = 60.0

SCHEMA = """
create table if not exists spent (bucket text, at real);
create index if not exists spent_by_bucket on spent (bucket, at);
create table if not exists blocked (bucket text primary key, until real);
create table if not exists etags (url text primary key, etag text, sha256 text);
"""

# How many requests were made on this UTC day, how many in the last minute, and when the first of those was.
SPENT = """
select count(*) filter (where at >= ?), count(*) filter (where at > ?), min(at) filter (where at > ?)
from spent where bucket = ?
"""


@dataclass(frozen=True)
class Budget:
    """How many requests an upstream allows all of us together."""

    bucket: str
    per_minute: int = 30
    per_day: int = 500


class RequestQuota:
    """Budgets and ETags in one SQLite file."""

    def __init__(self, path: Path) -> None:
        self.path = path
        path.parent.mkdir(parents=True, exist_ok=True)
        with self._open() as con:
            con.executescript(SCHEMA)

    def spend(self, budget: Budget, now: float | None = None) -> float:
        """Take one request from the budget and return 0, or return the seconds until there is one.

        Raises LimitReached when the UTC day's budget is used up, by us or in the upstream's own words.
        """
        now = time.time() if now is None else now
        with self._open() as con:
            self._refuse_if_blocked(con, budget, now)
            [(of_day, of_minute, first)] = con.execute(
                SPENT, (_midnight_before(now), now - MINUTE, now - MINUTE, budget.bucket)
            ).fetchall()
            if of_day >= budget.per_day:
                raise LimitReached(
                    f"Our {budget.per_day} requests of this UTC day are spent; the next one is possible at 00:00 UTC.",
                    next_midnight(now) - now,
                )
            if of_minute >= budget.per_minute:
                return float(first) + MINUTE - now
            con.execute("insert into spent values (?, ?)", (budget.bucket, now))
            con.execute("delete from spent where at < ?", (now - 2 * 86_400,))
        return 0.0

    def block(self, budget: Budget, until: float) -> None:
        """The upstream said that the budget is used up until this instant (seconds since 1970)."""
        with self._open() as con:
            con.execute("insert or replace into blocked values (?, ?)", (budget.bucket, until))

    def etag(self, url: str) -> tuple[str, str] | None:
        """The ETag and SHA-256 of the newest good answer of this URL."""
        with self._open() as con:
            found: tuple[str, str] | None = con.execute(
                "select etag, sha256 from etags where url = ?", (url,)
            ).fetchone()
        return found

    def remember(self, url: str, etag: str, sha256: str) -> None:
        """This URL gave a good answer with this ETag, so it may be asked conditionally from now on."""
        with self._open() as con:
            con.execute("insert or replace into etags values (?, ?, ?)", (url, etag, sha256))

    def _refuse_if_blocked(self, con: sqlite3.Connection, budget: Budget, now: float) -> None:
        found = con.execute(
            "select until from blocked where bucket = ?", (budget.bucket,)
        ).fetchone()
        if found and found[0] > now:
            when = datetime.fromtimestamp(found[0], UTC)
            raise LimitReached(
                f"The upstream's daily limit is spent; it said to come back at {when:%Y-%m-%d %H:%M:%S} UTC.",
                found[0] - now,
            )

    @contextmanager
    def _open(self) -> Iterator[sqlite3.Connection]:
        # `with con` commits or rolls back but does not close; immediate, so that reading and taking are one step.
        with (
            closing(sqlite3.connect(self.path, timeout=30, isolation_level="IMMEDIATE")) as con,
            con,
        ):
            con.execute("begin immediate")
            yield con


def next_midnight(now: float) -> float:
    """The next 00:00 UTC, in seconds since 1970."""
    return _midnight_before(now) + timedelta(days=1).total_seconds()


def _midnight_before(now: float) -> float:
    return now - now % timedelta(days=1).total_seconds()
