"""Where a device's power and memory come from: npu-exporter, DCGM, `npu-smi info`, our own server's page. Each gives the same metrics."""

from collections.abc import Callable

from pipelines.telemetry.config.tier import SourceKind
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage
from pipelines.telemetry.metrics.npu_smi import read_npu_smi
from pipelines.telemetry.metrics.vocabulary import Series

Read = Callable[[bytes, float], NormalisedPage]


def device_reader(kind: SourceKind) -> Read:
    """What turns an answer of this kind of source, and the instant it came (seconds since 1970), into samples."""
    if kind == "npu-smi":
        return lambda answer, scraped_at: read_npu_smi(answer.decode(errors="replace"))
    if kind == "tokentide":
        return MetricsNormaliser("tokentide device").read
    reader = MetricsNormaliser(kind)
    return lambda answer, scraped_at: _with_totals(reader.read(answer, scraped_at))


def _with_totals(reading: NormalisedPage) -> NormalisedPage:
    """DCGM names the free memory rather than all of it."""
    by_device: dict[tuple[str | None, str], dict[str, float]] = {}
    for series, value in reading.samples.items():
        if series.metric.startswith("memory_"):
            by_device.setdefault((series.device, series.labels), {})[series.metric] = value
    samples = {
        series: value
        for series, value in reading.samples.items()
        if series.metric not in {"memory_free_bytes", "memory_reserved_bytes"}
    }
    for (device, labels), sizes in by_device.items():
        if (
            "memory_total_bytes" not in sizes
            and {"memory_used_bytes", "memory_free_bytes"} <= sizes.keys()
        ):
            samples[Series("memory_total_bytes", "gauge", device=device, labels=labels)] = sum(
                sizes.values()
            )
    return NormalisedPage(samples, reading.started_at, reading.counts)
