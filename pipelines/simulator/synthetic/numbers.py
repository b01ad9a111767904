"""Arithmetic the invented market rests on: noise that is the same everywhere, and shares that add up to the token."""

import hashlib
from bisect import bisect
from collections.abc import Sequence

PRECISION = 2**52


def noise(count: int, *key: object) -> list[float]:
    """Numbers in [0, 1) that depend on the key alone.

    A hash is used instead of a seeded generator because its output is fixed by a standard, not by a version of Python.
    """
    raw = hashlib.shake_128("/".join(map(str, key)).encode()).digest(4 * count)
    return [int.from_bytes(raw[4 * n : 4 * n + 4]) / 2**32 for n in range(count)]


def one_noise(*key: object) -> float:
    """One such number."""
    return noise(1, *key)[0]


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Whole numbers in proportion to the weights that sum to the total exactly: the largest remainders are rounded up."""
    # In whole numbers throughout: totals have 14 digits, and floats would lose the last ones.
    greatest = max(weights)
    whole_weights = [int(weight / greatest * PRECISION) for weight in weights]
    divisor = sum(whole_weights)
    parts, remainders = zip(
        *(divmod(total * weight, divisor) for weight in whole_weights), strict=True
    )
    shared = list(parts)
    for n in sorted(range(len(shared)), key=lambda n: -remainders[n])[: total - sum(shared)]:
        shared[n] += 1
    return shared


def interpolate(at: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """The value on the line through the points, level beyond its ends."""
    right = bisect(xs, at)
    if right in (0, len(xs)):
        return ys[0] if right == 0 else ys[-1]
    left = right - 1
    part = (at - xs[left]) / (xs[right] - xs[left])
    return ys[left] + part * (ys[right] - ys[left])
