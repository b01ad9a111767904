"""Samples of known meaning, from a metrics page.

Old names give way to new ones, shares are 0 to 1, and a failed reading of a device is no sample.
"""

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from math import isfinite

from pipelines.telemetry.config.device_pick import ANY_DEVICE, DevicePick
from pipelines.telemetry.metrics.device_attribution import DeviceSettler
from pipelines.telemetry.metrics.exposition import Exposition, Labels, ParseCounts
from pipelines.telemetry.metrics.vocabulary import Series, Unit, Vocabulary, label_text

PROCESS_START = Series("process_start", "gauge")
CREATED = "_created"
STALE_SECONDS = 300.0  # Prometheus forgets a sample after the same time
FAILED_READ = -1.0
MEBIBYTE = 2.0**20
JOULES = {"device_millijoule": 1e3, "device_microjoule": 1e6}


@dataclass(frozen=True)
class NormalisedPage:
    """Samples of one page, and the start of its process in seconds since 1970, if the page says."""

    samples: dict[Series, float]
    started_at: float | None
    counts: ParseCounts
    withheld: str = ""  # why figures of devices on the page are not among the samples


class MetricsNormaliser:
    """Reads the pages of one engine or exporter."""

    def __init__(
        self, *sources: str, families: Iterable[str] = (), pick: DevicePick = ANY_DEVICE
    ) -> None:
        self.vocabulary = Vocabulary(*sources, families=families, pick=pick)
        self._devices = DeviceSettler(pick) if self.vocabulary.has_devices else None
        self._pages = Exposition(self._admit)
        # Used only for pages that do not say when their process started.
        self._creations = Exposition(self._admit_creation)

    def read(self, page: bytes, scraped_at: float) -> NormalisedPage:
        """Return the samples of a page that was scraped at this instant (seconds since 1970)."""
        parsed = self._pages.read(page)
        samples, counts = parsed.samples, parsed.counts
        counts.stale = sum(stamp < scraped_at - STALE_SECONDS for stamp in parsed.stamps.values())
        for series in [series for series in samples if not series.is_plain]:
            self._convert(series, samples, counts)
        started, withheld = self._pop_start(samples, page), ""
        if self._devices:
            samples, withheld = self._devices.settle(samples)
        return NormalisedPage(samples, started, counts, withheld)

    def _admit(self, name: str, labels: Labels, kind: str) -> Series | None:
        if name == "process_start_time_seconds":
            return PROCESS_START
        return self.vocabulary.admit(name, labels, kind)

    def _admit_creation(self, name: str, labels: Labels, kind: str) -> tuple[str, Labels] | None:
        base = name.removesuffix(CREATED)
        is_known = base != name and any(
            self.vocabulary.admit(f"{base}{suffix}", labels, kind)
            for suffix in ("_total", "_count")
        )
        return (name, labels) if is_known else None

    def _convert(self, series: Series, samples: dict[Series, float], counts: ParseCounts) -> None:
        """Convert one sample to our name and unit, or remove it."""
        value = samples[series]
        if series.also:
            samples.setdefault(series.also, value)
        newer = self.vocabulary.newer(series) if series.is_old_name else None
        if newer in samples:
            counts.disagreeing += samples[newer] != value
            del samples[series]
        elif series.unit:
            converted = _to_our_unit(value, series.unit)
            counts.failed_reads += converted is None
            if converted is None:
                del samples[series]
            else:
                samples[series] = converted

    def _pop_start(self, samples: dict[Series, float], page: bytes) -> float | None:
        """Remove the start of the process from the samples and return it."""
        started = samples.pop(PROCESS_START, 0.0)
        if started > 0:
            return started
        if CREATED.encode() not in page:
            return None
        # A counter is created when the server starts, or later, when its labels are first used.
        # So the first one is nearest to the start.
        creations = self._creations.read(page).samples.values()
        return min((creation for creation in creations if creation > 0), default=None)


def _to_our_unit(value: float, unit: Unit) -> float | None:
    """Convert a value to a share, bytes or joules; None for a device that could not be read."""
    if unit == "share_or_percent":
        return value / 100 if value > 1 else value
    if value == FAILED_READ or not isfinite(value):
        return None
    if unit == "device_percent":
        return value / 100 if 0 <= value <= 100 else None
    if unit == "device_mebibyte":
        return value * MEBIBYTE if value >= 0 else None
    if unit in JOULES:
        # It counts since the driver was loaded: a zero that comes and goes would count all of that
        # again.
        return value / JOULES[unit] if value > 0 else None
    return value


def outcome_series(metric: str, page: NormalisedPage) -> Series:
    """Return the series for a page that was read, with the counts of what is on it."""
    counts = page.counts
    labels = {
        "samples": str(len(page.samples)),
        "problems": str(counts.problems),
        "read": str(counts.lines),
        "unknown_families": str(counts.unknown_families),
    }
    return up_series(metric, **labels, **({"withheld": page.withheld} if page.withheld else {}))


@lru_cache(1024)
def up_series(metric: str, **labels: str) -> Series:
    """Return the series for outcomes of scrapes: `up` of a server, `device_up` of its devices."""
    return Series(metric, "gauge", labels=label_text(labels))
