"""The code location of the distributed form, beside that of a home (`pipelines.definitions`).

dagster code-server start --module-name pipelines.distributed.definitions --port 4000
"""

import dagster as dg

from pipelines.distributed.launching import JOBS, SCHEDULES, SENSORS, lake_maintain
from pipelines.distributed.runs import lake_published, lake_segments
from pipelines.settings import Settings, read_settings


def define_lake(settings: Settings) -> dg.Definitions:
    """Return the definitions; resources are plain objects, of which Dagster stores no setting."""
    return dg.Definitions(
        assets=[lake_segments, lake_published],
        jobs=[*JOBS, lake_maintain],
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={"settings": settings},
        # A run has one step. A process for it would cost seconds.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Define what Dagster finds in this module; nothing is read before it asks."""
    return define_lake(read_settings())
