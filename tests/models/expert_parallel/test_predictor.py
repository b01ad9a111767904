"""The predictor agrees with published figures and never predicts the impossible."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.config import Schedule
from models.errors import BadConfig
from models.expert_parallel.predictor import (
    StageTimes,
    attainment,
    balanced_stages,
    comet_limit,
    ideal_speedup,
    overlap_efficiency,
    ratio_from_shape,
)

seconds = st.floats(min_value=1e-4, max_value=10)
stages = st.builds(StageTimes, seconds, seconds, seconds, seconds)
counts = st.integers(min_value=1, max_value=32)


def speedup(times: StageTimes, schedule: Schedule, waves: int) -> float:
    """Divide the serial time by that of a schedule."""
    return times.predict("serial") / times.predict(schedule, waves)


@pytest.mark.parametrize(
    ("schedule", "waves", "published"), [("comet", 8, 1.42), ("waves", 48, 1.92)]
)
def test_published_speedups_are_reproduced(
    schedule: Schedule, waves: int, published: float
) -> None:
    """The DeepSeek V4 report states 1.42 for Comet and 1.92 for waves."""
    assert speedup(balanced_stages(0.92), schedule, waves) == pytest.approx(published, abs=0.05)


def test_the_ratio_follows_from_the_shape() -> None:
    """An H100 with NVLink and experts 2048 wide."""
    assert ratio_from_shape(1979e12, 450e9, 2048) == pytest.approx(1.07, abs=0.01)


def test_efficiency_and_attainment_are_1_if_everything_is_hidden() -> None:
    """Both measure the reached share of the possible gain."""
    assert overlap_efficiency(serial=3, overlapped=2, communication=1, computation=2) == 1
    assert attainment(ideal_speedup(0.5), 0.5) == 1


@given(stages, counts)
def test_no_schedule_beats_the_ideal_or_loses_to_serial(times: StageTimes, waves: int) -> None:
    """If waves cost nothing."""
    assert 1 - 1e-9 <= speedup(times, "waves", waves) <= ideal_speedup(times.ratio) + 1e-9
    assert 1 - 1e-9 <= speedup(times, "comet", waves) <= comet_limit(times) + 1e-9


@given(stages, counts)
def test_twice_the_waves_never_cost_time_if_waves_are_free(times: StageTimes, waves: int) -> None:
    """More waves overlap more."""
    schedules: list[Schedule] = ["comet", "waves"]
    for schedule in schedules:
        assert times.predict(schedule, 2 * waves) <= times.predict(schedule, waves) * (1 + 1e-9)


@given(stages, counts, seconds)
def test_a_slower_link_never_saves_time(times: StageTimes, waves: int, extra: float) -> None:
    """In any schedule."""
    slower = StageTimes(times.dispatch + extra, times.linear_1, times.linear_2, times.combine)
    schedules: list[Schedule] = ["serial", "comet", "waves"]
    for schedule in schedules:
        assert slower.predict(schedule, waves) >= times.predict(schedule, waves) * (1 - 1e-9)


@given(st.floats(min_value=0.01, max_value=100))
def test_comet_never_exceeds_a_speedup_of_1_5(rho: float) -> None:
    """With stages of an expert with gate and up projections."""
    assert comet_limit(balanced_stages(rho)) <= 1.5 + 1e-9


def test_impossible_numbers_are_refused() -> None:
    """The message says which numbers are possible."""
    with pytest.raises(BadConfig, match="0 or more"):
        StageTimes(-1, 1, 1, 1)
    with pytest.raises(BadConfig, match="1 or more"):
        balanced_stages(1).predict("waves", 0)
    with pytest.raises(BadConfig, match="Predict serial, comet or waves"):
        balanced_stages(1).predict("fused")
    with pytest.raises(BadConfig, match="above 0"):
        ratio_from_shape(1, 0, 1)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_numbers_that_are_none_are_refused(value: float) -> None:
    """A comparison with them is false, so they must be asked for what they are."""
    with pytest.raises(BadConfig, match="finite"):
        StageTimes(1, value, 1, 1)
    with pytest.raises(BadConfig, match="finite"):
        ratio_from_shape(1e15, value, 2048)
    with pytest.raises(BadConfig, match="no ratio"):
        _ = StageTimes(1, 0, 0, 1).ratio
