"""What became of each day that was asked for, read from the raw tables after landing."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date
from typing import Literal

import duckdb

WHAT_IS_OFFERED = "no answer covers it (days that are over: since 2025-01-01 with a key, since 2026-08-20 without one)"

Status = Literal["loaded", "missing", "not offered", "failed"]
"""loaded: its figures got through; missing: the source answered and has no such day; not offered: no answer covers it, without a fault;
failed: it was offered, or should have been, and did not get through."""


@dataclass(frozen=True)
class Failure:
    """A request that brought nothing usable, and the days (first to last) that therefore did not get through."""

    what: str
    reason: str
    start: date | None = None
    end: date | None = None
    # Every other request to the same host would fail in the same way.
    is_shared: bool = False


@dataclass(frozen=True)
class DayStatus:
    """One asked-for UTC day."""

    date: date
    status: Status
    reason: str | None = None


def day_statuses(
    con: duckdb.DuckDBPyConnection, start: date, end: date, run_id: str, failures: Sequence[Failure]
) -> list[DayStatus]:
    """Each day from start to end, by what the answers of this run said of it."""
    rows = con.execute(DAYS, {"start": start, "end": end, "run_id": run_id}).fetchall()
    return [
        _judged(day, has_content, is_covered, reason, failures)
        for day, has_content, is_covered, reason in rows
    ]


def _judged(
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
    return DayStatus(day, "not offered", WHAT_IS_OFFERED)


# One row per asked-for day: whether an answer of this run has figures for it, whether one covers it, and what was wrong with it.
DAYS = """
    with answers as (
        select distinct sha256 from raw.answers
        where run_id = $run_id and status in (200, 304) and source in ('rankings_daily', 'rankings_export')
    ),
    boards as (
        select date, bool_or(content_hash is not null) as has_content
        from raw.ranking_days inner join answers using (sha256)
        where slice = 'all' and grain = 'day'
        group by date
    ),
    faults as (
        select date, string_agg(distinct reason, '; ' order by reason) as reason
        from raw.quarantine inner join answers using (sha256)
        where slice = 'all' and date is not null
        group by date
    )
    select asked.date, coalesce(boards.has_content, false), boards.date is not null, faults.reason
    from (select unnest(generate_series($start::date, $end::date, interval 1 day))::date as date) as asked
    left join boards on asked.date = boards.date
    left join faults on asked.date = faults.date
    order by asked.date
"""
