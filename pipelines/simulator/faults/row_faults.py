"""Faults in the rows of the daily board, as the keyed answer and the export files alike carry them.

Each takes the rows and the day to spoil and returns new rows; rows are in their JSON form, since some faults leave the typed one.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.simulator.errors import Json
from pipelines.simulator.market_protocol import OTHER

Rows = list[Json]


@dataclass(frozen=True)
class RowFault:
    """Which day is spoiled, what day it is now, and how to look at rows of another day."""

    day: date
    today: date
    rows_of: Callable[[date], Rows]


def _change_first(rows: Rows, spoil: RowFault, change: Callable[[Json], Rows]) -> Rows:
    changed: Rows = []
    is_pending = True
    for row in rows:
        is_target = is_pending and row["date"] == spoil.day.isoformat()
        changed += change(row) if is_target else [row]
        is_pending = is_pending and not is_target
    return changed


def _change_day(rows: Rows, spoil: RowFault, change: Callable[[Rows], Rows]) -> Rows:
    text = spoil.day.isoformat()
    before = [row for row in rows if str(row["date"]) < text]
    after = [row for row in rows if str(row["date"]) > text]
    return before + change([row for row in rows if row["date"] == text]) + after


def _with_count(row: Json, count: object) -> Json:
    return {**row, "total_tokens": count}


def negative_count(rows: Rows, spoil: RowFault) -> Rows:
    """The day's first model served fewer than no tokens."""
    return _change_first(rows, spoil, lambda row: [_with_count(row, f"-{row['total_tokens']}")])


def fractional_count(rows: Rows, spoil: RowFault) -> Rows:
    """The day's first model served half a token."""
    return _change_first(rows, spoil, lambda row: [_with_count(row, f"{row['total_tokens']}.5")])


def unreadable_count(rows: Rows, spoil: RowFault) -> Rows:
    """The day's first count is not a number."""
    return _change_first(rows, spoil, lambda row: [_with_count(row, "n/a")])


def duplicated_row(rows: Rows, spoil: RowFault) -> Rows:
    """The day's first row comes twice."""
    return _change_first(rows, spoil, lambda row: [row, row])


def zero_day(rows: Rows, spoil: RowFault) -> Rows:
    """Every count of the day is zero."""
    return _change_day(rows, spoil, lambda day: [_with_count(row, "0") for row in day])


def short_day(rows: Rows, spoil: RowFault) -> Rows:
    """Only the first rows of the day arrived."""
    return _change_day(rows, spoil, lambda day: day[:7])


def empty_day(rows: Rows, spoil: RowFault) -> Rows:
    """The day vanishes."""
    return _change_day(rows, spoil, lambda day: [])


def repeated_day(rows: Rows, spoil: RowFault) -> Rows:
    """The day repeats the rows of the day before it."""
    before = spoil.rows_of(spoil.day - timedelta(days=1))
    return _change_day(
        rows, spoil, lambda day: [{**row, "date": spoil.day.isoformat()} for row in before]
    )


def future_day(rows: Rows, spoil: RowFault) -> Rows:
    """The day in progress is published, with the rows of the newest complete one."""
    newest = max(str(row["date"]) for row in rows)
    return rows + [
        {**row, "date": spoil.today.isoformat()} for row in rows if row["date"] == newest
    ]


def restated_day(rows: Rows, spoil: RowFault) -> Rows:
    """Every count of the day is one per cent higher than it was."""
    return _change_day(
        rows,
        spoil,
        lambda day: [
            _with_count(row, str(int(str(row["total_tokens"])) * 101 // 100)) for row in day
        ],
    )


def no_other(rows: Rows, spoil: RowFault) -> Rows:
    """The day's hidden tail is missing."""
    return _change_day(
        rows, spoil, lambda day: [row for row in day if row["model_permaslug"] != OTHER]
    )


def numeric_tokens(rows: Rows, spoil: RowFault) -> Rows:
    """Counts of every day are JSON numbers instead of strings."""
    return [_with_count(row, int(str(row["total_tokens"]))) for row in rows]


ROW_FAULTS: dict[str, Callable[[Rows, RowFault], Rows]] = {
    fault.__name__: fault
    for fault in (
        negative_count, fractional_count, unreadable_count, duplicated_row, zero_day, short_day, empty_day,
        repeated_day, future_day, restated_day, no_other, numeric_tokens,
    )
}  # fmt: skip
