"""Gaps and changes of the lead against seeded leaderboards whose truth is known."""

import pytest
from support.coverage.seeded_markets import kind_of, measure, total
from support.marts.compiled_sql import Marts

pytestmark = pytest.mark.slow

FEW = 100


def test_intervals_of_gaps_hold_the_truth(compiled: Marts) -> None:
    """Of a hundred, 95 do; fewer than 88 in one of a thousand sets. `make coverage` has more."""
    assert total(measure(compiled, kind_of("quality_gap"), FEW)).held >= 88


def test_changes_of_the_lead_are_found(compiled: Marts) -> None:
    """Each between two days that are known, and no other one for certain."""
    clear = measure(compiled, kind_of("lead_changes"), FEW)[0]
    assert clear.how == "models 20 to 60 points apart"
    assert clear.stated >= 0.95 * clear.planted
    assert clear.held == clear.stated
