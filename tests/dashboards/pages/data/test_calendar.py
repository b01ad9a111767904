"""Calendar of the daily rankings: a square for each day, and why a day is not there."""

from datetime import date, datetime, timedelta

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.theme import Theme
from dashboards.pages.data.calendar import CELL, STATES, calendar, calendar_height, week_of_year

LIGHT = Theme()


def days(*states: tuple[str, str]) -> pl.DataFrame:
    """Return rows of the calendar: (day, state)."""
    rows = [
        {
            "date": date.fromisoformat(day),
            "state": state,
            "platform_tokens": None,
            "version": None,
            "as_of": None,
            "answer_sha256": "ab" * 32 if state != "not asked" else None,
        }
        for day, state in states
    ]
    kinds = {
        "platform_tokens": pl.Int64,
        "version": pl.Int64,
        "as_of": pl.Datetime("us", "UTC"),
        "answer_sha256": pl.String,
    }
    return pl.DataFrame(rows, schema_overrides=kinds)


THREE = days(("2025-12-31", "missing"), ("2026-01-01", "restated"), ("2026-01-02", "not asked"))


@given(st.dates(date(2020, 1, 1), date(2040, 12, 31)))
def test_weeks_go_from_monday_to_sunday(day: date) -> None:
    """A Monday begins a column, and the last week of a year has room too."""
    assert 0 <= week_of_year(day) <= 53
    before = day - timedelta(days=1)
    if before.year == day.year:
        assert week_of_year(day) - week_of_year(before) == int(day.weekday() == 0)


def test_a_year_is_a_row_of_weeks() -> None:
    old, new = (trace for trace in calendar(THREE, LIGHT).data if trace.type == "bar")
    assert (old.text, old.x) == (("m",), (week_of_year(date(2025, 12, 31)),))
    assert [round(base + CELL / 2) for base in new.base] == [3, 4]


def test_a_day_leads_to_its_raw_answer_and_an_unasked_one_nowhere() -> None:
    _, new = (trace for trace in calendar(THREE, LIGHT).data if trace.type == "bar")
    assert list(new.customdata) == [f"/data?answer={'ab' * 32}", ""]


def test_an_unknown_total_is_not_a_zero() -> None:
    _, new = (trace for trace in calendar(THREE, LIGHT).data if trace.type == "bar")
    assert new.hovertext[0] == "Thu 2026-01-01: restated"


def test_a_known_day_says_all_that_is_known() -> None:
    rows = days(("2026-01-01", "restated")).with_columns(
        platform_tokens=pl.lit(1_234_567),
        version=pl.lit(2),
        as_of=pl.lit(datetime(2026, 1, 3, 9)).dt.replace_time_zone("UTC"),
    )
    [bar] = (trace for trace in calendar(rows, LIGHT).data if trace.type == "bar")
    assert bar.hovertext[0].split("<br>") == [
        "Thu 2026-01-01: restated",
        "1,234,567 tokens",
        "version 2",
        "as of 2026-01-03 09:00 UTC",
    ]


def test_each_state_has_a_sign_and_a_count_in_the_legend() -> None:
    names = [trace.name for trace in calendar(THREE, LIGHT).data if trace.type == "scatter"]
    assert names == ["restated (r): 1 days", "missing (m): 1 days", "not asked (·): 1 days"]


def test_no_two_states_share_colour_or_sign() -> None:
    assert len({colour for colour, _ in STATES.values()}) == len(STATES)
    assert len({sign for _, sign in STATES.values()}) == len(STATES)


@pytest.mark.parametrize(("years", "height"), [(1, 252), (2, 414)])
def test_the_calendar_is_as_tall_as_its_years(years: int, height: int) -> None:
    assert calendar_height(years) == height


def test_an_empty_frame_draws() -> None:
    assert not calendar(THREE.clear(), LIGHT).data
