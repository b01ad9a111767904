"""Predicted gains for devices of public sheets, and what a stated gain implies."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from models.errors import BadConfig
from models.expert_parallel.device_links import (
    STATED_RATIO,
    predict_all,
    predict_gains,
    ratios_for_gain,
    read_device_links,
)
from models.expert_parallel.predictor import ideal_speedup


def test_the_reports_own_theory_is_found_again() -> None:
    """It states 1.42 for Comet and 1.92 for waves, whose number it does not state."""
    gains = predict_gains(STATED_RATIO)
    assert gains.comet == pytest.approx(1.42, abs=0.015)
    assert gains.waves[0] < gains.waves[1] < 1.92 <= gains.ideal + 1e-9
    assert gains.waves[1] == pytest.approx(1.92, abs=0.04)


def test_every_device_has_a_source_and_a_gain_for_each_shape() -> None:
    devices, shapes = read_device_links()
    assert {"H800, NVLink", "H200, NVLink", "GB300, NVLink"} < {each.name for each in devices}
    assert {"Ascend 910C, UB", "Ascend 950DT, UB"} < {each.name for each in devices}
    assert all(each.source_url.startswith("https://") and each.note for each in devices)
    found = list(predict_all())
    assert len(found) == len(devices) * len(shapes)
    assert all(1 < min(gains.waves) <= gains.ideal + 1e-9 <= 2 for _, _, gains in found)


@given(st.floats(0.01, 50))
def test_no_schedule_gains_more_than_the_ideal(ratio: float) -> None:
    gains = predict_gains(ratio)
    assert max(gains.comet, *gains.waves) <= gains.ideal + 1e-9


@given(st.floats(1.01, 2))
def test_a_gain_bounds_the_ratio(gain: float) -> None:
    """At both ends it is just possible."""
    least, most = ratios_for_gain(gain)
    assert ideal_speedup(least) == pytest.approx(gain)
    assert ideal_speedup(most) == pytest.approx(gain)
    assert least <= 1 <= most


@pytest.mark.parametrize("gain", [0.5, 1, 2.1])
def test_a_gain_that_no_ratio_allows_is_refused(gain: float) -> None:
    with pytest.raises(BadConfig, match="at most 2 times"):
        ratios_for_gain(gain)
