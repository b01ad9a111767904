"""Readers of device figures: exporters' pages, outputs of commands, our own server's page.

All of them give the same metrics, of the devices that are the target's.
"""

from collections.abc import Callable
from dataclasses import replace

from pipelines.telemetry.config.device_pick import ANY_DEVICE, DevicePick
from pipelines.telemetry.config.tier_values import SourceKind
from pipelines.telemetry.metrics.device_attribution import DeviceSettler
from pipelines.telemetry.metrics.kepler import KeplerReader
from pipelines.telemetry.metrics.normalise import MetricsNormaliser, NormalisedPage
from pipelines.telemetry.metrics.npu_smi import read_npu_smi
from pipelines.telemetry.metrics.nvidia_smi import read_nvidia_smi
from pipelines.telemetry.metrics.prometheus_query import read_query
from pipelines.telemetry.metrics.trtllm_energy import read_trtllm_energy
from pipelines.telemetry.metrics.vocabulary import Series

# Takes a page or output and the instant of its scrape, in seconds since 1970.
ReadPage = Callable[[bytes, float], NormalisedPage]
USED_AND_FREE = {"memory_used_bytes", "memory_free_bytes"}


def device_reader(kind: SourceKind, pick: DevicePick = ANY_DEVICE) -> ReadPage:
    """Return the function that turns the pages or output of this kind of source into samples."""
    if kind == "trtllm-energy":
        return lambda page, scraped_at: read_trtllm_energy(page)
    if kind == "tokentide":
        return MetricsNormaliser("tokentide device", pick=pick).read
    if kind in ("npu-exporter", "dcgm", "amd"):
        reader = MetricsNormaliser(kind, pick=pick)
        return lambda page, scraped_at: _add_total_memory(reader.read(page, scraped_at))
    settler, read = DeviceSettler(pick), _unsettled_reader(kind, pick)
    return lambda page, scraped_at: _settle(read(page, scraped_at), settler)


def _unsettled_reader(kind: SourceKind, pick: DevicePick) -> ReadPage:
    """Return the reader of another format, before devices are counted and withheld."""
    if kind == "npu-smi":
        return lambda output, scraped_at: read_npu_smi(_text(output), pick)
    if kind == "nvidia-smi":
        return lambda output, scraped_at: read_nvidia_smi(_text(output), pick)
    if kind == "prometheus":
        return lambda page, scraped_at: read_query(page, scraped_at, pick)
    return KeplerReader(pick).read


def _text(output: bytes) -> str:
    return output.decode(errors="replace")


def _settle(page: NormalisedPage, settler: DeviceSettler) -> NormalisedPage:
    samples, withheld = settler.settle(page.samples)
    return replace(page, samples=samples, withheld=withheld)


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
    return replace(page, samples=samples)
