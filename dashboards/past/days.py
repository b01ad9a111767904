"""Days of the past: a file for what was known at the end of a day, made once in the background.

    missing ─▶ being made ─▶ open        for an hour; then it is looked for again
                    └──────▶ refused     the reason is shown once; the next request tries again

One file is made at a time. The file of a day that was made before is found within a second or two.
"""

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import TimeoutError as TooLateError
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import Generic, TypeVar

from dashboards.statements.actions import ActionRefusedError

T = TypeVar("T")

MAX_OPEN = 2
MAX_WAITING = 3
# A request waits so long for a file that is there already.
PATIENCE_SECONDS = 2.0
# Answers that are older than the day may be loaded later.
MAX_AGE_SECONDS = 3600.0


@dataclass(frozen=True)
class _PastDay(Generic[T]):
    made: Future[T]
    since: float = field(default_factory=time.monotonic)


class PastDays(Generic[T]):
    """The opened files of a few days. `make` returns the path of a day's file and may take long."""

    def __init__(self, make: Callable[[date], Path], open_file: Callable[[Path], T]) -> None:
        self._make = make
        self._open_file = open_file
        self._days: OrderedDict[date, _PastDay[T]] = OrderedDict()
        self._lock = threading.Lock()
        self._worker = ThreadPoolExecutor(1, "past-days")

    def find(self, day: date) -> T | None:
        """Return what was known at the end of a day; None while its file is being made.

        Raise ActionRefusedError where it cannot be made.
        """
        with self._lock:
            found = self._days.get(day)
            if found is None or self._is_old(found):
                found = self._days[day] = self._start(day)
            self._days.move_to_end(day)
            self._trim()
        try:
            return found.made.result(PATIENCE_SECONDS)
        except TooLateError:
            return None
        except Exception:
            with self._lock:
                self._days.pop(day, None)
            raise

    def _is_old(self, found: _PastDay[T]) -> bool:
        return found.made.done() and time.monotonic() - found.since > MAX_AGE_SECONDS

    def _start(self, day: date) -> _PastDay[T]:
        waiting = [each for each in self._days.values() if not each.made.done()]
        if len(waiting) >= MAX_WAITING:
            raise ActionRefusedError(
                f"{MAX_WAITING} other days are being put together. Try again in a minute."
            )
        return _PastDay(self._worker.submit(lambda: self._open_file(self._make(day))))

    def _trim(self) -> None:
        done = [day for day, each in self._days.items() if each.made.done()]
        for day in done[:-MAX_OPEN]:
            del self._days[day]
