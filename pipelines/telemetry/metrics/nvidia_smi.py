"""The output of `nvidia-smi --query-gpu=… --format=csv`, read by its header.

`[N/A]`, `[Not Supported]` and `[Unknown Error]` are unknown, not 0.
"""

import csv
import re

from pipelines.telemetry.config.device_pick import DevicePick
from pipelines.telemetry.metrics.exposition import ParseCounts
from pipelines.telemetry.metrics.normalise import MEBIBYTE, NormalisedPage
from pipelines.telemetry.metrics.vocabulary import Series, label_text

# Column without its unit, our metric, the factor to our unit. The last column of a metric counts.
COLUMNS = {
    "power.draw.instant": ("power_watts", 1.0),
    "power.draw": ("power_watts", 1.0),
    "utilization.gpu": ("utilisation", 0.01),
    "memory.used": ("memory_used_bytes", MEBIBYTE),
    "memory.total": ("memory_total_bytes", MEBIBYTE),
    "temperature.gpu": ("temperature_celsius", 1.0),
}
NUMBER = re.compile(r"(-?\d+(?:\.\d+)?)(?:\s*(?:W|%|MiB|C))?")


def read_nvidia_smi(text: str, pick: DevicePick) -> NormalisedPage:
    """Return power, utilisation, memory and temperature of each GPU in the output."""
    counts = ParseCounts()
    samples: dict[Series, float] = {}
    lines = [line for line in text.splitlines() if line.strip()]
    header, *rows = csv.reader(lines, skipinitialspace=True) if lines else [[]]
    names = [name.split("[")[0].strip() for name in header]
    for row in rows:
        gpu = dict(zip(names, (cell.strip() for cell in row), strict=False))
        device = gpu.get("index") or gpu.get("uuid") or gpu.get("pci.bus_id")
        if len(row) != len(names) or not device:
            counts.malformed += 1
            continue
        labels = {"uuid": gpu.get("uuid", ""), "pci_bus_id": gpu.get("pci.bus_id", "")}
        wanted = pick.wants(device, "", labels)
        chip = label_text({"chip": gpu["name"]}) if gpu.get("name") else ""
        columns = {metric: column for column, (metric, _) in COLUMNS.items() if column in names}
        for column in columns.values():
            metric, factor = COLUMNS[column]
            number = NUMBER.fullmatch(gpu.get(column, ""))
            if not number:
                continue
            value = float(number.group(1))
            counts.failed_reads += value < 0
            if value >= 0:
                series = Series(metric, "gauge", device=device, labels=chip, is_picked=wanted)
                samples[series] = value * factor
    counts.lines = len(rows)
    counts.malformed += not rows
    return NormalisedPage(samples, None, counts)
