"""Tokens of each listing of the synthetic market by day, before anything is ranked or cut.

A listing's weight rises after its launch, stays, and fades. The weights are then raked (iterative
proportional fitting): scaled by bloc, openness and price until the ranked shares follow the control
table. A few listings have a seeded share instead. The rest is the hidden tail: thousands of models
that never rank.
"""

from collections import defaultdict
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from pipelines.simulator.market_protocol import FIRST_DATE, MISSING_DATES, RANKED_MODELS
from pipelines.simulator.synthetic.models import Listing, Stratum, listings
from pipelines.simulator.synthetic.numbers import noise, share_out
from pipelines.simulator.synthetic.seeded_effects import apply_seeded_shares
from pipelines.simulator.synthetic.totals import day_total, share_on

RISE_DAYS = 5
JITTER = 0.12
RAKING_ROUNDS = 6
OTHER_RANGE = (0.026, 0.108)
OTHER_JITTER = 0.15
# The figures of the newest day are incomplete: at most this part of each is still missing.
LATE_PART = 2e-4
# Weights fade forever; below this part of the day a listing counts as having no traffic.
MIN_PART = 2e-6


@dataclass(frozen=True)
class SyntheticDay:
    """Tokens of every listing with traffic and of the hidden tail; they sum to the day's total."""

    date: date
    tokens: dict[Listing, int]
    hidden_tokens: int


@cache
def final_day(seed: int, day: date) -> SyntheticDay | None:
    """Generate the final figures of a day, or None where the source has none."""
    if day in MISSING_DATES or day < FIRST_DATE:
        return None
    fresh, other = _weights(seed, day), _other_share(seed, day)
    raked = _rake(fresh, day)
    weights = apply_seeded_shares(
        raked,
        {listing: weight / listing.peak_weight for listing, weight in fresh.items()},
        _ranked_weight(raked) / (1 - other),
        day,
    )
    ranked = _ranked_weight(weights)
    # `other` is the listings below the ranking and the hidden tail together.
    below = sum(weights.values()) - ranked
    hidden = max(ranked * other / (1 - other) - below, ranked * 0.01)
    *parts, rest = share_out(day_total(seed, day), [*weights.values(), hidden])
    return SyntheticDay(day, dict(zip(weights, parts, strict=True)), rest)


@cache
def provisional_day(seed: int, day: date) -> SyntheticDay | None:
    """Generate the day as it looks the morning after: every figure slightly too low."""
    final = final_day(seed, day)
    if final is None:
        return None
    late = noise(len(final.tokens) + 1, seed, "late", day)
    # As observed at the real one, most figures are nearly complete: hence the steep power.
    early = [
        tokens - int(tokens * LATE_PART * part**6)
        for part, tokens in zip(late, final.tokens.values(), strict=False)
    ]
    hidden = final.hidden_tokens - int(final.hidden_tokens * LATE_PART * late[-1])
    return SyntheticDay(day, dict(zip(final.tokens, early, strict=True)), hidden)


def day_as_known(seed: int, day: date, today: date) -> SyntheticDay | None:
    """Return a day as known today: None until it is over, provisional for a day, then final."""
    if day >= today:
        return None
    is_provisional = day == today - timedelta(days=1)
    return provisional_day(seed, day) if is_provisional else final_day(seed, day)


def _ranked_weight(weights: dict[Listing, float]) -> float:
    return sum(sorted(weights.values(), reverse=True)[:RANKED_MODELS])


def _other_share(seed: int, day: date) -> float:
    (wobble,) = noise(1, seed, "other", day)
    low, high = OTHER_RANGE
    return min(high, max(low, share_on("other", day) * (1 + OTHER_JITTER * (2 * wobble - 1))))


def _weights(seed: int, day: date) -> dict[Listing, float]:
    wobbles = noise(len(listings()), seed, "listing", day)
    weights = {
        listing: _life_cycle_weight(listing, day) * (1 + JITTER * (2 * wobble - 1))
        for listing, wobble in zip(listings(), wobbles, strict=True)
        if listing.launched <= day
    }
    cut = MIN_PART * sum(weights.values())
    return {listing: weight for listing, weight in weights.items() if weight > cut}


def _life_cycle_weight(listing: Listing, day: date) -> float:
    age = (day - listing.launched).days
    fading = max(0, age - listing.plateau_days)
    return (
        listing.peak_weight
        * min(1.0, (age + 1) / RISE_DAYS)
        * float(0.5 ** (fading / listing.half_life_days))
    )


def _rake(weights: dict[Listing, float], day: date) -> dict[Listing, float]:
    """Fit the strata of bloc, openness and price to their targets, one axis after the other."""
    strata: defaultdict[Stratum, float] = defaultdict(float)
    for listing, weight in weights.items():
        strata[listing.stratum] += weight
    whole = sum(strata.values())
    fitted = {stratum: weight / whole for stratum, weight in strata.items()}
    targets = _targets(day)
    for _ in range(RAKING_ROUNDS):
        for axis, target in targets.items():
            _fit(fitted, axis, target)
    return {
        listing: weight * fitted[listing.stratum] / strata[listing.stratum]
        for listing, weight in weights.items()
    }


def _targets(day: date) -> dict[int, dict[object, float]]:
    """Return the target shares of each axis; the last axis is fitted last and therefore best."""
    open_weight, free, china, us = (
        share_on(name, day) for name in ("open_weight", "free", "china", "us")
    )
    blocs: dict[object, float] = {"CN": china, "US": us, "EU": 1 - china - us}
    return {
        1: {True: open_weight, False: 1 - open_weight},
        2: {True: free, False: 1 - free},
        0: blocs,
    }


def _fit(shares: dict[Stratum, float], axis: int, target: dict[object, float]) -> None:
    sums: defaultdict[object, float] = defaultdict(float)
    for stratum, share in shares.items():
        sums[stratum[axis]] += share
    for stratum in shares:
        shares[stratum] *= target[stratum[axis]] / sums[stratum[axis]]
