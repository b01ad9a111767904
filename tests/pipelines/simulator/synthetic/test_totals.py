"""Tokens of the platform by day."""

from datetime import date, timedelta
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.market_protocol import MISSING_DATES, date_range
from pipelines.simulator.synthetic.totals import day_total, months, share_on

SHARES = ("other", "china", "us", "open_weight", "free")
LAST = months()[-1].last


@pytest.mark.parametrize("month", months(), ids=lambda month: month.first.isoformat()[:7])
def test_the_days_of_a_month_sum_to_its_total(month):
    """For every seed, to the token."""
    for seed in (1, 2):
        days = [day_total(seed, day) for day in date_range(month.first, month.last)]
        assert sum(days) == month.total_tokens


def test_the_control_months_follow_each_other():
    """Without a gap; only the last one may be incomplete."""
    for month, following in pairwise(months()):
        assert following.first == month.last + timedelta(days=1)


@given(seed=st.integers(0, 1000), day=st.dates(date(2025, 1, 1), date(2026, 12, 31)))
def test_a_day_has_tokens_unless_the_source_lacks_it(seed, day):
    """The same number at every call."""
    total = day_total(seed, day)
    assert (total == 0) == (day in MISSING_DATES)
    assert total == day_total(seed, day)


@given(day=st.dates(date(2024, 6, 1), date(2027, 6, 1)))
def test_shares_are_fractions(day):
    """China and the US leave the rest to Europe."""
    assert all(0 <= share_on(name, day) <= 1 for name in SHARES)
    assert share_on("china", day) + share_on("us", day) < 1


@pytest.mark.parametrize("name", SHARES)
def test_shares_stay_level_after_the_last_month(name):
    """Nothing is known of them there."""
    assert share_on(name, LAST) == share_on(name, LAST + timedelta(days=400))


def test_growth_slows_down_after_the_last_month():
    """By week, so that neither weekends nor noise matter much."""
    weeks = [
        sum(day_total(1, LAST + timedelta(days=7 * week + n)) for n in range(1, 8))
        for week in (0, 4, 8, 12)
    ]
    first, second, third = (b / a for a, b in pairwise(weeks))
    assert first > second > third > 1
