"""Maintenance of Dagster's state: records of hourly runs, some 50 MB a day, go after a week."""

from datetime import datetime, timedelta

import dagster as dg

from pipelines.assets.extraction import Now

KEEP_FOR = timedelta(days=7)
HOURLY = (
    "catalogue_hourly",
    "endpoints_half_hourly",
    "freshness_hourly",
    "rankings_late",
    "telemetry",
)
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]


@dg.op
def remove_old_records(context: dg.OpExecutionContext, now: dg.ResourceParam[Now]) -> None:
    """Remove Dagster's records of hourly runs that ended more than a week ago; their data stay."""
    context.log.info("Removed the records of %d runs.", tidy(context.instance, now()))


@dg.job
def tidy_daily() -> None:
    """Keep Dagster's state from growing without end."""
    remove_old_records()


def tidy(instance: dg.DagsterInstance, now: datetime) -> int:
    """Remove records of hourly runs created more than a week before `now`; return how many."""
    removed = 0
    for job in HOURLY:
        old = dg.RunsFilter(job_name=job, statuses=ENDED, created_before=now - KEEP_FOR)
        for record in instance.get_run_records(old):
            instance.delete_run(record.dagster_run.run_id)
            removed += 1
    return removed
