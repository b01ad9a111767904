"""Maintenance of Dagster's state: records of hourly runs, some 50 MB a day, go after a week."""

from datetime import datetime, timedelta

import dagster as dg

from pipelines.assets.extraction import Now
from pipelines.settings import Settings

KEEP_FOR = timedelta(days=7)
HOURLY = (
    "catalogue_hourly",
    "endpoints_half_hourly",
    "freshness_hourly",
    "rankings_late",
    "telemetry",
)
ENDED = [dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED]

RUNNING = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


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


def end_left_runs(settings: Settings) -> int:
    """Mark runs as failed that a process left behind as it was killed; return how many.

    They would hold the pool of the one writer until their longest time is over. Dagster starts them
    again as it does any that failed. Only where no other Dagster runs on this home.
    """
    with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
        left = instance.get_runs(dg.RunsFilter(statuses=RUNNING))
        for run in left:
            instance.report_run_failed(run, "Its process was ended before it was done.")
    return len(left)
