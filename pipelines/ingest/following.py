"""Telemetry as it comes: segments are loaded, built, audited and published once they are closed.

One process stays warm for it. A run of Dagster for every half minute would cost more to start, and
to write down, than what it does.
"""

import logging
import threading
import time
from collections.abc import Callable
from dataclasses import dataclass

from pipelines.errors import LockHeld, TokentideError
from pipelines.ingest.telemetry import TelemetryIngest, ingest_telemetry
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.locks import file_lock
from pipelines.settings import Settings
from warehouse.connection import WarehouseBusy

log = logging.getLogger(__name__)

LOCK = "following.lock"
LOOK_SECONDS = 1.0
MAX_BACK_OFF = 300.0


@dataclass(frozen=True)
class Tick:
    """One round: what came of it, and the seconds that it took."""

    ingested: TelemetryIngest | None
    seconds: float
    error: str | None = None


def follow(
    settings: Settings, stop: threading.Event, on_tick: Callable[[Tick], None] = lambda tick: None
) -> None:
    """Load and publish what is closed, as soon as it is, until `stop` is set.

    After an error it waits, each time longer, and tries again: what waits is lost to nobody. Raise
    LockHeld where another process follows this home.
    """
    with file_lock(settings.home / LOCK, blocking=False):
        seen: frozenset[str] = frozenset()
        back_off = LOOK_SECONDS
        while not stop.is_set():
            news, pause = _news(settings), LOOK_SECONDS
            # An unreadable segment stays; it alone is no reason for another round.
            if news - seen:
                tick = _tick(settings)
                on_tick(tick)
                if tick.error:
                    pause = back_off = min(2 * back_off, MAX_BACK_OFF)
                else:
                    # It works at most half of the time, however often something is closed.
                    pause, back_off = max(LOOK_SECONDS, tick.seconds), LOOK_SECONDS
                seen = frozenset() if tick.error else news
            stop.wait(pause)


def is_followed(settings: Settings) -> bool:
    """Tell whether a process follows this home."""
    try:
        with file_lock(settings.home / LOCK, blocking=False):
            return False
    except LockHeld:
        return True


def _news(settings: Settings) -> frozenset[str]:
    """Return what a load would read: closed segments, and files that a person may change."""
    folders = SpoolFolders.of(settings)
    by_hand = [path for path in (settings.tier, folders.forgotten) if path.exists()]
    return frozenset(
        [
            *(segment.name for segment in folders.list_waiting()),
            *(f"{path} {path.stat().st_mtime_ns}" for path in by_hand),
        ]
    )


def _tick(settings: Settings) -> Tick:
    start = time.monotonic()
    try:
        ingested = ingest_telemetry(settings)
    except (TokentideError, WarehouseBusy) as error:
        log.warning("Telemetry is not published: %s", error)
        return Tick(None, time.monotonic() - start, str(error))
    return Tick(ingested, time.monotonic() - start)
