"""Partitions of a load: the hour in which a segment was closed, and a shard of who writes them.

A collector watches its targets and gives its name to its segments, so its targets are in one
shard. Hours are those of what waits; the sensor adds them, and removes old ones.
"""

from collections import defaultdict
from collections.abc import Iterable
from zlib import crc32

import dagster as dg

from pipelines.lake.spool import SpooledSegment

SHARDS = 8
HOURS = dg.DynamicPartitionsDefinition(name="lake_hours")
PARTITIONS = dg.MultiPartitionsDefinition(
    {
        "hour": HOURS,
        "shard": dg.StaticPartitionsDefinition([str(shard) for shard in range(SHARDS)]),
    }
)
# A segment whose name has no instant, such as one that a person put there.
NO_HOUR = "unknown"


def partition_of(segment: SpooledSegment) -> dg.MultiPartitionKey:
    """Return the partition of a segment, such as 2026-08-22T07 and 3."""
    hour = f"{segment.closed_at:%Y-%m-%dT%H}" if segment.closed_at else NO_HOUR
    writer = segment.name.split("-")[1:2]
    shard = crc32("".join(writer).encode()) % SHARDS
    return dg.MultiPartitionKey({"hour": hour, "shard": str(shard)})


def by_partition(
    segments: Iterable[SpooledSegment],
) -> dict[dg.MultiPartitionKey, list[SpooledSegment]]:
    """Return segments by their partition, in the order in which they came."""
    found = defaultdict(list)
    for segment in segments:
        found[partition_of(segment)].append(segment)
    return dict(found)
