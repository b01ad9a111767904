"""The two quotas of the Data API: requests per minute and key, per UTC day and account."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from datetime import datetime, timedelta

from pipelines.simulator.errors import day_limit_error, minute_limit_error

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Limits:
    """Allowed numbers of requests."""

    per_minute: int = 30
    per_day: int = 500


class RateMeter:
    """Counter of requests against the limits, by the simulator's clock. Limits None allow all."""

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._used: Counter[tuple[str, str]] = Counter()

    def charge(self, key: str, account: str, now: datetime) -> None:
        """Count one request. Raise TooManyRequests if a quota is used up, and count nothing."""
        if self._limits is None:
            return
        recent = self._recent[key]
        # The clock may be set back, so instants in the future are dropped like outdated ones.
        while recent and not now - MINUTE < recent[0] <= now:
            recent.popleft()
        today = (account, now.date().isoformat())
        if self._used[today] >= self._limits.per_day:
            raise day_limit_error(self._limits.per_day, now)
        if len(recent) >= self._limits.per_minute:
            raise minute_limit_error(self._limits.per_minute, recent[0] + MINUTE, now)
        self._used[today] += 1
        recent.append(now)
