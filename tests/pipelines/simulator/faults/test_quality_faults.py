"""Faults in measures of quality change copies alone."""

import copy

import pytest

from pipelines.simulator.faults.quality_faults import QUALITY_FAULTS

ROWS = [{"rating": 1.0, "organization": "A", "rating_lower": 0.5, "rating_upper": 1.5}] * 5


@pytest.mark.parametrize("kind", QUALITY_FAULTS)
def test_a_fault_changes_a_copy(kind: str) -> None:
    rows = copy.deepcopy(ROWS)
    assert QUALITY_FAULTS[kind](rows) != ROWS
    assert rows == ROWS
