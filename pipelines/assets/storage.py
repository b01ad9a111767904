"""Migration of Dagster's storage to the version of Dagster that is installed."""

import logging

import dagster as dg

from pipelines.settings import Settings

log = logging.getLogger(__name__)


def migrate_storage(settings: Settings) -> bool:
    """Migrate the storage of a home that an older Dagster made; return True if that was needed.

    The same as `dagster instance migrate`. Only where no other Dagster runs on this home.
    """
    if not any(settings.dagster.rglob("*.db")):
        return False
    with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
        storages = (instance.run_storage, instance.event_log_storage, instance.schedule_storage)
        versions = [each.alembic_version() for each in storages if each]
        if all(found is None or found[0] == found[1] for found in versions):
            return False
        log.info("Migrating Dagster's storage to %s.", dg.__version__)
        instance.upgrade()
    return True
