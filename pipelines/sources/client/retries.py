"""Retries of requests to one host, counted over all requests, so that a failing host is left alone.

Thirty requests that fail alike are thirty requests and the retries of one of them, not of each.
"""

from datetime import UTC, datetime

from pipelines.errors import (
    BrokenOff,
    LimitReached,
    SourceServerError,
    SourceUnreachable,
)
from pipelines.sources.client.steady_clock import steady_now

MAX_WAIT = 120.0  # a limit that ends later than this is not waited for
EARNED = 0.1  # of a retry, by a request that succeeds at once


class HostRetries:
    """Retries that a host still gets, and the instants before which it wants no request.

    A success after a retry shows that retries help, and allows all of them again.
    """

    def __init__(self, retries: int) -> None:
        self._most = float(retries)
        self._left = self._most
        # By the limit that a request counts for: that of the Data API is not that of the catalogue.
        self._until: dict[str, float] = {}
        self._waited: set[str] = set()

    def admit(self, limit: str) -> None:
        """Raise LimitReached, without a request, while the host wants none of this kind."""
        until = self._until.get(limit, 0.0)
        if until > steady_now():
            raise LimitReached(
                f"The source wants no request before {at_utc(until)}, so it was not asked.",
                until - steady_now(),
            )

    def allows(self, error: Exception, limit: str) -> bool | float:
        """Return whether to repeat after this error, or the seconds to wait before."""
        if isinstance(error, SourceUnreachable | BrokenOff):
            return self._spend()
        if not isinstance(error, SourceServerError | LimitReached):
            return False
        wait = error.retry_after
        if wait is None:
            return self._spend()
        if wait <= MAX_WAIT and limit not in self._waited:
            # The source named the instant: one request then shows if it meant it.
            self._waited.add(limit)
            return wait
        if error.is_of_source:
            self._until[limit] = steady_now() + wait
        return False

    def succeed(self, limit: str, attempts: int) -> None:
        """Record an answer that came at this attempt."""
        self._waited.discard(limit)
        self._left = self._most if attempts > 1 else min(self._most, self._left + EARNED)

    def _spend(self) -> bool:
        if self._left < 1:
            return False
        self._left -= 1
        return True


def at_utc(seconds: float) -> str:
    """Format an instant, given in seconds since 1970; one beyond all calendars is said as such."""
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%S} UTC"
    except (OverflowError, ValueError, OSError):
        return "an instant beyond all calendars"
