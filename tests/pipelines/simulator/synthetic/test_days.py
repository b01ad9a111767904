"""Tokens by listing and day: totals, strata, and the state of knowledge."""

from collections import Counter
from datetime import date, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pipelines.simulator.synthetic.days import (
    LATE_PART,
    OTHER_RANGE,
    day_as_known,
    final_day,
    provisional_day,
)
from pipelines.simulator.synthetic.totals import day_total, share_on

DAYS = st.dates(date(2025, 1, 1), date(2026, 11, 20))
DAY = timedelta(days=1)
few = settings(max_examples=20, deadline=None, derandomize=True)


@few
@given(seed=st.integers(0, 50), day=DAYS)
def test_a_day_sums_to_the_platforms_total(seed, day):
    """Listings and hidden tail together, to the token."""
    generated = final_day(seed, day)
    if generated is None:
        assert day_total(seed, day) == 0
        return
    assert sum(generated.tokens.values()) + generated.hidden_tokens == day_total(seed, day)
    assert all(listing.launched <= day for listing in generated.tokens)


@few
@given(seed=st.integers(0, 50), day=DAYS)
def test_the_strata_follow_the_control_shares(seed, day):
    """Within three points, since only ranked listings are controlled by month."""
    generated = final_day(seed, day)
    if generated is None:
        return
    tokens = Counter()
    for listing, count in generated.tokens.items():
        tokens["all"] += count
        tokens["china"] += count * (listing.model.author.bloc == "CN")
        tokens["us"] += count * (listing.model.author.bloc == "US")
        tokens["open_weight"] += count * listing.model.is_open
        tokens["free"] += count * listing.is_free
    for name in ("china", "us", "open_weight", "free"):
        assert tokens[name] / tokens["all"] == pytest.approx(share_on(name, day), abs=0.03)


@few
@given(day=DAYS)
def test_provisional_figures_are_slightly_low(day):
    """Each is at most a part in five thousand below the final one, and never above."""
    final, provisional = final_day(1, day), provisional_day(1, day)
    if final is None:
        assert provisional is None
        return
    pairs = [(final.tokens[listing], early) for listing, early in provisional.tokens.items()]
    for complete, early in [*pairs, (final.hidden_tokens, provisional.hidden_tokens)]:
        assert complete * (1 - LATE_PART) - 1 <= early <= complete


def test_a_day_is_unknown_then_provisional_then_final():
    """It appears when it is over and is restated once."""
    day = date(2026, 5, 5)
    assert day_as_known(1, day, day) is None
    assert day_as_known(1, day, day + DAY) == provisional_day(1, day)
    assert day_as_known(1, day, day + 2 * DAY) == final_day(1, day)
    assert day_as_known(1, day, day + 200 * DAY) == final_day(1, day)


def test_the_missing_days_have_no_figures():
    """Nor has any day before the first."""
    for day in (date(2025, 6, 15), date(2025, 7, 15), date(2024, 12, 31)):
        assert final_day(1, day) is provisional_day(1, day) is None


def test_the_share_of_other_stays_in_its_range():
    """Over all days of a year, whatever the hidden tail."""
    low, high = OTHER_RANGE
    for n in range(0, 365, 15):
        generated = final_day(1, date(2025, 8, 1) + n * DAY)
        ranked = sum(sorted(generated.tokens.values(), reverse=True)[:50])
        total = sum(generated.tokens.values()) + generated.hidden_tokens
        assert low - 0.001 <= 1 - ranked / total <= high + 0.02
