"""Start of runs: sensors look at the spool and at the lake, a schedule maintains it at night."""

from collections.abc import Sequence
from datetime import datetime
from hashlib import sha256

import dagster as dg

from pipelines.archive import utc_now
from pipelines.distributed.partitions import HOURS, NO_HOUR, by_partition
from pipelines.distributed.runs import (
    BUILD_POOL,
    LOAD_POOL,
    SNAPSHOT,
    lake_published,
    lake_segments,
    maintain,
    spool_of,
)
from pipelines.lake.connection import lake_of, newest_load
from pipelines.lake.spool import SpooledSegment, list_waiting
from pipelines.services.postgres import connect
from pipelines.settings import Settings

LOAD_SECONDS, BUILD_SECONDS = 30, 60
MAX_HOURS = 7 * 24  # that the page shows
UNFINISHED = [
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]
# A run that failed, and whose retry the daemon has not started yet.
WILL_RETRY, RETRIED_BY = {"dagster/will_retry": "true"}, "dagster/auto_retry_run_id"
MAX_FAILED = 100
# The queue of celery whose workers take a run. A run is given up after a while, as its host may be
# gone without a word: a load after what the instance says, as the next one goes on where it ended.
LOAD_TAGS = {"dagster-celery/queue": LOAD_POOL}
BUILD_TAGS = {"dagster-celery/queue": BUILD_POOL, "dagster/max_runtime": "7200"}
WHOLE = {"dagster/retry_strategy": "ALL_STEPS"}

lake_load = dg.define_asset_job(
    "lake_load",
    dg.AssetSelection.assets(lake_segments),
    description="Append the segments of a shard and an hour to the lake.",
    tags={**WHOLE, **LOAD_TAGS},
)
lake_build = dg.define_asset_job(
    "lake_build",
    dg.AssetSelection.assets(lake_published),
    description="Build, audit and publish what the lake holds.",
    tags={**WHOLE, **BUILD_TAGS},
)


@dg.job(tags={**WHOLE, **BUILD_TAGS})
def lake_maintain() -> None:
    """Merge small files of the lake, and remove what only old snapshots name."""
    maintain()


maintained_nightly = dg.ScheduleDefinition(
    name=lake_maintain.name,
    job=lake_maintain,
    cron_schedule="40 2 * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
)


@dg.sensor(
    job=lake_load,
    minimum_interval_seconds=LOAD_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def segments_wait(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.SensorResult | dg.SkipReason:
    """Start a run for each partition of which segments wait and no run is under way.

    The same segments start one again after an hour, such as where all retries have failed.
    """
    waiting = by_partition(list_waiting(spool_of(settings)))
    known = set(context.instance.get_dynamic_partitions(HOURS.name or ""))
    hours = {key.keys_by_dimension["hour"] for key in waiting}
    old = sorted(known - hours - {NO_HOUR})[:-MAX_HOURS]
    at_work = _partitions_at_work(context.instance)
    requests = [
        dg.RunRequest(run_key=_run_key(key, segments, utc_now()), partition_key=key)
        for key, segments in waiting.items()
        if key not in at_work
    ]
    changes: list[dg.AddDynamicPartitionsRequest | dg.DeleteDynamicPartitionsRequest] = []
    if hours - known:
        changes.append(HOURS.build_add_request(sorted(hours - known)))
    if old:
        changes.append(HOURS.build_delete_request(old))
    if not requests and not changes:
        return dg.SkipReason(f"{len(waiting)} partitions have segments, all with a run.")
    return dg.SensorResult(run_requests=requests, dynamic_partitions_requests=changes)


def _partitions_at_work(instance: dg.DagsterInstance) -> set[str]:
    """Return the partitions whose run is not over, or will be started again by Dagster."""
    job = lake_load.name
    runs = [*instance.get_runs(dg.RunsFilter(job_name=job, statuses=UNFINISHED))]
    failed = dg.RunsFilter(job_name=job, statuses=[dg.DagsterRunStatus.FAILURE], tags=WILL_RETRY)
    runs += [
        run for run in instance.get_runs(failed, limit=MAX_FAILED) if RETRIED_BY not in run.tags
    ]
    return {run.tags.get("dagster/partition", "") for run in runs}


def _run_key(key: str, segments: Sequence[SpooledSegment], now: datetime) -> str:
    names = "\n".join(segment.name for segment in segments)
    return f"{key} {now:%Y-%m-%dT%H} {sha256(names.encode()).hexdigest()[:16]}"


@dg.sensor(
    job=lake_build,
    minimum_interval_seconds=BUILD_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def lake_has_news(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Start a build where segments were loaded since the last one."""
    address = lake_of(settings)
    with connect(address.catalog) as session:
        newest = newest_load(session, address)
    built = _built_snapshot(context.instance)
    if newest <= built:
        return dg.SkipReason(f"Snapshot {newest} of the lake is built.")
    if context.instance.get_runs(
        dg.RunsFilter(job_name=lake_build.name, statuses=UNFINISHED), limit=1
    ):
        return dg.SkipReason("A build is under way.")
    return dg.RunRequest(run_key=f"{newest} {utc_now():%Y-%m-%dT%H}")


def _built_snapshot(instance: dg.DagsterInstance) -> int:
    """Return the snapshot of the lake up to which the last build has read it, or -1."""
    event = instance.get_latest_materialization_event(lake_published.key)
    materialization = event.asset_materialization if event else None
    value = materialization.metadata[SNAPSHOT].value if materialization else -1
    return value if isinstance(value, int) else -1


JOBS = [lake_load, lake_build]
SENSORS = [segments_wait, lake_has_news]
SCHEDULES = [maintained_nightly]
