"""Verdicts on a comparison, from the weeks that its query finds; and the spans of true weeks."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import polars as pl

OVERALL = "all"
OPEN = ("unverifiable", "not_judged")
NOT_JUDGED = (
    "Not judged: simulated market. The figures here were made up by Tokentide's simulator. In them:"
)

VerdictRow = dict[str, Any]
"""A verdict on one basis, with the columns of `marts.claims`."""


@dataclass(frozen=True)
class WeekSpan:
    """Consecutive weeks, from a Monday to a Sunday."""

    first_day: date
    last_day: date

    @property
    def weeks(self) -> int:
        """The number of weeks."""
        return ((self.last_day - self.first_day).days + 1) // 7

    @property
    def words(self) -> str:
        """The span with its length."""
        length = "1 week" if self.weeks == 1 else f"{self.weeks} weeks"
        return f"{self.first_day} to {self.last_day} ({length})"


def spans(weeks: pl.DataFrame) -> list[WeekSpan]:
    """Return the spans of weeks in which a statement was certainly true, on one basis."""
    found: list[WeekSpan] = []
    held = weeks.filter(pl.col("is_true")).sort("week_start")["week_start"].to_list()
    for monday in held:
        sunday = monday + timedelta(days=6)
        if found and found[-1].last_day + timedelta(days=1) == monday:
            found[-1] = WeekSpan(found[-1].first_day, sunday)
        else:
            found.append(WeekSpan(monday, sunday))
    return found


def judge(
    weeks: pl.DataFrame, bases: Sequence[str], *, is_simulated: bool = False, as_of: Any = None
) -> list[VerdictRow]:
    """Judge a comparison: the verdict over all bases first, then one for each basis."""
    rows = [
        {**_judge_basis(weeks.filter(pl.col("basis") == basis)), "basis": basis} for basis in bases
    ]
    if is_simulated:
        rows = [_not_judged(row) for row in rows]
    else:
        rows = [{**row, "as_of": as_of} for row in rows]
    return [_overall(rows), *rows]


def _judge_basis(weeks: pl.DataFrame) -> VerdictRow:
    count = weeks.height
    missing = weeks.filter(pl.col("days") < 7)
    true, false = (weeks.filter(pl.col("is_true") == held).height for held in (True, False))
    unsure = count - missing.height - true - false
    figures = f"Certainly above in {true} of {count} weeks"
    if unsure:
        figures += f", not certain in {unsure}"
    if missing.height:
        verdict, reason = "unverifiable", _missing(missing)
    elif false:
        verdict = "contradicted"
        first = weeks.filter(~pl.col("is_true"))["week_start"].sort().to_list()[0]
        reason = f"Certainly not above in {false} weeks, first in that of {first}."
    elif unsure:
        verdict = "unverifiable"
        reason = (
            f"In {unsure} weeks it depends on whose the unknown tokens are. What is missing is "
            "whose the cloaked models, and on the platform the models beyond the top 50, are."
        )
    else:
        verdict, reason = "supported", "Whoever owns the unknown tokens, it is so in every week."
    return {
        "verdict": verdict,
        "measured": float(true) if not unsure and not missing.height else None,
        "expected": float(count),
        "measured_text": figures,
        "reason": reason,
        "missing_days": [_days(week) for week in missing["week_start"]] or None,
        "as_of": None,
    }


def _missing(missing: pl.DataFrame) -> str:
    first, last = missing["week_start"].to_list()[0], missing["week_start"].to_list()[-1]
    end = last + timedelta(days=6)
    return (
        f"{missing.height} weeks are not known whole, from {first} to {end}. "
        f"`tokentide ingest market --start {first} --end {end}` asks for their days."
    )


def _days(monday: date) -> str:
    return f"{monday}..{monday + timedelta(days=6)}"


def _not_judged(row: VerdictRow) -> VerdictRow:
    """Return the row of a simulated market: its figures say nothing about a real statement."""
    reason = f"{NOT_JUDGED} {row['reason']}"
    empty = dict.fromkeys(("measured", "measured_text", "missing_days", "as_of"))
    return {**row, **empty, "verdict": "not_judged", "reason": reason}


def _overall(rows: Sequence[VerdictRow]) -> VerdictRow:
    """Sum up the bases, as `marts.claims` does."""
    judged = {row["verdict"] for row in rows} - {*OPEN}
    by_basis = ", ".join(sorted(f"{row['basis']} {row['verdict']}" for row in rows))
    if len(judged) > 1:
        verdict = "depends_on_basis"
    elif judged:
        [verdict] = judged
    else:
        is_unjudged = any(row["verdict"] == "not_judged" for row in rows)
        verdict = "not_judged" if is_unjudged else "unverifiable"
    missing = sorted({day for row in rows for day in row["missing_days"] or ()})
    return {
        "basis": OVERALL,
        "verdict": verdict,
        "measured": None,
        "expected": rows[0]["expected"],
        "measured_text": by_basis,
        "reason": rows[0]["reason"] if len(rows) == 1 else f"By basis: {by_basis}.",
        "missing_days": missing or None,
        "as_of": rows[0]["as_of"],
    }
