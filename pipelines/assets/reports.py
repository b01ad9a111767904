"""Reports by the calendar, as a job of Dagster."""

import dagster as dg

from pipelines.alerts.config.alerts_file import read_alerts
from pipelines.alerts.reports import write_due
from pipelines.assets.extraction import Now
from pipelines.settings import Settings


@dg.op(retry_policy=dg.RetryPolicy(max_retries=2, delay=60))
def write_due_reports(
    context: dg.OpExecutionContext,
    settings: dg.ResourceParam[Settings],
    now: dg.ResourceParam[Now],
) -> None:
    """Write the reports of the alerts file that are due, and remove those beyond what is kept."""
    for path in write_due(settings, read_alerts(settings.alerts), now()):
        context.log.info("Wrote %s.", path)


@dg.job
def reports() -> None:
    """Write the reports that the alerts file names, each at its time."""
    write_due_reports()
