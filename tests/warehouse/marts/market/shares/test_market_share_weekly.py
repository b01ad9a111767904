"""Bounds of a share, for any market."""

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.warehouse.compiled_sql import CompiledModels, Row
from support.warehouse.synthetic_rankings import Model, key, market

pytestmark = pytest.mark.slow


def share_of_first(compiled: CompiledModels, counts: list[int], other: int) -> Row:
    """Return the share of the first of these models, each by its own author."""
    models = tuple(Model(f"m{n}", f"m{n}", count) for n, count in enumerate(counts))
    rows = compiled.rows("market_share_weekly", market(models, other, days=7))
    wanted = ("platform", "releasing_lab", "author", "m0")
    return next(row for row in rows if key(row) == wanted)


@settings(max_examples=10, deadline=None)
@given(
    named=st.lists(st.integers(1, 10**6), min_size=3, max_size=6),
    tail=st.integers(0, 10**6),
    part=st.floats(0, 1),
)
def test_bounds_hold_the_true_share_and_close_as_more_models_are_named(
    compiled: CompiledModels, named: list[int], tail: int, part: float
) -> None:
    """Any part of `other` may be the member's own. The more models are named, the less is open."""
    counts = sorted(named, reverse=True)
    widths = []
    for n in range(1, len(counts) + 1):
        other = sum(counts[n:]) + tail
        row = share_of_first(compiled, counts[:n], other)
        truth = (counts[0] + part * other) / (sum(counts) + tail)
        assert row["share_low"] - 1e-9 <= truth <= row["share_high"] + 1e-9
        widths.append(row["share_high"] - row["share_low"])
    assert widths == sorted(widths, reverse=True)
