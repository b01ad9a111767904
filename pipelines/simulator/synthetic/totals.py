"""Tokens of the synthetic platform by day; each month's total equals the real one to the token.

The monthly totals and shares in control_totals.csv derive from the platform's published rankings
(credited in the file); August 2026 is known up to its 21st day. Later days continue the curve with
slowing growth.
"""

import math
from dataclasses import dataclass
from datetime import date, timedelta
from functools import cache

from pipelines.simulator.market_protocol import MISSING_DATES, date_range
from pipelines.simulator.synthetic.models import read_table
from pipelines.simulator.synthetic.numbers import interpolate, noise, share_out

WEEKEND_FACTOR = 0.81
JITTER = 0.03
# Growth after the last control month: 1.6 % a day at first; the rate falls by 1/e every 60 days.
GROWTH_PER_DAY, GROWTH_DAYS = 0.016, 60


@dataclass(frozen=True)
class ControlMonth:
    """One control month, or the known part of it.

    Shares are fractions: `other` is one of all tokens, the rest are of the ranked tokens.
    """

    first: date
    last: date
    total_tokens: int
    other: float
    china: float
    us: float
    open_weight: float
    free: float

    @property
    def middle(self) -> float:
        """Ordinal of the date that its averages belong to."""
        return (self.first.toordinal() + self.last.toordinal()) / 2


@cache
def months() -> tuple[ControlMonth, ...]:
    """Read the control months in order."""
    return tuple(_month(row) for row in read_table("control_totals.csv"))


def _month(row: dict[str, str]) -> ControlMonth:
    first = date.fromisoformat(row["month"] + "-01")
    shares = [
        float(row[f"{name}_pct"]) / 100 for name in ("other", "china", "us", "open_weight", "free")
    ]
    return ControlMonth(
        first, first + timedelta(days=int(row["days"]) - 1), int(row["total_tokens"]), *shares
    )


def share_on(name: str, day: date) -> float:
    """Interpolate a control share between the middles of months; level after the last one."""
    return interpolate(day.toordinal(), _middles(), _shares(name))


@cache
def _middles() -> list[float]:
    return [month.middle for month in months()]


@cache
def _shares(name: str) -> list[float]:
    return [getattr(month, name) for month in months()]


@cache
def day_total(seed: int, day: date) -> int:
    """Return the tokens of all models on a day; zero on the days that the source lacks."""
    last = months()[-1]
    if day > last.last:
        _, scale = _spread_month(seed, last)
        return round(_weight(seed, day) * scale)
    (month,) = [month for month in months() if month.first <= day <= month.last]
    return _spread_month(seed, month)[0][day]


@cache
def _spread_month(seed: int, month: ControlMonth) -> tuple[dict[date, int], float]:
    covered = date_range(month.first, month.last)
    weights = [_weight(seed, day) for day in covered]
    return dict(
        zip(covered, share_out(month.total_tokens, weights), strict=True)
    ), month.total_tokens / sum(weights)


def _weight(seed: int, day: date) -> float:
    if day in MISSING_DATES:
        return 0.0
    (wobble,) = noise(1, seed, "day", day)
    weekly = WEEKEND_FACTOR if day.isoweekday() >= 6 else 1.0
    return _level(day) * weekly * (1 + JITTER * (2 * wobble - 1))


def _level(day: date) -> float:
    middles = _middles()
    beyond = max(0.0, day.toordinal() - middles[-1])
    growth = GROWTH_PER_DAY * GROWTH_DAYS * (1 - math.exp(-beyond / GROWTH_DAYS))
    return math.exp(interpolate(day.toordinal(), middles, _levels()) + growth)


@cache
def _levels() -> list[float]:
    return [
        math.log(month.total_tokens / ((month.last - month.first).days + 1)) for month in months()
    ]
