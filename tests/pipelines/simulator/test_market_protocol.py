"""Queries, dates and instants that all markets share."""

from dataclasses import replace
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.clock import parse_instant
from pipelines.simulator.market_protocol import RankingsQuery, date_range, format_instant

PLAIN = RankingsQuery(date(2026, 5, 1), date(2026, 5, 2))


@given(start=st.dates(date(2024, 1, 1), date(2027, 1, 1)), length=st.integers(0, 800))
def test_a_date_range_holds_both_ends_and_every_day_between(start, length):
    """In order, each date once."""
    dates = date_range(start, start + timedelta(days=length))
    assert (dates[0], dates[-1], len(dates)) == (start, start + timedelta(days=length), length + 1)
    assert dates == sorted(set(dates))


def test_an_end_before_the_start_is_an_empty_range():
    """No date is made up."""
    assert date_range(date(2026, 5, 2), date(2026, 5, 1)) == []


@given(instant=st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)))
def test_an_instant_is_written_in_milliseconds(instant):
    """Reading it again loses less than a millisecond."""
    text = format_instant(instant.replace(tzinfo=UTC))
    assert (len(text), text[-1]) == (24, "Z")
    lost = instant.replace(tzinfo=UTC) - parse_instant(text)
    assert timedelta(0) <= lost < timedelta(milliseconds=1)


@pytest.mark.parametrize(
    "filters",
    [
        {"period": "week"},
        {"modality": "text"},
        {"context_bucket": "1K"},
        {"category": "legal"},
        {"language_type": "natural"},
    ],
)
def test_only_the_daily_ranking_without_filters_is_plain(filters):
    """Any filter, or another period, makes it a different data set."""
    assert PLAIN.is_plain
    assert not replace(PLAIN, **filters).is_plain


def test_categories_and_language_types_are_estimates():
    """The other filters are exact."""
    assert replace(PLAIN, category="legal").is_estimate
    assert replace(PLAIN, language_type="natural").is_estimate
    assert not replace(PLAIN, modality="text", context_bucket="1K").is_estimate
