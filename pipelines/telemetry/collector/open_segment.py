"""The open segment as a live view sees it: one file, replaced every few seconds.

It lies beside the segments, holds the samples that the live panel draws, and is never loaded. It is
not durable and need not be: each sample also goes into the segment, and the file is removed when
that is closed.
"""

import time
from collections.abc import Sequence
from dataclasses import replace
from itertools import accumulate
from pathlib import Path

import pyarrow.parquet as pq

from pipelines.telemetry.collector.segments import OPEN_NAME, Scrape, build_table
from pipelines.telemetry.metrics.vocabulary import Series

METRICS = frozenset(
    {
        "up",
        "generation_tokens",
        "prompt_tokens",
        "requests_running",
        "requests_waiting",
        "cache_usage",
        "ttft_seconds",
        "power_watts",
        "memory_used_bytes",
        "memory_total_bytes",
    }
)
SHOW_SECONDS = 5.0
MAX_ROWS = 50_000


class OpenSegmentFile:
    """The file, and when it was last replaced."""

    def __init__(self, folder: Path, name: str = OPEN_NAME) -> None:
        self._path = folder / name
        self._aside = folder / f".{name}.tmp"
        self._shown_rows = 0
        self._shown_at = time.monotonic()
        # A collector that was killed may have left one.
        self.remove()

    def is_due(self, rows: int) -> bool:
        """Tell whether there are more rows than shown, and the last time is some seconds ago."""
        return rows > self._shown_rows and time.monotonic() - self._shown_at >= SHOW_SECONDS

    def replace(self, scrapes: Sequence[Scrape], rows: int) -> None:
        """Show the drawn samples of these scrapes; only the newest where there are too many."""
        self._shown_at, self._shown_rows = time.monotonic(), rows
        table = build_table(select_newest(select_drawn(scrapes), MAX_ROWS))
        try:
            pq.write_table(table, self._aside, compression="zstd", store_schema=False)
            self._aside.replace(self._path)
        except OSError:
            self._aside.unlink(missing_ok=True)

    def remove(self) -> None:
        """Remove the file, because the segment is closed."""
        self._shown_rows = 0
        self._path.unlink(missing_ok=True)


def select_drawn(scrapes: Sequence[Scrape]) -> list[Scrape]:
    """Return the scrapes with only the samples that the live panel draws."""
    # Most scrapes of a source share one tuple of series, so each tuple is searched once.
    shared: dict[int, tuple[list[int], tuple[Series, ...]]] = {}
    selected = []
    for scrape in scrapes:
        if id(scrape.series) not in shared:
            indices = [index for index, series in enumerate(scrape.series) if is_drawn(series)]
            shared[id(scrape.series)] = indices, tuple(scrape.series[index] for index in indices)
        indices, series = shared[id(scrape.series)]
        values = tuple(scrape.values[index] for index in indices)
        selected.append(replace(scrape, series=series, values=values))
    return selected


def is_drawn(series: Series) -> bool:
    """Tell whether the live panel draws a series; of histograms it needs the sum and the count."""
    return series.metric in METRICS and series.part != "bucket"


def select_newest(scrapes: Sequence[Scrape], max_rows: int) -> list[Scrape]:
    """Return the last scrapes that have at most this number of rows together."""
    newest_first = list(reversed(scrapes))
    totals = accumulate(len(scrape.series) for scrape in newest_first)
    fitting = zip(newest_first, totals, strict=True)
    return [scrape for scrape, rows in fitting if rows <= max_rows][::-1]
