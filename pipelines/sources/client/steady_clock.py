"""A clock that goes on where the machine's clock is set back.

It is the machine's clock as long as that only goes forward.
"""

import time
from collections.abc import Callable
from threading import Lock


class SteadyClock:
    """Seconds since 1970, which never go back and never stand still in one process."""

    def __init__(
        self,
        wall: Callable[[], float] = time.time,
        ticks: Callable[[], float] = time.monotonic,
    ) -> None:
        self._wall, self._ticks = wall, ticks
        self._lock = Lock()
        self._offset = wall() - ticks()

    def now(self) -> float:
        """Return the current instant, in seconds since 1970."""
        with self._lock:
            ticks = self._ticks()
            self._offset = max(self._offset, self._wall() - ticks)
            return ticks + self._offset


steady_now = SteadyClock().now
