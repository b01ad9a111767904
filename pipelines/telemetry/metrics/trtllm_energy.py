"""The page `/energy_metrics` of TensorRT-LLM: joules of all GPUs of a server, since it started.

It needs `trtllm-serve` with energy monitoring; without, the page responds with 503.
"""

import json
from math import isfinite

from pipelines.telemetry.config.device_pick import ALL_DEVICES
from pipelines.telemetry.metrics.exposition import ParseCounts
from pipelines.telemetry.metrics.normalise import NormalisedPage
from pipelines.telemetry.metrics.vocabulary import Series

ENERGY = Series("energy_joules", "counter", device=ALL_DEVICES)


def read_trtllm_energy(page: bytes) -> NormalisedPage:
    """Return the energy on the page; no sample where it has none."""
    counts = ParseCounts()
    try:
        joules = float(json.loads(page)["total_energy_j"])
    except (ValueError, KeyError, TypeError):
        counts.malformed = 1
        return NormalisedPage({}, None, counts)
    counts.lines = 1
    if not isfinite(joules) or joules < 0:
        counts.failed_reads = 1
        return NormalisedPage({}, None, counts)
    return NormalisedPage({ENERGY: joules}, None, counts)
