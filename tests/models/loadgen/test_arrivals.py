"""Arrivals: repeatable for a seed, in order, at the requested speed."""

from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.loadgen.arrivals import (
    Arrival,
    cap_tokens,
    poisson_arrivals,
    scale_speed,
)

ARRIVALS = st.builds(Arrival, st.just(0.0), st.integers(1, 10_000), st.integers(1, 10_000))


@given(rate=st.floats(0.01, 1000), requests=st.integers(1, 200), seed=st.integers(0, 2**32))
def test_poisson_arrivals_are_ordered_and_repeatable(rate: float, requests: int, seed: int) -> None:
    """Equal seeds give equal moments, each later than the one before."""
    arrivals = poisson_arrivals(rate, requests, 128, 64, seed)
    assert arrivals == poisson_arrivals(rate, requests, 128, 64, seed)
    assert len(arrivals) == requests
    times = [each.at_s for each in arrivals]
    assert times == sorted(times)
    assert times[0] >= 0


def test_poisson_arrivals_have_the_mean_and_deviation_of_a_poisson_process() -> None:
    """Both are 1/rate. A metronome would have no deviation."""
    times = [each.at_s for each in poisson_arrivals(8.0, 20_000, 1, 1, seed=3)]
    gaps = [after - before for before, after in pairwise(times)]
    mean = sum(gaps) / len(gaps)
    deviation = (sum((gap - mean) ** 2 for gap in gaps) / len(gaps)) ** 0.5
    assert mean == pytest.approx(1 / 8, rel=0.03)
    assert deviation == pytest.approx(1 / 8, rel=0.03)


def test_another_seed_gives_other_moments() -> None:
    """A second load test is a second sample."""
    assert poisson_arrivals(5, 10, 1, 1, seed=0) != poisson_arrivals(5, 10, 1, 1, seed=1)


@given(rate=st.floats(0.1, 100), speed=st.floats(0.01, 100))
def test_speed_divides_every_moment_and_nothing_else(rate: float, speed: float) -> None:
    """Twice the speed is half the time. The requests stay the same."""
    arrivals = poisson_arrivals(rate, 20, 5, 6, seed=1)
    faster = scale_speed(arrivals, speed)
    assert [each.at_s for each in faster] == pytest.approx([each.at_s / speed for each in arrivals])
    assert {(each.prompt_tokens, each.output_tokens) for each in faster} == {(5, 6)}


@given(arrival=ARRIVALS, limit=st.integers(2, 20_000))
def test_a_capped_request_fits_and_keeps_some_of_both(arrival: Arrival, limit: int) -> None:
    """Prompt and completion keep at least one token. A request that fits does not change."""
    fitting = cap_tokens(arrival, limit)
    assert fitting.prompt_tokens + fitting.output_tokens <= limit
    assert 1 <= fitting.prompt_tokens <= arrival.prompt_tokens
    assert 1 <= fitting.output_tokens <= arrival.output_tokens
    if arrival.prompt_tokens + arrival.output_tokens <= limit:
        assert fitting == arrival


@pytest.mark.parametrize(
    ("requested", "fitting"),
    [((4808, 10), (502, 10)), ((110, 1899), (110, 402)), ((4000, 2000), (256, 256))],
)
def test_the_prompt_is_shortened_before_the_completion(
    requested: tuple[int, int], fitting: tuple[int, int]
) -> None:
    """Down to half of the limit."""
    assert cap_tokens(Arrival(0.0, *requested), 512) == Arrival(0.0, *fitting)
