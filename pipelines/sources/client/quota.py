"""Budgets of requests, shared by every process and kept over restarts.

OpenRouter's Data API counts 30 requests a minute and 500 a UTC day for a whole account, so a budget
held in one process would be wrong as soon as there are two.

A machine's clock may be set back. In a process it then goes on, see `steady_clock`; what another
process noted more than a minute in the future was noted before that, and counts as of now. So a
clock that is set back delays a request by two minutes, or by what a block had to last.
"""

import sqlite3
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.errors import LimitReached
from pipelines.sources.client.steady_clock import steady_now
from pipelines.state_database import StateDatabase

MINUTE = 60.0
# What a block says, by the kind of limit.
WORDS = {
    "day": "The upstream's daily limit is spent",
    "minute": "The upstream's limit of requests a minute is spent",
    "unnamed": "The upstream asked for a pause",
}

# How many requests were made on this UTC day, how many in the last minute, and when the first of
# those was.
SPENT = (
    "select count(*) filter (where at >= ?), count(*) filter (where at > ?),"
    " min(at) filter (where at > ?) from spent where bucket = ?"
)
# Processes read the clock before they get the lock, so less than a minute is no step of it.
AFTER_A_STEP_BACK = (
    "update spent set at = :now where at > :limit",
    "update pauses set until = until - made + :now, made = :now where made > :limit",
)


@dataclass(frozen=True)
class Budget:
    """The requests that an upstream allows all processes together."""

    bucket: str
    per_minute: int = 30
    per_day: int = 500


class RequestQuota(StateDatabase):
    """Requests that were made, by budget."""

    COST = ", which costs a few needless requests"
    SCHEMA = (
        "create table if not exists spent (bucket text, at real);"
        "create index if not exists spent_by_bucket on spent (bucket, at);"
        # That of earlier versions did not say when a block was made.
        "drop table if exists blocks;"
        "create table if not exists pauses"
        " (bucket text primary key, made real, until real, reason text)"
    )

    def spend(self, budget: Budget, now: float | None = None) -> float:
        """Take one request from the budget and return 0, or return the seconds until there is one.

        Raise LimitReached where the UTC day's budget is used up, by our count or by the upstream's.
        """
        now = steady_now() if now is None else now
        since = (_midnight_before(now), now - MINUTE, now - MINUTE)
        # By itself: a refusal takes back what its transaction wrote.
        with self.open() as con:
            for statement in AFTER_A_STEP_BACK:
                con.execute(statement, {"now": now, "limit": now + MINUTE})
        with self.open() as con:
            self._refuse_if_blocked(con, budget, now)
            [(of_day, of_minute, first)] = con.execute(SPENT, (*since, budget.bucket)).fetchall()
            if of_day >= budget.per_day:
                raise LimitReached(
                    f"Our {budget.per_day} requests of this UTC day are spent; "
                    "the next one is possible at 00:00 UTC.",
                    next_midnight(now) - now,
                )
            if of_minute >= budget.per_minute:
                return float(first) + MINUTE - now
            con.execute("insert into spent values (?, ?)", (budget.bucket, now))
            con.execute("delete from spent where at < ?", (now - 2 * 86_400,))
        return 0.0

    def block(
        self, budget: Budget, until: float, kind: str = "day", now: float | None = None
    ) -> None:
        """Refuse requests until this instant (seconds since 1970), for the limit of this kind."""
        now = steady_now() if now is None else now
        row = (budget.bucket, now, until, WORDS.get(kind, WORDS["unnamed"]))
        with self.open() as con:
            con.execute("insert or replace into pauses values (?, ?, ?, ?)", row)

    def _refuse_if_blocked(self, con: sqlite3.Connection, budget: Budget, now: float) -> None:
        found = con.execute(
            "select until, reason from pauses where bucket = ?", (budget.bucket,)
        ).fetchone()
        if found and found[0] > now:
            when = datetime.fromtimestamp(found[0], UTC)
            raise LimitReached(
                f"{found[1]}; it said to come back at {when:%Y-%m-%d %H:%M:%S} UTC.",
                found[0] - now,
            )


def next_midnight(now: float) -> float:
    """Return the next 00:00 UTC, in seconds since 1970."""
    return _midnight_before(now) + timedelta(days=1).total_seconds()


def _midnight_before(now: float) -> float:
    return now - now % timedelta(days=1).total_seconds()
