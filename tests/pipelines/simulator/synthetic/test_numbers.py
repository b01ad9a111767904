"""Noise, parts that sum to a total, and interpolation."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.synthetic.numbers import interpolate, noise, one_noise, share_out

WEIGHTS = st.lists(st.floats(min_value=1e-6, max_value=1e6), min_size=1, max_size=60)


@given(total=st.integers(min_value=0, max_value=10**16), weights=WEIGHTS)
def test_parts_sum_to_the_total(total, weights):
    """No token is lost or added, and no part is more than a token off its exact share."""
    parts = share_out(total, weights)
    assert sum(parts) == total
    exact = [total * weight / sum(weights) for weight in weights]
    assert all(
        abs(part - share) <= 2 + total * 1e-12 for part, share in zip(parts, exact, strict=True)
    )


def test_noise_is_the_same_everywhere():
    """It comes from a standard hash, so a longer sequence begins like a shorter one."""
    assert noise(2, 1, "day", date(2026, 1, 1)) == noise(3, 1, "day", date(2026, 1, 1))[:2]
    assert noise(3, 1, "day", date(2026, 1, 1)) == [
        0.18698995327576995,
        0.6930516376160085,
        0.5354724677745253,
    ]
    assert one_noise("a", 1) == noise(1, "a", 1)[0]


@given(seed=st.integers(0, 10**6), key=st.text(max_size=8))
def test_noise_is_in_the_unit_interval(seed, key):
    """One is excluded, so that a draw is always a valid index of a list."""
    assert all(0 <= draw < 1 for draw in noise(20, seed, key))


def test_interpolation_is_level_beyond_its_ends():
    """Unknown values are not extrapolated."""
    assert [interpolate(at, [0, 10], [1, 3]) for at in (-5, 0, 5, 10, 15)] == [1, 1, 2, 3, 3]


@given(
    at=st.floats(-10, 40),
    ys=st.lists(st.floats(-100, 100), min_size=4, max_size=4),
)
def test_interpolation_stays_between_its_points(at, ys):
    """And meets them exactly."""
    xs = [0.0, 10.0, 20.0, 30.0]
    slack = 1e-9
    assert min(ys) - slack <= interpolate(at, xs, ys) <= max(ys) + slack
    assert [interpolate(x, xs, ys) for x in xs] == pytest.approx(ys)
