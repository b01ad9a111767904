"""What a live view sees of the open segment: one file beside the segments, replaced every few seconds and never loaded.

It holds the samples of the few quantities that the live panel draws. It is not durable, and need not be: every sample in it also goes
into the segment, with which it ends.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.telemetry.collector.segments import OPEN_NAME, Scrape, table_of
from pipelines.telemetry.metrics.vocabulary import Series

METRICS = frozenset(
    {
        "up", "generation_tokens", "prompt_tokens", "requests_running", "requests_waiting", "cache_usage",
        "ttft_seconds", "power_watts", "memory_used_bytes", "memory_total_bytes",
    }
)  # fmt: skip
SHOW_SECONDS = 5.0
MAX_ROWS = 50_000


class OpenSegmentFile:
    """The file, and when it was last replaced."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / OPEN_NAME
        self._aside = folder / f".{OPEN_NAME}.tmp"
        self._shown_rows = 0
        self._shown_at = time.monotonic()
        # Left by a collector that was killed.
        self.remove()

    def is_due(self, rows: int) -> bool:
        """Whether there is something new, and the last time is a while ago."""
        return rows > self._shown_rows and time.monotonic() - self._shown_at >= SHOW_SECONDS

    def replace(self, scrapes: Sequence[Scrape], rows: int) -> None:
        """Show these scrapes, as far as they are of interest: the newest where there are too many."""
        self._shown_at, self._shown_rows = time.monotonic(), rows
        try:
            pq.write_table(
                table_of(newest(drawn_of(scrapes), MAX_ROWS)),
                self._aside,
                compression="zstd",
                store_schema=False,
            )
            self._aside.replace(self._path)
        except OSError:
            self._aside.unlink(missing_ok=True)

    def remove(self) -> None:
        """The segment is closed."""
        self._shown_rows = 0
        self._path.unlink(missing_ok=True)


def drawn_of(scrapes: Sequence[Scrape]) -> list[Scrape]:
    """The scrapes with nothing in them but what the live panel draws."""
    # Most scrapes of a source share one tuple of series, so each is looked at once.
    shared: dict[int, tuple[list[int], tuple[Series, ...]]] = {}
    found = []
    for scrape in scrapes:
        if id(scrape.series) not in shared:
            places = [place for place, series in enumerate(scrape.series) if is_drawn(series)]
            shared[id(scrape.series)] = places, tuple(scrape.series[place] for place in places)
        places, series = shared[id(scrape.series)]
        found.append(
            replace(scrape, series=series, values=tuple(scrape.values[place] for place in places))
        )
    return found


def is_drawn(series: Series) -> bool:
    """Whether the live panel draws it; of histograms it needs the sum and the count."""
    return series.metric in METRICS and series.part != "bucket"


def newest(scrapes: Sequence[Scrape], max_rows: int) -> list[Scrape]:
    """As many of the last scrapes as have at most so many rows."""
    counted = zip(
        reversed(scrapes),
        accumulate(len(scrape.series) for scrape in reversed(scrapes)),
        strict=True,
    )
    return [scrape for scrape, rows in counted if rows <= max_rows][::-1]
