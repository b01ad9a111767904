"""Intervals of elasticities against seeded changes of price."""

import pytest
from support.coverage.seeded_markets import kind_of, measure, total
from support.marts.compiled_sql import Marts

pytestmark = pytest.mark.slow


def test_intervals_of_elasticities_hold_the_truth(compiled: Marts) -> None:
    """Also where days are alike. Of a hundred, 95 do; `make coverage` has a thousand."""
    found = total(measure(compiled, kind_of("prices"), 100))
    assert found.stated == 100
    assert found.held >= 88
