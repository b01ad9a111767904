"""Runs of the distributed form: load a partition, build and publish, maintain the lake.

They call the functions of the verbs of `tokentide lake`. Runs may be killed anywhere: a load is
exactly once, a build publishes whole generations under the lease.
"""

from dataclasses import asdict

import dagster as dg

from pipelines.assets.presentation import OWNERS, PUBLISHED_GROUP, TIER_SOURCES
from pipelines.assets.published import generation_metadata
from pipelines.distributed.partitions import PARTITIONS, partition_of
from pipelines.errors import BadSetting, LockHeld, ServiceFailed
from pipelines.lake.building import build_from_lake, maintain_lake
from pipelines.lake.connection import open_lake
from pipelines.lake.loading import load_waiting
from pipelines.lake.spool import list_waiting
from pipelines.services.object_store import ObjectStore
from pipelines.settings import Settings

LOAD_POOL, BUILD_POOL = "load", "build"
SEGMENTS, PUBLISHED = "lake_segments", "lake_published"
SNAPSHOT = "snapshot"
# A service that is away for a minute costs no run.
RETRIES = dg.RetryPolicy(max_retries=3, delay=10, backoff=dg.Backoff.EXPONENTIAL)


def spool_of(settings: Settings) -> ObjectStore:
    """Return the spool in S3; raise BadSetting where none is set."""
    if settings.services.spool is None:
        raise BadSetting("TOKENTIDE_SPOOL is not set, so there is nothing to load from.")
    return ObjectStore(settings.services.spool)


@dg.asset(
    name=SEGMENTS,
    partitions_def=PARTITIONS,
    group_name=TIER_SOURCES,
    owners=[OWNERS["tier"]],
    kinds={"python", "parquet", "s3"},
    pool=LOAD_POOL,
    retry_policy=RETRIES,
)
def lake_segments(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Segments of a shard and an hour that wait in the spool, each appended to the lake once."""
    key = context.partition_key
    waiting = [each for each in list_waiting(spool_of(settings)) if partition_of(each) == key]
    with open_lake(settings) as lake:
        loaded = load_waiting(lake, waiting)
    for name, reason in loaded.unreadable:
        context.log.warning("%s cannot be read (%s); it stays where it is.", name, reason)
    counts = {**asdict(loaded), "unreadable": len(loaded.unreadable)}
    return dg.MaterializeResult(metadata=counts)


@dg.asset(
    name=PUBLISHED,
    deps=[lake_segments],
    group_name=PUBLISHED_GROUP,
    owners=[OWNERS["joint"]],
    kinds={"python", "duckdb", "s3"},
    pool=BUILD_POOL,
)
def lake_published(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Build what the lake holds under the lease, and publish it where something is new."""
    try:
        found = build_from_lake(settings)
    except (LockHeld, ServiceFailed) as error:
        raise dg.RetryRequested(max_retries=10, seconds_to_wait=30) from error
    context.log.info("%d segments; %d tables made.", found.loaded.segments, found.built.made)
    return dg.MaterializeResult(
        metadata={
            **generation_metadata(found.generation),
            SNAPSHOT: found.snapshot,
            "segments": found.loaded.segments,
            "is_new": found.is_new,
            "teams": len(found.teams),
            "uploaded": found.pointer.name if found.pointer else "nothing",
        }
    )


@dg.op(pool=BUILD_POOL)
def maintain(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Merge small files, expire old snapshots and remove what they alone name."""
    try:
        done = maintain_lake(settings)
    except (LockHeld, ServiceFailed) as error:
        raise dg.RetryRequested(max_retries=20, seconds_to_wait=60) from error
    context.log.info("%s", asdict(done))
