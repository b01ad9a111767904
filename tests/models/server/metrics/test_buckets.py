"""Buckets of lengths."""

import pytest

from models.server.metrics.buckets import length_buckets


@pytest.mark.parametrize(
    ("limit", "buckets"),
    [
        (1, (1,)),
        (4, (1, 2)),
        (50, (1, 2, 5, 10, 20, 50)),
        (256, (1, 2, 5, 10, 20, 50, 100, 200)),
        (2048, (1, 2, 5, 10, 20, 50, 100, 200, 500, 1000, 2000)),
    ],
)
def test_lengths_have_three_buckets_per_power_of_ten(limit: int, buckets: tuple[int, ...]) -> None:
    """Up to the model's context."""
    assert length_buckets(limit) == buckets
