"""The clock of a process, while the machine's clock is set."""

import time

from hypothesis import given
from hypothesis import strategies as st

from pipelines.sources.client.steady_clock import SteadyClock, steady_now


def test_it_is_the_machines_clock() -> None:
    """As long as nobody sets that."""
    assert abs(steady_now() - time.time()) < 1


@given(st.lists(st.tuples(st.integers(1, 100), st.integers(-10_000, 10_000)), max_size=20))
def test_it_never_goes_back_and_never_stands_still(steps: list[tuple[int, int]]) -> None:
    """It goes on by at least the seconds that pass, and follows steps forward."""
    ticks, wall = [0.0], [1_000_000.0]
    clock = SteadyClock(lambda: wall[0], lambda: ticks[0])
    for seconds, set_by in steps:
        before = clock.now()
        ticks[0] += seconds
        wall[0] += seconds + set_by
        assert clock.now() >= max(before + seconds, wall[0])
