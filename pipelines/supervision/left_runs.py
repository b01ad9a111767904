"""Runs that Dagster's record says are running, while their process was killed."""

import dagster as dg

# One that is not started yet holds nothing: Dagster launches it again, or gives it up in minutes.
RUNNING = [
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
]


def end_left_runs(instance: dg.DagsterInstance) -> int:
    """Mark runs as failed that a process left behind as it was killed; return how many.

    They would hold the pool of the one writer until their longest time is over. Dagster starts them
    again as it does any that failed. Only where no other Dagster runs on this instance.
    """
    left = instance.get_runs(dg.RunsFilter(statuses=RUNNING))
    for run in left:
        instance.report_run_failed(run, "Its process was ended before it was done.")
    return len(left)
