"""The celery application of workers, which execute the runs of the distributed form.

    celery --app pipelines.distributed.worker worker --queues load --concurrency 2

Broker and backend are those of the instance: one file, dagster-postgres.yaml, says them once.
"""

import dagster as dg
from dagster_celery.launcher import CeleryRunLauncher
from dagster_celery.tasks import create_execute_job_task

from pipelines.errors import BadSetting


def _application() -> object:
    with dg.DagsterInstance.get() as instance:
        launcher = instance.run_launcher
        if not isinstance(launcher, CeleryRunLauncher):
            raise BadSetting(
                "The dagster.yaml in DAGSTER_HOME names no CeleryRunLauncher; "
                "deploy/dagster/dagster-postgres.yaml does."
            )
        create_execute_job_task(launcher.celery)
        return launcher.celery


app = _application()
