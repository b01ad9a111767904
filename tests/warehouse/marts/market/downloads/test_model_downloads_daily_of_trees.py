"""Roots and downloads of seeded trees of models."""

import pytest
from support.coverage.seeded_markets import kind_of, measure
from support.marts.compiled_sql import Marts

pytestmark = pytest.mark.slow


def test_seeded_trees_are_found_with_their_downloads(compiled: Marts) -> None:
    """With circles, merges, renames, missing bases, and counters that stand still."""
    for part in measure(compiled, kind_of("download_trees"), 60):
        assert part.held == part.stated == part.planted > 0, part.how
