"""What each listing of the invented market served on each day, before anybody ranks or cuts anything.

A listing's weight rises after its launch, stays, and fades. Weights are then raked: scaled by bloc, openness and price until the ranked
shares follow the control table; a few listings have a share that is given instead. What no listing accounts for is the hidden tail, the
thousands of models nobody ever sees ranked.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from pipelines.simulator.market_protocol import BOARD_SIZE, FLOOR, MISSING_DATES
from pipelines.simulator.synthetic.models import Cell, Listing, listings
from pipelines.simulator.synthetic.numbers import noise, share_out
from pipelines.simulator.synthetic.seeded_effects import planted
from pipelines.simulator.synthetic.totals import day_total, share_on

RISE_DAYS = 5
JITTER = 0.12
RAKES = 6
OTHER_RANGE = (0.026, 0.108)
OTHER_JITTER = 0.15
# The figures of the newest day come in late: at most this part of each is still missing.
LATE_PART = 2e-4
# Weights fade forever; below this part of the day a listing has in truth no traffic left.
GONE = 2e-6


@dataclass(frozen=True)
class SyntheticDay:
    """Tokens of every listing with traffic, and of the hidden tail, summing to the platform's total."""

    date: date
    tokens: dict[Listing, int]
    hidden_tokens: int


@cache
def market_day(seed: int, day: date) -> SyntheticDay | None:
    """The final figures of a day, or None where the source has none."""
    if day in MISSING_DATES or day < FLOOR:
        return None
    lives, other = _weights(seed, day), _other_share(seed, day)
    raked = _raked(lives, day)
    weights = planted(
        raked,
        {listing: life / listing.peak_weight for listing, life in lives.items()},
        _visible(raked) / (1 - other),
        day,
    )
    visible = _visible(weights)
    # The tail holds the listings below the cut and the hidden rest, so that both together are the share of `other`.
    below = sum(weights.values()) - visible
    hidden = max(visible * other / (1 - other) - below, visible * 0.01)
    *parts, rest = share_out(day_total(seed, day), [*weights.values(), hidden])
    return SyntheticDay(day, dict(zip(weights, parts, strict=True)), rest)


@cache
def newest_day(seed: int, day: date) -> SyntheticDay | None:
    """The same day as it looks the morning after: every figure a trifle too low."""
    final = market_day(seed, day)
    if final is None:
        return None
    late = noise(len(final.tokens) + 1, seed, "late", day)
    # Most figures are nearly complete and a few are not, as has been observed: hence the steep power.
    early = [
        tokens - int(tokens * LATE_PART * part**6)
        for part, tokens in zip(late, final.tokens.values(), strict=False)
    ]
    hidden = final.hidden_tokens - int(final.hidden_tokens * LATE_PART * late[-1])
    return SyntheticDay(day, dict(zip(final.tokens, early, strict=True)), hidden)


def known_day(seed: int, day: date, today: date) -> SyntheticDay | None:
    """A day as it is known today: nothing before it is over, provisional for one day, then final."""
    if day >= today:
        return None
    return newest_day(seed, day) if day == today - timedelta(days=1) else market_day(seed, day)


def _visible(weights: dict[Listing, float]) -> float:
    return sum(sorted(weights.values(), reverse=True)[:BOARD_SIZE])


def _other_share(seed: int, day: date) -> float:
    (wobble,) = noise(1, seed, "other", day)
    low, high = OTHER_RANGE
    return min(high, max(low, share_on("other", day) * (1 + OTHER_JITTER * (2 * wobble - 1))))


def _weights(seed: int, day: date) -> dict[Listing, float]:
    wobbles = noise(len(listings()), seed, "listing", day)
    weights = {
        listing: _life(listing, day) * (1 + JITTER * (2 * wobble - 1))
        for listing, wobble in zip(listings(), wobbles, strict=True)
        if listing.launched <= day
    }
    least = GONE * sum(weights.values())
    return {listing: weight for listing, weight in weights.items() if weight > least}


def _life(listing: Listing, day: date) -> float:
    age = (day - listing.launched).days
    fading = max(0, age - listing.plateau_days)
    return (
        listing.peak_weight
        * min(1.0, (age + 1) / RISE_DAYS)
        * float(0.5 ** (fading / listing.half_life_days))
    )


def _raked(weights: dict[Listing, float], day: date) -> dict[Listing, float]:
    """Iterative proportional fitting on the cells of bloc, openness and price."""
    cells: defaultdict[Cell, float] = defaultdict(float)
    for listing, weight in weights.items():
        cells[listing.cell] += weight
    whole = sum(cells.values())
    fitted = {cell: weight / whole for cell, weight in cells.items()}
    targets = _targets(day)
    for _ in range(RAKES):
        for axis, wanted in targets.items():
            _fit(fitted, axis, wanted)
    return {
        listing: weight * fitted[listing.cell] / cells[listing.cell]
        for listing, weight in weights.items()
    }


def _targets(day: date) -> dict[int, dict[object, float]]:
    """What each axis of a cell should sum to; the last axis is fitted last and therefore best."""
    open_weight, free, china, us = (
        share_on(name, day) for name in ("open_weight", "free", "china", "us")
    )
    blocs: dict[object, float] = {"CN": china, "US": us, "EU": 1 - china - us}
    return {
        1: {True: open_weight, False: 1 - open_weight},
        2: {True: free, False: 1 - free},
        0: blocs,
    }


def _fit(shares: dict[Cell, float], axis: int, wanted: dict[object, float]) -> None:
    sums: defaultdict[object, float] = defaultdict(float)
    for cell, share in shares.items():
        sums[cell[axis]] += share
    for cell in shares:
        shares[cell] *= wanted[cell[axis]] / sums[cell[axis]]
