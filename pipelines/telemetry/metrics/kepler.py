"""Kepler's page: power of a node's GPUs, or else of its processors and their memory.

Its zones overlap (`core` lies within `package`, `package` within `psys`), so only some are added.
With `match`, figures of pods are read, which Kepler estimates by their processor time.
"""

from pipelines.telemetry.config.device_pick import ALL_DEVICES, DevicePick
from pipelines.telemetry.metrics.exposition import Exposition, Labels
from pipelines.telemetry.metrics.normalise import NormalisedPage
from pipelines.telemetry.metrics.vocabulary import MetricKind, Series

Reading = tuple[str, str, Labels]  # family, zone or GPU, all labels
ZONES = frozenset({"package", "dram"})
METRICS = {"watts": "power_watts", "joules_total": "energy_joules"}
KINDS: dict[str, MetricKind] = {"power_watts": "gauge", "energy_joules": "counter"}
FAMILIES = {
    f"kepler_{level}_{part}_{unit}": (level, part, unit)
    for level in ("node", "pod")
    for part in ("cpu", "gpu")
    for unit in METRICS
}


class KeplerReader:
    """Reads pages of Kepler 0.10 and later."""

    def __init__(self, pick: DevicePick) -> None:
        self._pick = pick
        self._level = "pod" if pick.match else "node"
        self._pages: Exposition[Reading] = Exposition(self._admit)

    def read(self, page: bytes, scraped_at: float) -> NormalisedPage:
        """Return power and energy of the node, or of the pods that match."""
        parsed = self._pages.read(page)
        has_gpus = any(FAMILIES[name][1] == "gpu" for name, _, _ in parsed.samples)
        samples: dict[Series, float] = {}
        totals: dict[str, float] = {}
        for (name, place, labels), value in parsed.samples.items():
            _, part, unit = FAMILIES[name]
            metric = METRICS[unit]
            if part == "gpu" and self._level == "node":
                wanted = self._pick.wants(place, "", dict(labels))
                series = Series(metric, KINDS[metric], device=place, is_picked=wanted)
                samples[series] = value
            elif part == ("gpu" if has_gpus else "cpu"):
                totals[metric] = totals.get(metric, 0.0) + value
        for metric, value in totals.items():
            samples[Series(metric, KINDS[metric], device=ALL_DEVICES)] = value
        return NormalisedPage(samples, None, parsed.counts)

    def _admit(self, name: str, labels: Labels, kind: str) -> Reading | None:
        level, part, _ = FAMILIES.get(name, ("", "", ""))
        given = dict(labels)
        if level != self._level or (part == "cpu" and given.get("zone") not in ZONES):
            return None
        if level == "pod" and any(given.get(key) != value for key, value in self._pick.match):
            return None
        return name, given.get("gpu") or given.get("gpu_uuid") or given.get("zone", ""), labels
