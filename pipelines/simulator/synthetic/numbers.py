"""Arithmetic of the synthetic market: reproducible noise, and parts that add up to the token."""

import hashlib
from bisect import bisect
from collections.abc import Sequence

PRECISION = 2**52


def noise(count: int, *key: object) -> list[float]:
    """Return numbers in [0, 1) that depend on the key alone.

    They come from a hash instead of a seeded generator: its output is fixed by a standard, not by
    a version of Python.
    """
    raw = hashlib.shake_128("/".join(map(str, key)).encode()).digest(4 * count)
    return [int.from_bytes(raw[4 * n : 4 * n + 4]) / 2**32 for n in range(count)]


def one_noise(*key: object) -> float:
    """Return one such number."""
    return noise(1, *key)[0]


def share_out(total: int, weights: Sequence[float]) -> list[int]:
    """Split a total into whole numbers in proportion to the weights.

    The parts sum to the total exactly: those with the largest remainders are rounded up.
    """
    # Whole numbers throughout: totals have 14 digits, and floats would lose the last ones.
    largest = max(weights)
    whole_weights = [int(weight / largest * PRECISION) for weight in weights]
    divisor = sum(whole_weights)
    parts, remainders = zip(
        *(divmod(total * weight, divisor) for weight in whole_weights), strict=True
    )
    rounded = list(parts)
    for n in sorted(range(len(rounded)), key=lambda n: -remainders[n])[: total - sum(rounded)]:
        rounded[n] += 1
    return rounded


def interpolate(at: float, xs: Sequence[float], ys: Sequence[float]) -> float:
    """Return the value at a point of the line through the points, level beyond its ends."""
    right = bisect(xs, at)
    if right in (0, len(xs)):
        return ys[0] if right == 0 else ys[-1]
    left = right - 1
    part = (at - xs[left]) / (xs[right] - xs[left])
    return ys[left] + part * (ys[right] - ys[left])


def stable_hex(length: int, *key: object) -> str:
    """Return hexadecimal digits that depend on the key alone, such as for an id."""
    return hashlib.sha256("/".join(map(str, key)).encode()).hexdigest()[:length]
