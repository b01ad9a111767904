"""Plans of simulated fleets: what is planted, and the truth that follows."""

import math
from dataclasses import replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.errors import BadFleet
from pipelines.simulator.fleet.plan import FleetPlan

EVEN = FleetPlan(straggler_share=0, lost_share=0)


def test_an_even_fleet_loses_only_what_it_waits_for() -> None:
    """10 ms of computing, and three tenths of 2 GB over 392 GB/s."""
    truth = EVEN.truth()
    assert truth.scaling_efficiency == pytest.approx(10 / (10 + 0.3 * 2000 / 392))
    assert truth.exposed_share == pytest.approx(1 - truth.scaling_efficiency)
    assert truth.tokens_per_second == pytest.approx(6400 * truth.scaling_efficiency)
    assert truth.weakest_share == 1
    assert truth.joules_per_token == pytest.approx(64 * 350 / truth.tokens_per_second)


def test_a_faster_link_and_more_overlap_scale_better() -> None:
    scaling = EVEN.truth().scaling_efficiency
    assert replace(EVEN, link_gigabytes_per_second=900).truth().scaling_efficiency > scaling
    assert replace(EVEN, overlap=1.0).truth().scaling_efficiency == 1


@given(st.integers(1, 8192), st.integers(1, 64), st.integers(0, 9))
def test_every_device_is_in_one_target(devices: int, each: int, seed: int) -> None:
    plan = FleetPlan(devices=devices, devices_per_target=each, seed=seed)
    truth = plan.truth()
    assert sum(target.devices for target in plan.targets) == devices == truth.devices
    assert all(0 <= target.lost <= target.devices for target in plan.targets)
    assert 0 <= truth.scaling_efficiency <= 1


@pytest.mark.parametrize(
    "change",
    [
        {"devices": 0},
        {"devices": 9000},
        {"devices_per_target": 0},
        {"link_gigabytes_per_second": 0.0},
        {"link_gigabytes_per_second": math.nan},
        {"bytes_per_token": math.inf},
        {"overlap": 1.1},
        {"lost_share": -0.1},
        {"alone_tokens_per_second": 0},
        {"straggler_slowness": 0.5},
    ],
)
def test_a_fleet_that_cannot_be_is_refused(change: dict[str, Any]) -> None:
    with pytest.raises(BadFleet):
        FleetPlan(**change)
