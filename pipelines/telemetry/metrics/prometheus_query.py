"""Power in watts from a query to a Prometheus, such as that of smart plugs.

A series with the label of a GPU is that GPU. Any other is a meter of a whole machine, such as a
plug; several of them are parts of the target, and their power adds up.
"""

import json
from math import isfinite
from urllib.parse import urlencode

from pipelines.telemetry.config.device_pick import ALL_DEVICES, DevicePick
from pipelines.telemetry.metrics.exposition import ParseCounts
from pipelines.telemetry.metrics.normalise import NormalisedPage
from pipelines.telemetry.metrics.vocabulary import Series, label_text

STALE_SECONDS = 60.0  # a plug that stopped to report would otherwise keep its last power
GPU_LABELS = ("gpu", "gpu_id", "gpu_index")


def query_address(url: str, query: str) -> str:
    """Return the address of an instant query."""
    return f"{url.rstrip('/')}/api/v1/query?{urlencode({'query': query})}"


def read_query(content: bytes, scraped_at: float, pick: DevicePick) -> NormalisedPage:
    """Return the power of each device in a result."""
    counts = ParseCounts()
    samples: dict[Series, float] = {}
    rows = _rows(content, counts)
    for labels, at, watts in rows:
        gpu = next((labels[each] for each in GPU_LABELS if labels.get(each)), None)
        names = label_text({key: labels[key] for key in labels if key != "__name__"})
        device = gpu or (ALL_DEVICES if len(rows) == 1 else f"{ALL_DEVICES}/{names}")
        if at < scraped_at - STALE_SECONDS:
            counts.stale += 1
        elif watts < 0:
            counts.failed_reads += 1
        else:
            wanted = pick.wants(device, "", labels)
            series = Series("power_watts", "gauge", device=device, is_picked=wanted)
            samples[series] = watts
    counts.lines = len(rows)
    return NormalisedPage(samples, None, counts)


def _rows(content: bytes, counts: ParseCounts) -> list[tuple[dict[str, str], float, float]]:
    """Return labels, instant and value of each series."""
    try:
        data = json.loads(content)["data"]
        is_vector = data["resultType"] == "vector"
        series = data["result"] if is_vector else [{"metric": {}, "value": data["result"]}]
        found = []
        for each in series:
            at, value = each["value"]
            found.append((dict(each["metric"]), float(at), float(value)))
    except (ValueError, KeyError, TypeError):
        counts.malformed += 1
        return []
    return [row for row in found if isfinite(row[2])]
