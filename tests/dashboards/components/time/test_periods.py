"""Periods: presets and dates, never beyond the days that a generation holds."""

from datetime import date, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.time.periods import PRESETS, DayRange, HeldDays, parse_day

# A Monday, a Tuesday, and the Sunday before it.
HELD = HeldDays(date(2026, 8, 17), date(2026, 11, 24), date(2026, 11, 22))


@pytest.mark.parametrize(
    ("text", "first", "last"),
    [
        ("4", "2026-10-26", "2026-11-24"),
        ("12", "2026-08-31", "2026-11-24"),
        ("52", "2026-08-17", "2026-11-24"),
        ("13", "2026-08-24", "2026-11-24"),
        ("year", "2026-08-17", "2026-11-24"),
        ("all", "2026-08-17", "2026-11-24"),
        ("2026-09-01..2026-09-30", "2026-09-01", "2026-09-30"),
        ("2026-09-30..2026-09-01", "2026-09-01", "2026-09-30"),
        ("..2026-09-30", "2026-08-17", "2026-09-30"),
        ("2026-09-01..", "2026-09-01", "2026-11-24"),
        ("2020-01-01..2030-01-01", "2026-08-17", "2026-11-24"),
    ],
)
def test_a_choice_is_the_held_days_of_it(text: str, first: str, last: str) -> None:
    """Dates beyond those that are held are cut; so are weeks before the first."""
    assert HELD.resolve(text) == DayRange(date.fromisoformat(first), date.fromisoformat(last))


@pytest.mark.parametrize(
    "text", ["", "0", "-4", "²", "4.5", "x", "99999", "2025-01-01..2025-02-01", "2026-13-01.."]
)
def test_what_names_no_held_day_is_no_choice(text: str) -> None:
    assert HELD.resolve(text) is None


def test_a_preset_of_weeks_has_that_number_of_whole_weeks() -> None:
    """The days after the newest whole week come on top."""
    period = HELD.resolve("4")
    assert period
    assert period.first.weekday() == 0
    assert (HELD.last_whole - period.first).days + 1 == 4 * 7


def test_the_period_before_is_as_long_and_ends_the_day_before() -> None:
    period = DayRange(date(2026, 3, 1), date(2026, 3, 31))
    assert period.before == DayRange(date(2026, 1, 29), date(2026, 2, 28))
    assert period.before.days == period.days == 31


def test_a_period_in_words() -> None:
    assert DayRange(date(2026, 3, 1), date(2026, 4, 30)).words == "1 Mar 2026 to 30 Apr 2026"


@given(st.dates(), st.integers(0, 3_000), st.integers(0, 6), st.text() | st.sampled_from("4 all"))
def test_any_choice_stays_within_the_held_days(
    first: date, length: int, after: int, text: str
) -> None:
    """Also in a file of one day, or of the first days of the calendar."""
    last = min(first, date(9000, 1, 1)) + timedelta(days=length)
    held = HeldDays(min(first, last), last, last - timedelta(days=after))
    for choice in (text, *(preset for preset, _ in PRESETS)):
        period = held.resolve(choice)
        assert period is None or held.first <= period.first <= period.last <= held.last


def test_a_day_is_written_in_one_way() -> None:
    assert parse_day("2026-03-01") == date(2026, 3, 1)
    for text in ("20260301", "2026-W09-7", "2026-02-30", ""):
        assert parse_day(text) is None


@pytest.mark.parametrize(
    ("first", "last", "weeks"),
    [
        ("2026-08-17", "2026-08-23", 1),
        ("2026-08-18", "2026-08-30", 1),
        ("2026-08-18", "2026-08-29", 0),
        ("2026-08-17", "2026-11-24", 14),
    ],
)
def test_only_weeks_from_monday_to_sunday_are_whole(first: str, last: str, weeks: int) -> None:
    assert DayRange(date.fromisoformat(first), date.fromisoformat(last)).weeks == weeks
