"""Partitions of a load: derived from names in the spool, the same wherever that is done."""

from pathlib import Path

from support.loading import AS_OF
from support.telemetry_facts import stretch

from pipelines.distributed.partitions import PARTITIONS, SHARDS, by_partition, partition_of
from pipelines.lake.spool import SpooledSegment
from pipelines.services.addresses import S3Access, S3Folder
from pipelines.services.object_store import ObjectStore
from pipelines.telemetry.collector.segments import SegmentWriter
from pipelines.telemetry.config.tier_records import TierRecord, write_record

STORE = ObjectStore(S3Folder("bucket", "spool", S3Access("key", "secret", "http://127.0.0.1:1")))


def stored(name: str) -> SpooledSegment:
    """Return a segment of this name that waits in S3; nothing is asked for it."""
    return SpooledSegment(STORE, "scrapes", name)


def test_an_hour_and_a_writer_are_a_partition() -> None:
    first = stored("20260822T071016123456Z-9f2c61d0-000004.parquet")
    same = stored("20260822T075900000000Z-9f2c61d0-000005.parquet")
    later = stored("20260822T080000000000Z-9f2c61d0-000006.parquet")
    assert partition_of(first).keys_by_dimension == {"hour": "2026-08-22T07", "shard": "6"}
    assert by_partition([first, same, later]) == {
        partition_of(first): [first, same],
        partition_of(later): [later],
    }
    assert partition_of(later).keys_by_dimension == {"hour": "2026-08-22T08", "shard": "6"}


def test_writers_are_spread_over_all_shards() -> None:
    names = [f"20260822T071016123456Z-{writer:08x}-000001.parquet" for writer in range(100)]
    shards = {partition_of(stored(name)).keys_by_dimension["shard"] for name in names}
    assert shards == {str(shard) for shard in range(SHARDS)}
    assert PARTITIONS.partition_dimension_names == ["hour", "shard"]


def test_what_writers_call_their_segments_has_an_hour(tmp_path: Path) -> None:
    """A name that has none is loaded too."""
    written = SegmentWriter(tmp_path).write(stretch((1, 5)))
    record = write_record(tmp_path, TierRecord(AS_OF, "file", (), is_whole=True))
    assert written
    for name in (written.name, record.name):
        assert partition_of(stored(name)).keys_by_dimension["hour"].startswith("20")
    assert partition_of(stored("by-hand.parquet")).keys_by_dimension["hour"] == "unknown"
