"""Intervals of differences between two servers, by resampling of whole blocks.

A block is drawn with both servers' figures, so that what they had in common stays in pairs, and
with all of its requests, which are not independent of each other. The half width is the quantile of
the resampled deviations, widened as Student's t is wider than the normal distribution: resampling
few blocks gives intervals that are too narrow. It stays finite where only one block differs.
"""

import math
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from functools import lru_cache
from operator import itemgetter
from random import Random
from statistics import NormalDist

RESAMPLES = 4000
MAX_T = 1e4
MAX_RATIO_WIDTH = math.log(10)  # to each side; a wider one is not given


@dataclass(frozen=True)
class Ratio:
    """A figure of one block and server: a sum over what it is divided by."""

    sum: float
    of: float


@dataclass(frozen=True)
class Estimate:
    """A figure with the bounds of its interval."""

    value: float
    low: float
    high: float


@dataclass(frozen=True)
class PairedEstimate:
    """B minus A, and B over A where both are above 0 and it is bounded within a factor of ten."""

    difference: Estimate
    ratio: Estimate | None


def total(blocks: Sequence[Ratio]) -> float:
    """Return a server's figure over all blocks, whose divisors must not all be 0."""
    return sum(each.sum for each in blocks) / sum(each.of for each in blocks)


def compare(
    a: Sequence[Ratio], b: Sequence[Ratio], level: float, seed: int, resamples: int = RESAMPLES
) -> PairedEstimate:
    """Compare the figures of two servers in the same blocks, at least two.

    What A's and B's figures are divided by must not be 0 in all. `level` is that of the interval,
    such as 0.95. Equal seeds give equal intervals.
    """
    columns = [
        [each.sum for each in a],
        [each.of for each in a],
        [each.sum for each in b],
        [each.of for each in b],
    ]
    draws = [*_draw_figures(columns, seed, resamples)]
    figure_a, figure_b = total(a), total(b)
    widening = _widening(len(a), level)

    def half_width(point: float, figures: Iterable[float]) -> float:
        return widening * _quantile([abs(each - point) for each in figures], level)

    value = figure_b - figure_a
    half = half_width(value, (y - x for x, y in draws))
    difference = Estimate(value, value - half, value + half)
    if not (figure_a > 0 and figure_b > 0):
        return PairedEstimate(difference, None)
    log = math.log(figure_b / figure_a)
    wide = half_width(log, (math.log(y / x) if x > 0 and y > 0 else math.inf for x, y in draws))
    # Where a resample has hardly any A or B, the ratio has no bound that would say anything.
    ratio = _ratio(log, wide) if wide <= MAX_RATIO_WIDTH else None
    return PairedEstimate(difference, ratio)


def simultaneous_level(level: float, count: int) -> float:
    """Return the level of each of `count` intervals that hold together at `level` (Bonferroni)."""
    return 1 - (1 - level) / max(count, 1)


def _ratio(log: float, half_width: float) -> Estimate:
    return Estimate(*map(math.exp, (log, log - half_width, log + half_width)))


def _draw_figures(
    columns: Sequence[Sequence[float]], seed: int, resamples: int
) -> list[tuple[float, float]]:
    """Return both figures of each resample in which they are defined."""
    found = []
    for pick in _draw_blocks(len(columns[0]), seed, resamples):
        sum_a, of_a, sum_b, of_b = (sum(pick(column)) for column in columns)
        if of_a and of_b:
            found.append((sum_a / of_a, sum_b / of_b))
    return found


@lru_cache(maxsize=4)
def _draw_blocks(
    count: int, seed: int, resamples: int
) -> "list[Callable[[Sequence[float]], tuple[float, ...]]]":
    """Draw the blocks of each resample, as functions that pick them of a metric's figures."""
    random = Random(f"resamples {seed}")  # noqa: S311 - no secret, and it must be repeatable
    return [itemgetter(*random.choices(range(count), k=count)) for _ in range(resamples)]


def _quantile(values: Sequence[float], level: float) -> float:
    """Return the value that `level` of the values do not exceed, the next higher one."""
    ordered = sorted(values)
    return ordered[min(math.ceil(level * len(ordered)), len(ordered)) - 1] if ordered else 0.0


def _widening(blocks: int, level: float) -> float:
    normal = NormalDist().inv_cdf((1 + level) / 2)
    return math.sqrt(blocks / (blocks - 1)) * student_quantile(blocks - 1, level) / normal


def student_quantile(freedom: int, level: float) -> float:
    """Return t within whose negative and itself `level` of Student's distribution lies."""
    low, high = 0.0, MAX_T
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if _student_share(middle, freedom) < level else (low, middle)
    return high


def _student_share(t: float, freedom: int) -> float:
    """Return the share between -t and t: the closed form for a whole number of degrees."""
    angle = math.atan(t / math.sqrt(freedom))
    cosine, sine = math.cos(angle), math.sin(angle)
    is_odd = freedom % 2 == 1
    term = cosine if is_odd else 1.0
    total = term if freedom > 1 else 0.0
    for number in range(3 if is_odd else 2, freedom - 1, 2):
        term *= cosine**2 * (number - 1) / number
        total += term
    return 2 / math.pi * (angle + sine * total) if is_odd else sine * total
