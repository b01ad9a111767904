"""Everything that Dagster runs, wired by hand in the order in which data flows."""

import dagster as dg

from pipelines.archive import utc_now
from pipelines.assets.dbt import dbt_tables
from pipelines.assets.downloads import raw_downloads
from pipelines.assets.extraction import Now
from pipelines.assets.maintenance import tidy_daily
from pipelines.assets.prices import raw_models_dev, raw_prices
from pipelines.assets.published import published, yesterday_is_in
from pipelines.assets.quality import raw_arena, raw_epoch
from pipelines.assets.rankings import rankings
from pipelines.assets.reports import reports
from pipelines.assets.snapshots import (
    raw_catalogue,
    raw_endpoints,
    raw_references,
    raw_slices,
    raw_usage,
)
from pipelines.assets.telemetry import raw_telemetry, telemetry_forgotten
from pipelines.schedules import JOBS, SCHEDULES, SENSORS
from pipelines.settings import Settings, read_settings
from pipelines.sources.client.http import RetryPolicy


def define(
    settings: Settings, retry_policy: RetryPolicy | None = None, now: Now = utc_now
) -> dg.Definitions:
    """Return the definitions for one home.

    Resources are plain objects without configuration: Dagster shows and stores no setting.
    """
    return dg.Definitions(
        assets=[
            rankings,
            raw_slices,
            raw_usage,
            raw_catalogue,
            raw_endpoints,
            raw_prices,
            raw_models_dev,
            raw_references,
            raw_arena,
            raw_epoch,
            raw_downloads,
            raw_telemetry,
            dbt_tables(settings),
            published,
        ],
        asset_checks=[yesterday_is_in],
        jobs=[*JOBS, tidy_daily, telemetry_forgotten, reports],
        schedules=SCHEDULES,
        sensors=SENSORS,
        resources={
            "settings": settings,
            "retry_policy": retry_policy or RetryPolicy(),
            "now": now,
        },
        # There is one writer, so the steps of a run follow each other; a process for each would
        # cost seconds.
        executor=dg.in_process_executor,
    )


@dg.definitions
def defs() -> dg.Definitions:
    """Define what `dagster -m pipelines.definitions` finds; nothing is read before Dagster asks."""
    return define(read_settings())
