"""The two quotas of the Data API: requests per minute and key, requests per UTC day and account."""

from collections import Counter, defaultdict, deque
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta

from pipelines.simulator.errors import TooManyRequests

MINUTE = timedelta(minutes=1)


@dataclass(frozen=True)
class Limits:
    """How many requests are allowed."""

    per_minute: int = 30
    per_day: int = 500


class RateMeter:
    """Counts requests against the limits by the stand-in's own clock; without limits it lets everything pass."""

    def __init__(self, limits: Limits | None) -> None:
        self._limits = limits
        self._recent: defaultdict[str, deque[datetime]] = defaultdict(deque)
        self._spent: Counter[tuple[str, str]] = Counter()

    def charge(self, key: str, account: str, now: datetime) -> None:
        """Count one request, or raise TooMany if a quota is spent. A refused request costs nothing."""
        if self._limits is None:
            return
        recent = self._recent[key]
        # The clock may be set back, so instants of the future are dropped like those that are too old.
        while recent and not now - MINUTE < recent[0] <= now:
            recent.popleft()
        today = (account, now.date().isoformat())
        if self._spent[today] >= self._limits.per_day:
            raise day_spent(self._limits.per_day, now)
        if len(recent) >= self._limits.per_minute:
            raise minute_spent(self._limits.per_minute, recent[0] + MINUTE, now)
        self._spent[today] += 1
        recent.append(now)


def day_spent(limit: int, now: datetime) -> TooManyRequests:
    """The refusal that stands until the next UTC midnight."""
    midnight = datetime(now.year, now.month, now.day, tzinfo=UTC) + timedelta(days=1)
    text = f"datasets-per-account-rpd-v1. Per-account limit of {limit} requests/day"
    return TooManyRequests(
        f"Rate limit exceeded: {text} exceeded for the OpenRouter Data API.",
        _headers(limit, midnight),
    )


def minute_spent(limit: int, reset: datetime, now: datetime) -> TooManyRequests:
    """The refusal that stands for seconds. Its wording is a guess after its sibling's; nobody has published the real one."""
    text = f"datasets-per-key-rpm-v1. Per-key limit of {limit} requests/minute"
    headers = _headers(limit, reset) | {
        "Retry-After": str(max(1, round((reset - now).total_seconds())))
    }
    return TooManyRequests(
        f"Rate limit exceeded: {text} exceeded for the OpenRouter Data API.", headers
    )


def _headers(limit: int, reset: datetime) -> dict[str, str]:
    reset_ms = int(reset.timestamp() * 1000)
    return {
        "X-RateLimit-Limit": str(limit),
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(reset_ms),
    }
