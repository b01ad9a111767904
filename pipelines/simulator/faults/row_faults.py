"""Faults in the rows of the daily rankings, in the keyed response and in the export files alike.

Each fault takes the rows and returns new ones. Rows are in their JSON form, because some faults
break the types.
"""

from collections.abc import Callable
from dataclasses import dataclass
from datetime import date, timedelta

from pipelines.simulator.errors import JsonObject
from pipelines.simulator.market_protocol import OTHER

Rows = list[JsonObject]


@dataclass(frozen=True)
class RowFault:
    """The day to change, today's date, and a function that returns the rows of another day."""

    day: date
    today: date
    rows_on: Callable[[date], Rows]


def _change_first(rows: Rows, fault: RowFault, change: Callable[[JsonObject], Rows]) -> Rows:
    changed: Rows = []
    is_pending = True
    for row in rows:
        is_target = is_pending and row["date"] == fault.day.isoformat()
        changed += change(row) if is_target else [row]
        is_pending = is_pending and not is_target
    return changed


def _change_day(rows: Rows, fault: RowFault, change: Callable[[Rows], Rows]) -> Rows:
    text = fault.day.isoformat()
    before = [row for row in rows if str(row["date"]) < text]
    after = [row for row in rows if str(row["date"]) > text]
    return before + change([row for row in rows if row["date"] == text]) + after


def _with_count(row: JsonObject, count: object) -> JsonObject:
    return {**row, "total_tokens": count}


def negative_count(rows: Rows, fault: RowFault) -> Rows:
    """Make the count of the day's first model negative."""
    return _change_first(rows, fault, lambda row: [_with_count(row, f"-{row['total_tokens']}")])


def fractional_count(rows: Rows, fault: RowFault) -> Rows:
    """Add half a token to the count of the day's first model."""
    return _change_first(rows, fault, lambda row: [_with_count(row, f"{row['total_tokens']}.5")])


def unreadable_count(rows: Rows, fault: RowFault) -> Rows:
    """Replace the day's first count by text."""
    return _change_first(rows, fault, lambda row: [_with_count(row, "n/a")])


def duplicated_row(rows: Rows, fault: RowFault) -> Rows:
    """Repeat the day's first row."""
    return _change_first(rows, fault, lambda row: [row, row])


def zero_day(rows: Rows, fault: RowFault) -> Rows:
    """Set every count of the day to zero."""
    return _change_day(rows, fault, lambda day: [_with_count(row, "0") for row in day])


def short_day(rows: Rows, fault: RowFault) -> Rows:
    """Keep only the first seven rows of the day."""
    return _change_day(rows, fault, lambda day: day[:7])


def empty_day(rows: Rows, fault: RowFault) -> Rows:
    """Remove the day."""
    return _change_day(rows, fault, lambda day: [])


def repeated_day(rows: Rows, fault: RowFault) -> Rows:
    """Replace the day's rows by those of the day before."""
    before = fault.rows_on(fault.day - timedelta(days=1))
    return _change_day(
        rows, fault, lambda day: [{**row, "date": fault.day.isoformat()} for row in before]
    )


def future_day(rows: Rows, fault: RowFault) -> Rows:
    """Publish the current day, with the rows of the newest complete one."""
    newest = max(str(row["date"]) for row in rows)
    return rows + [
        {**row, "date": fault.today.isoformat()} for row in rows if row["date"] == newest
    ]


def restated_day(rows: Rows, fault: RowFault) -> Rows:
    """Raise every count of the day by one per cent."""
    return _change_day(
        rows,
        fault,
        lambda day: [
            _with_count(row, str(int(str(row["total_tokens"])) * 101 // 100)) for row in day
        ],
    )


def no_other(rows: Rows, fault: RowFault) -> Rows:
    """Remove the day's `other` row."""
    return _change_day(
        rows, fault, lambda day: [row for row in day if row["model_permaslug"] != OTHER]
    )


def numeric_tokens(rows: Rows, fault: RowFault) -> Rows:
    """Turn the counts of every day into JSON numbers."""
    return [_with_count(row, int(str(row["total_tokens"]))) for row in rows]


ROW_FAULTS: dict[str, Callable[[Rows, RowFault], Rows]] = {
    fault.__name__: fault
    for fault in (
        negative_count,
        fractional_count,
        unreadable_count,
        duplicated_row,
        zero_day,
        short_day,
        empty_day,
        repeated_day,
        future_day,
        restated_day,
        no_other,
        numeric_tokens,
    )
}
