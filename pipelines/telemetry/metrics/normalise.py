"""From a page to samples of known meaning: old names give way to new ones, shares are 0 to 1, a failed reading is no sample."""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

from pipelines.telemetry.metrics.exposition import Exposition, Labels, ParseCounts
from pipelines.telemetry.metrics.vocabulary import Series, Unit, Vocabulary, label_text

START = Series("process_start", "gauge")
CREATED = "_created"
STALE_SECONDS = 300.0  # Prometheus forgets a sample after as long
FAILED_READ = -1.0
MEBIBYTE = 2.0**20


@dataclass(frozen=True)
class NormalisedPage:
    """The samples of one page, and when its process started (seconds since 1970), where the page says so."""

    samples: dict[Series, float]
    started_at: float | None
    counts: ParseCounts


class MetricsNormaliser:
    """Reads the pages of one engine or exporter."""

    def __init__(self, *sources: str, families: Iterable[str] = ()) -> None:
        self.vocabulary = Vocabulary(*sources, families=families)
        self._pages = Exposition(self._admit)
        # Only pages without a start of the process are read for when their counters were made.
        self._births = Exposition(self._admit_birth)

    def read(self, page: bytes, scraped_at: float) -> NormalisedPage:
        """What a page that came at this instant (seconds since 1970) says."""
        found = self._pages.read(page)
        samples, counts = found.samples, found.counts
        counts.stale = sum(stamp < scraped_at - STALE_SECONDS for stamp in found.stamps.values())
        for series in [series for series in samples if not series.is_plain]:
            self._settle(series, samples, counts)
        return NormalisedPage(samples, self._started(samples, page), counts)

    def _admit(self, name: str, labels: Labels, kind: str) -> Series | None:
        return (
            START
            if name == "process_start_time_seconds"
            else self.vocabulary.admit(name, labels, kind)
        )

    def _admit_birth(self, name: str, labels: Labels, kind: str) -> tuple[str, Labels] | None:
        base = name.removesuffix(CREATED)
        is_ours = base != name and any(
            self.vocabulary.admit(f"{base}{end}", labels, kind) for end in ("_total", "_count")
        )
        return (name, labels) if is_ours else None

    def _settle(self, series: Series, samples: dict[Series, float], counts: ParseCounts) -> None:
        """Make one sample ours, or take it out."""
        value = samples[series]
        if series.also:
            samples.setdefault(series.also, value)
        newer = self.vocabulary.newer(series) if series.is_old_name else None
        if newer in samples:
            counts.disagreeing += samples[newer] != value
            del samples[series]
        elif series.unit:
            ours = _in_our_unit(value, series.unit)
            counts.failed_reads += ours is None
            if ours is None:
                del samples[series]
            else:
                samples[series] = ours

    def _started(self, samples: dict[Series, float], page: bytes) -> float | None:
        started = samples.pop(START, 0.0)
        if started > 0:
            return started
        # Counters are made when the server starts, or later, when a label is first used. So the first of them is nearest.
        births = (
            [birth for birth in self._births.read(page).samples.values() if birth > 0]
            if CREATED.encode() in page
            else []
        )
        return min(births, default=None)


def _in_our_unit(value: float, unit: Unit) -> float | None:
    """The value as a share, bytes, joules; None for what a device answers when it cannot be read."""
    if unit == "share_or_percent":
        return value / 100 if value > 1 else value
    if value == FAILED_READ or not isfinite(value):
        return None
    if unit == "device_percent":
        return value / 100 if 0 <= value <= 100 else None
    if unit == "device_mebibyte":
        return value * MEBIBYTE if value >= 0 else None
    return value / 1000 if unit == "device_millijoule" else value


@lru_cache(1024)
def up(source: str, **labels: str) -> Series:
    """Whether a scrape worked; `source` is `up` for a server and `device_up` for a source of device figures."""
    return Series(source, "gauge", labels=label_text(labels))
