"""The status of each requested day, read from the raw tables after loading."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

from pipelines.sources.failure import Failure
from pipelines.sql import read_sql

DAYS = read_sql(__file__, "days")
UNUSABLE = read_sql(__file__, "unusable")
NOT_OFFERED = (
    "no answer covers it "
    "(days that are over: since 2025-01-01 with a key, since 2026-08-20 without one)"
)

Status = Literal["loaded", "missing", "not offered", "failed"]
"""The fate of a requested day.

loaded: its figures got through; missing: the source answered and has no such day; not offered: no
answer covers it, without a fault; failed: it was offered, or should have been, and did not get
through.
"""


@dataclass(frozen=True)
class DayStatus:
    """One requested UTC day and what became of it."""

    date: date
    status: Status
    reason: str | None = None


def day_statuses(
    con: duckdb.DuckDBPyConnection,
    start: date,
    end: date,
    run_id: str,
    failures: Sequence[Failure] = (),
) -> list[DayStatus]:
    """Return the status of each day from start to end by the answers and failures of one run."""
    unusable = con.execute(UNUSABLE, {"run_id": run_id}).fetchall()
    lost = [*failures, *(Failure(*row) for row in unusable)]
    values = {"first_date": start, "last_date": end, "run_id": run_id}
    rows = con.execute(DAYS, values).fetchall()
    return [
        _status(day, has_content, is_covered, reason, lost)
        for day, has_content, is_covered, reason in rows
    ]


def _status(
    day: date, has_content: bool, is_covered: bool, reason: str | None, failures: Sequence[Failure]
) -> DayStatus:
    if has_content:
        return DayStatus(day, "loaded")
    if reason:
        return DayStatus(day, "failed", reason)
    if is_covered:
        return DayStatus(day, "missing", "the source has no such day")
    for failure in failures:
        if failure.start and failure.end and failure.start <= day <= failure.end:
            return DayStatus(day, "failed", failure.reason)
    return DayStatus(day, "not offered", NOT_OFFERED)
