"""Sharing out tokens, for any total and any weights."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.api.windows import rankings_query
from pipelines.simulator.errors import InvalidRequest
from pipelines.simulator.market_protocol import RankingsQuery
from pipelines.simulator.synthetic.models import listings
from pipelines.simulator.synthetic.numbers import interpolate, noise, share_out
from pipelines.simulator.synthetic.slices import context_edges

WEIGHTS = st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=60)


@given(total=st.integers(min_value=0, max_value=10**16), weights=WEIGHTS)
def test_shares_add_up_to_the_token(total, weights):
    """No token is lost or made, and no part is more than one token off its due."""
    parts = share_out(total, weights)
    assert sum(parts) == total
    due = [total * weight / sum(weights) for weight in weights]
    assert all(abs(part - fair) <= 2 + total * 1e-12 for part, fair in zip(parts, due, strict=True))


def test_noise_is_fixed_for_ever():
    """The numbers come from a standard hash, so they are the same on every machine."""
    assert noise(2, 1, "day", date(2026, 1, 1)) == noise(3, 1, "day", date(2026, 1, 1))[:2]
    assert noise(1, "a", 1) == [pytest.approx(0.11, abs=1)]


def test_interpolation_is_level_beyond_its_ends():
    """What is not known is not extrapolated here."""
    assert [interpolate(at, [0, 10], [1, 3]) for at in (-5, 0, 5, 10, 15)] == [1, 1, 2, 3, 3]


def test_context_buckets_of_every_listing_are_whole():
    """The cuts start at nothing, end at everything and never go back."""
    for listing in (None, *listings()):
        edges = context_edges(1, listing)
        assert (edges[0], edges[-1]) == (0, 10_000)
        assert list(edges) == sorted(edges)


@given(
    start=st.none() | st.dates(date(2020, 1, 1), date(2027, 1, 1)),
    end=st.none() | st.dates(date(2020, 1, 1), date(2027, 1, 1)),
)
def test_a_window_is_valid_or_refused(start, end):
    """Whatever is asked, what is served lies between the first day and yesterday and is not longer than allowed."""
    params = {
        name: day.isoformat() for name, day in (("start_date", start), ("end_date", end)) if day
    }
    today = date(2026, 11, 21)
    try:
        query = rankings_query(params, today)
    except InvalidRequest:
        return
    assert isinstance(query, RankingsQuery)
    assert date(2025, 1, 1) <= query.start <= query.end < today
    assert (query.end - query.start).days < 366
