"""Dagster keeps the records of every run for good, some 50 MB a day here; those of hourly runs are of no use after a week."""

from datetime import datetime, timedelta

import dagster as dg

from pipelines.assets.extraction import Now

KEPT = timedelta(days=7)
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
    """Remove what Dagster keeps of hourly runs that ended more than a week ago; what they collected stays."""
    context.log.info("Removed the records of %d runs.", tidy(context.instance, now()))


@dg.job
def tidy_daily() -> None:
    """Keeps Dagster's own state from growing without end."""
    remove_old_records()


def tidy(instance: dg.DagsterInstance, now: datetime) -> int:
    """Remove the records of hourly runs that were created more than a week before `now`; returns how many."""
    removed = 0
    for job in HOURLY:
        old = dg.RunsFilter(job_name=job, statuses=ENDED, created_before=now - KEPT)
        for record in instance.get_run_records(old):
            instance.delete_run(record.dagster_run.run_id)
            removed += 1
    return removed
