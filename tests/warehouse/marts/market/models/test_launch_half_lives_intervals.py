"""Intervals of half-lives against seeded families that fade."""

import pytest
from support.coverage.seeded_markets import kind_of, measure, total
from support.marts.compiled_sql import Marts

pytestmark = pytest.mark.slow


def test_intervals_of_half_lives_hold_the_truth(compiled: Marts) -> None:
    """Also where days are alike. Of a hundred, 95 do; `make coverage` has a thousand."""
    found = total(measure(compiled, kind_of("half_lives"), 100))
    assert found.stated >= 95
    assert found.held >= 0.88 * found.stated
