"""The predictor agrees with what was published, and never promises the impossible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadConfig
from models.expert_parallel.predictor import (
    StageTimes,
    attainment,
    balanced,
    comet_limit,
    ideal_speedup,
    overlap_efficiency,
    ratio_from_shape,
)

seconds = st.floats(min_value=1e-4, max_value=10)
stages = st.builds(StageTimes, seconds, seconds, seconds, seconds)
counts = st.integers(min_value=1, max_value=32)


def speedup(times: StageTimes, schedule: str, waves: int) -> float:
    return times.predict("serial") / times.predict(schedule, waves)


@pytest.mark.parametrize(
    ("schedule", "waves", "published"), [("comet", 8, 1.42), ("waves", 48, 1.92)]
)
def test_published_speedups_are_reproduced(schedule, waves, published):
    assert speedup(balanced(0.92), schedule, waves) == pytest.approx(published, abs=0.05)


def test_the_ratio_follows_from_the_shape():
    assert ratio_from_shape(1979e12, 450e9, 2048) == pytest.approx(1.07, abs=0.01)


def test_measures_of_success_are_one_when_everything_is_hidden():
    assert overlap_efficiency(serial=3, overlapped=2, communication=1, computation=2) == 1
    assert attainment(ideal_speedup(0.5), 0.5) == 1


@given(stages, counts)
def test_no_schedule_beats_the_ideal_or_loses_to_serial(times, waves):
    assert 1 - 1e-9 <= speedup(times, "waves", waves) <= ideal_speedup(times.ratio) + 1e-9
    assert 1 - 1e-9 <= speedup(times, "comet", waves) <= comet_limit(times) + 1e-9


@given(stages, counts)
def test_twice_the_waves_never_cost_time_when_waves_are_free(times, waves):
    for schedule in ("comet", "waves"):
        assert times.predict(schedule, 2 * waves) <= times.predict(schedule, waves) * (1 + 1e-9)


@given(stages, counts, seconds)
def test_a_slower_link_never_saves_time(times, waves, extra):
    slower = StageTimes(times.dispatch + extra, times.linear_1, times.linear_2, times.combine)
    for schedule in ("serial", "comet", "waves"):
        assert slower.predict(schedule, waves) >= times.predict(schedule, waves) * (1 - 1e-9)


@given(st.floats(min_value=0.01, max_value=100))
def test_comet_never_passes_one_and_a_half(rho):
    assert comet_limit(balanced(rho)) <= 1.5 + 1e-9


def test_impossible_numbers_are_refused():
    with pytest.raises(BadConfig, match="0 or more"):
        StageTimes(-1, 1, 1, 1)
    with pytest.raises(BadConfig, match="1 or more"):
        balanced(1).predict("waves", 0)
    with pytest.raises(BadConfig, match="above 0"):
        ratio_from_shape(1, 0, 1)
