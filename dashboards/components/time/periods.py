"""Periods: from one day to another, chosen by dates or by a preset, within what a file holds.

4                        the newest four whole weeks, and the days after them
year                     since the first of January of the newest day's year
all                      every day that the generation holds
2026-03-01..2026-04-30   these days; a side may be left out
"""

from dataclasses import dataclass
from datetime import date, timedelta
from typing import Any

import duckdb

from dashboards.generations import OpenGeneration
from dashboards.query import query

MAX_WEEKS = 5_000
BETWEEN = ".."
PRESETS = (
    ("4", "4 weeks"),
    ("12", "12 weeks"),
    ("26", "26 weeks"),
    ("52", "52 weeks"),
    ("year", "This year"),
    ("all", "All"),
)
WEEK = timedelta(days=7)


@dataclass(frozen=True)
class DayRange:
    """The days from `first` to `last`, both included; none where `last` is the earlier one."""

    first: date
    last: date

    @property
    def days(self) -> int:
        """The number of days."""
        return max((self.last - self.first).days + 1, 0)

    @property
    def weeks(self) -> int:
        """The number of whole weeks, Monday to Sunday, that lie in it."""
        to_monday = -self.first.weekday() % 7
        return max((self.days - to_monday) // 7, 0)

    @property
    def before(self) -> "DayRange":
        """The period of the same length that ends on the day before."""
        length = timedelta(days=self.days)
        return DayRange(self.first - length, self.last - length)

    @property
    def values(self) -> dict[str, Any]:
        """Parameters of a query over the period."""
        return {"first": self.first, "last": self.last}

    @property
    def words(self) -> str:
        """The period as text."""
        if not self.days:
            return "no day"
        return f"{self.first:%-d %b %Y} to {self.last:%-d %b %Y}"


NO_PERIOD = DayRange(date(1970, 1, 2), date(1970, 1, 1))


@dataclass(frozen=True)
class HeldDays:
    """The days of the market that a generation holds, and the last of its whole weeks."""

    first: date
    last: date
    last_whole: date
    """The Sunday of the newest whole week; the last day where no week is whole."""

    def resolve(self, text: str) -> DayRange | None:
        """Return the held days of a choice; None where it is no choice, or none of it is held."""
        start, between, end = text.partition(BETWEEN)
        asked = self._dates(start, end) if between else self._preset(text)
        if asked is None:
            return None
        kept = DayRange(max(asked.first, self.first), min(asked.last, self.last))
        return kept if kept.days else None

    def _preset(self, text: str) -> DayRange | None:
        if text == "all":
            return DayRange(self.first, self.last)
        if text == "year":
            return DayRange(self.last.replace(month=1, day=1), self.last)
        if not (text.isascii() and text.isdigit()) or not 0 < int(text[:9]) <= MAX_WEEKS:
            return None
        back = self.last_whole - self.first
        weeks = min(int(text), back.days // 7 + 1)
        return DayRange(self.last_whole + timedelta(days=1) - weeks * WEEK, self.last)

    def _dates(self, start: str, end: str) -> DayRange | None:
        first = parse_day(start) if start else self.first
        last = parse_day(end) if end else self.last
        if first is None or last is None:
            return None
        # Somebody who sets the later side first has them the wrong way round for a moment.
        return DayRange(min(first, last), max(first, last))


def parse_day(text: str) -> date | None:
    """Return the day that a text names, such as 2026-03-01; None where it names none."""
    try:
        day = date.fromisoformat(text)
    except ValueError:
        return None
    # Other forms of ISO 8601 would be other addresses of the same page.
    return day if day.isoformat() == text else None


def find_period(generation: OpenGeneration, text: str) -> DayRange:
    """Return the days of a choice in a generation; none where it holds none of them."""
    held = read_held(generation)
    return (held.resolve(text) if held else None) or NO_PERIOD


def read_held(generation: OpenGeneration) -> HeldDays | None:
    """Return the days of the market that a generation holds; None where it holds none."""
    try:
        rows = generation.frame(query("components/held")).rows()
    except duckdb.Error:
        # An older file, or one without a market, lacks the tables.
        return None
    return HeldDays(*rows[0]) if rows else None
