"""Readers of device figures: npu-exporter, DCGM, `npu-smi info`, our own server's page.

All of them give the same metrics.
"""

from collections.abc import Callable

from pipelines.telemetry.config.tier import SourceKind
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage
from pipelines.telemetry.metrics.npu_smi import read_npu_smi
from pipelines.telemetry.metrics.vocabulary import Series

# Takes a page or output and the instant of its scrape, in seconds since 1970.
ReadPage = Callable[[bytes, float], NormalisedPage]
USED_AND_FREE = {"memory_used_bytes", "memory_free_bytes"}


def device_reader(kind: SourceKind) -> ReadPage:
    """Return the function that turns the pages or output of this kind of source into samples."""
    if kind == "npu-smi":
        return lambda output, scraped_at: read_npu_smi(output.decode(errors="replace"))
    if kind == "tokentide":
        return MetricsNormaliser("tokentide device").read
    reader = MetricsNormaliser(kind)
    return lambda page, scraped_at: _add_total_memory(reader.read(page, scraped_at))


def _add_total_memory(page: NormalisedPage) -> NormalisedPage:
    """Replace free and reserved memory, which DCGM gives, by the total."""
    sizes_by_device: dict[tuple[str | None, str], dict[str, float]] = {}
    for series, value in page.samples.items():
        if series.metric.startswith("memory_"):
            sizes = sizes_by_device.setdefault((series.device, series.labels), {})
            sizes[series.metric] = value
    samples = {
        series: value
        for series, value in page.samples.items()
        if series.metric not in {"memory_free_bytes", "memory_reserved_bytes"}
    }
    for (device, labels), sizes in sizes_by_device.items():
        if "memory_total_bytes" not in sizes and sizes.keys() >= USED_AND_FREE:
            total = Series("memory_total_bytes", "gauge", device=device, labels=labels)
            samples[total] = sum(sizes.values())
    return NormalisedPage(samples, page.started_at, page.counts)
