"""Intervals by resampling, beside values written out and coverage of a known truth."""

from random import Random

import pytest

from models.pilot.intervals import (
    Ratio,
    compare,
    simultaneous_level,
    student_quantile,
    total,
)


@pytest.mark.parametrize(
    ("freedom", "level", "expected"),
    [(1, 0.95, 12.706), (2, 0.95, 4.303), (5, 0.99, 4.032), (19, 0.95, 2.093), (20, 0.99, 2.845)],
)
def test_quantiles_are_those_of_students_table(freedom: int, level: float, expected: float) -> None:
    assert student_quantile(freedom, level) == pytest.approx(expected, abs=5e-4)


def test_several_intervals_hold_together_at_a_higher_level_of_each() -> None:
    assert simultaneous_level(0.95, 8) == pytest.approx(0.99375)
    assert simultaneous_level(0.95, 0) == 0.95


def test_figures_are_sums_over_sums() -> None:
    """A long block counts more than a short one."""
    assert total([Ratio(10, 1), Ratio(10, 9)]) == 2.0


def test_equal_seeds_give_equal_intervals() -> None:
    random = Random(1)
    a, b = ([Ratio(random.gauss(10, 1), 1) for _ in range(12)] for _ in "ab")
    assert compare(a, b, 0.95, seed=3) == compare(a, b, 0.95, seed=3)
    assert compare(a, b, 0.95, seed=3) != compare(a, b, 0.95, seed=4)


def test_what_pairs_have_in_common_cancels() -> None:
    """Blocks differ a hundredfold, and B is always twice A."""
    a = [Ratio(10.0**number, 1) for number in (0, 1, 2, 0, 1, 2, 0, 1)]
    found = compare(a, [Ratio(2 * each.sum, 1) for each in a], 0.95, seed=0)
    assert found.ratio is not None
    assert (found.ratio.low, found.ratio.high) == (pytest.approx(2), pytest.approx(2))


def test_one_block_that_differs_leaves_0_within() -> None:
    """One bad block of twelve is no proof."""
    a = [Ratio(1, 1)] * 12
    found = compare(a, [*a[1:], Ratio(5, 1)], 0.95, seed=0)
    assert found.difference.low <= 0 <= found.difference.high


def test_a_figure_of_0_has_no_ratio() -> None:
    found = compare([Ratio(0, 1)] * 8, [Ratio(1, 1)] * 8, 0.95, seed=0)
    assert found.ratio is None
    assert found.difference.low > 0


def test_a_ratio_that_most_blocks_do_not_have_is_not_given() -> None:
    """A resample without that block divides by 0."""
    a = [Ratio(0, 1)] * 11 + [Ratio(1, 1)]
    assert compare(a, [Ratio(1, 1)] * 12, 0.95, seed=0).ratio is None


@pytest.mark.parametrize("blocks", [6, 20])
def test_the_true_difference_lies_within_at_the_level(blocks: int) -> None:
    """Skewed figures, 200 draws at 95 %: at least 92 in 100 hold 1, as far as chance allows."""
    random, held = Random(5), 0
    for draw in range(200):
        a = [Ratio(random.expovariate(1), 1) for _ in range(blocks)]
        b = [Ratio(1 + random.expovariate(1), 1) for _ in range(blocks)]
        found = compare(a, b, 0.95, seed=draw, resamples=400).difference
        held += found.low <= 1 <= found.high
    assert held >= 184
