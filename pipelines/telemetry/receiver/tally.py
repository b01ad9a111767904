"""Totals of a receiver since its start: requests, what became of their samples, segments."""

import time
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path

from pipelines.telemetry.receiver.pushed import PushCounts


@dataclass
class ReceiverTally:
    """Totals since the start."""

    requests: int = 0
    refused_requests: int = 0  # not taken at all: damaged, too large, of an unknown kind
    waiting_requests: int = 0  # that were asked to come again
    kept: int = 0
    left_out: int = 0
    markers: int = 0
    refused: int = 0
    histograms: int = 0
    exemplars: int = 0
    left_out_exemplars: int = 0
    segments: int = 0
    segment_bytes: int = 0
    rows: int = 0
    recovered: int = 0  # samples of journals that a killed receiver left
    is_writing_well: bool = True
    closed_at: float | None = None

    def add(self, counts: PushCounts) -> None:
        """Add what became of a request's samples."""
        self.requests += 1
        self.kept += counts.kept
        self.left_out += counts.left_out
        self.markers += counts.markers
        self.refused += counts.refused_samples
        self.histograms += counts.refused_histograms
        self.exemplars += counts.refused_exemplars
        self.left_out_exemplars += counts.left_out_exemplars

    def note_segment(self, path: Path | None, rows: int) -> None:
        """Note a segment that was written, or that there was nothing to write."""
        self.is_writing_well = True
        if path:
            self.segments += 1
            self.rows += rows
            with suppress(FileNotFoundError):  # it is loaded already
                self.segment_bytes += path.stat().st_size
            self.closed_at = time.time()
