"""Schedules, in UTC.

Each run that builds also publishes, so the marts are never older than an hour.

    08:00            the rankings of yesterday, usage, filtered rankings; build, publish
    09:40 to 23:40   the rankings of yesterday again, if it is still not in
    hourly at :17    catalogue; build, publish
    at :05 and :35   endpoints of the leading models; loaded only, the next build uses them
    hourly at :50    whether yesterday is in
    06:40 and 18:40  archives of past prices; build, publish
    05:40, 06:20, 07:10   lists about labs; measures of quality; downloads; build, publish
    Monday 09:30     the whole history again; build, publish
    daily 03:10      Dagster's records of old runs are removed, see TOKENTIDE_RUN_DAYS
    daily 03:40      samples of telemetry older than TOKENTIDE_TELEMETRY_DAYS are dropped
    daily 04:10      everything is built and checked whole, whatever changed; publish
    every 5 minutes  segments of telemetry that were closed, if there are any; build, publish. Where
                     `tokentide ingest telemetry --follow` runs, it does so every half minute, and
                     Dagster only notes what was published
    every minute     alerts by the clock, such as of a source that gives nothing; a run only for
                     reports that are due. Each publish checks alerts as well

Runs that open the warehouse go one at a time; the others wait in the queue. A run of telemetry
builds what reads the tier, a run of the market what reads the market: both what reads both.
"""

from datetime import timedelta
from hashlib import sha256

import dagster as dg

from pipelines.alerts.checking import check_and_send
from pipelines.alerts.config.alerts_file import read_alerts
from pipelines.alerts.reports import find_due
from pipelines.assets.dbt import READS, WHOLE_BUILD
from pipelines.assets.downloads import DOWNLOADS
from pipelines.assets.extraction import Now
from pipelines.assets.maintenance import tidy_daily
from pipelines.assets.published import (
    PUBLISHED,
    generation_metadata,
    is_published,
    newest_expected,
    yesterday_is_in,
)
from pipelines.assets.quality import ARENA, EPOCH
from pipelines.assets.rankings import ANSWERS, RANKINGS
from pipelines.assets.reports import reports
from pipelines.assets.snapshots import CATALOGUE, ENDPOINTS, REFERENCES, SLICES, USAGE
from pipelines.assets.telemetry import TELEMETRY, telemetry_forgotten
from pipelines.ingest.following import is_followed
from pipelines.loading.telemetry.segment_files import SpoolFolders
from pipelines.publish.generations import generations
from pipelines.settings import Settings
from pipelines.sources.openrouter.rankings import FIRST_DAY
from pipelines.sources.prices.requests import ARCHIVES, MODELS_DEV

RUNNING = dg.DefaultScheduleStatus.RUNNING
TELEMETRY_SECONDS = 300  # a run costs seconds, whatever it has to do
ALERT_SECONDS = 60
# A run is repeated whole: another one may have built since, and a run may publish only what it has
# audited.
WHOLE = {"dagster/retry_strategy": "ALL_STEPS"}
OF_MARKET, OF_TIER = (
    dg.AssetSelection.tag(tag, "") | dg.AssetSelection.assets(PUBLISHED) for tag in READS.values()
)
# Each table reads one half or both.
BUILT = OF_MARKET | OF_TIER
RANKINGS_OF_DAYS = dg.AssetSelection.assets(RANKINGS, ANSWERS)

market_daily = dg.define_asset_job(
    "market_daily",
    RANKINGS_OF_DAYS | dg.AssetSelection.assets(USAGE, SLICES) | OF_MARKET,
    description="Request rankings, usage and slices; build what reads the market, and publish.",
    tags=WHOLE,
)
rankings_late = dg.define_asset_job(
    "rankings_late",
    RANKINGS_OF_DAYS | OF_MARKET,
    description="Request a day of rankings that was late; build what reads it, and publish.",
    tags=WHOLE,
)
rankings_weekly_full = dg.define_asset_job(
    "rankings_weekly_full",
    RANKINGS_OF_DAYS | OF_MARKET,
    description="Request every day of rankings again, so that each restatement is seen; publish.",
    tags=WHOLE,
)
catalogue_hourly = dg.define_asset_job(
    "catalogue_hourly",
    dg.AssetSelection.assets(CATALOGUE) | OF_MARKET,
    description="Request models, prices and providers; build what reads the market, and publish.",
    tags=WHOLE,
)
endpoints_half_hourly = dg.define_asset_job(
    "endpoints_half_hourly",
    dg.AssetSelection.assets(ENDPOINTS),
    description="Request hosts, prices and speed of the leading models, for the next build.",
    tags=WHOLE,
)
prices_twice_daily = dg.define_asset_job(
    "prices_twice_daily",
    dg.AssetSelection.assets(ARCHIVES, MODELS_DEV) | OF_MARKET,
    description="Request archives of past prices; build what reads the market, and publish.",
    tags=WHOLE,
)
references_daily = dg.define_asset_job(
    "references_daily",
    dg.AssetSelection.assets(REFERENCES) | OF_MARKET,
    description="Request lists of labs and models; build what reads the market, and publish.",
    tags=WHOLE,
)
quality_daily = dg.define_asset_job(
    "quality_daily",
    dg.AssetSelection.assets(ARENA, EPOCH) | OF_MARKET,
    description="Request measures of quality; build what reads the market, and publish.",
    tags=WHOLE,
)
downloads_daily = dg.define_asset_job(
    "downloads_daily",
    dg.AssetSelection.assets(DOWNLOADS) | OF_MARKET,
    description="Request download counters; build what reads the market, and publish.",
    tags=WHOLE,
)
freshness_hourly = dg.define_asset_job(
    "freshness_hourly",
    dg.AssetSelection.checks(yesterday_is_in),
    description="Check that the newest day that should be published is.",
)
telemetry = dg.define_asset_job(
    "telemetry",
    dg.AssetSelection.assets(TELEMETRY) | OF_TIER,
    description="Load closed segments; build what reads the tier, and publish.",
    tags=WHOLE,
)
whole_nightly = dg.define_asset_job(
    "whole_nightly",
    BUILT,
    description="Build and check everything, whatever changed, and publish.",
    tags={**WHOLE, **WHOLE_BUILD},
)

JOBS = [
    market_daily,
    rankings_late,
    rankings_weekly_full,
    catalogue_hourly,
    endpoints_half_hourly,
    prices_twice_daily,
    references_daily,
    quality_daily,
    downloads_daily,
    freshness_hourly,
    telemetry,
    whole_nightly,
]


def _by_clock(job_name: str, cron: str) -> dg.ScheduleDefinition:
    return dg.ScheduleDefinition(
        name=job_name,
        job_name=job_name,
        cron_schedule=cron,
        execution_timezone="UTC",
        default_status=RUNNING,
    )


every_hour = _by_clock(catalogue_hourly.name, "17 * * * *")
every_half_hour = _by_clock(endpoints_half_hourly.name, "5,35 * * * *")
twice_a_day = _by_clock(prices_twice_daily.name, "40 6,18 * * *")
every_day_references = _by_clock(references_daily.name, "40 5 * * *")
every_morning = _by_clock(quality_daily.name, "20 6 * * *")
downloads_every_day = _by_clock(downloads_daily.name, "10 7 * * *")
every_hour_fresh = _by_clock(freshness_hourly.name, "50 * * * *")


@dg.schedule(
    name="market_daily",
    job=market_daily,
    cron_schedule="0 8 * * *",
    execution_timezone="UTC",
    default_status=RUNNING,
)
def every_day(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request the UTC day that ended eight hours ago; until half past seven it is restated."""
    yesterday = (context.scheduled_execution_time.date() - timedelta(days=1)).isoformat()
    return dg.RunRequest(run_key=yesterday, partition_key=yesterday)


@dg.schedule(
    name="rankings_weekly_full",
    job=rankings_weekly_full,
    cron_schedule="30 9 * * 1",
    execution_timezone="UTC",
    default_status=RUNNING,
)
def every_week(context: dg.ScheduleEvaluationContext) -> dg.RunRequest:
    """Request every day since the first, in one run: a restatement is seen within a week."""
    yesterday = context.scheduled_execution_time.date() - timedelta(days=1)
    window = {
        "dagster/asset_partition_range_start": FIRST_DAY.isoformat(),
        "dagster/asset_partition_range_end": yesterday.isoformat(),
    }
    return dg.RunRequest(run_key=yesterday.isoformat(), tags=window)


@dg.schedule(
    name="rankings_late",
    job=rankings_late,
    cron_schedule="40 9-23 * * *",
    execution_timezone="UTC",
    default_status=RUNNING,
)
def while_late(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason:
    """Request yesterday again while it is not in: the source was late, or nothing ran at 08:00."""
    day = newest_expected(context.scheduled_execution_time)
    if is_published(settings, day):
        return dg.SkipReason(f"{day} is in.")
    return dg.RunRequest(partition_key=day.isoformat())


every_night = _by_clock(tidy_daily.name, "10 3 * * *")
every_night_samples = _by_clock(telemetry_forgotten.name, "40 3 * * *")
every_night_whole = _by_clock(whole_nightly.name, "10 4 * * *")


@dg.sensor(
    job=telemetry,
    minimum_interval_seconds=TELEMETRY_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def telemetry_arrived(
    context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]
) -> dg.RunRequest | dg.SkipReason | dg.SensorResult:
    """Start a run when new segments wait, or note what the process that follows has published.

    An unreadable segment does not start a run again and again.
    """
    if is_followed(settings):
        return _note_published(context, settings)
    names = "\n".join(segment.name for segment in SpoolFolders.of(settings).list_waiting())
    return (
        dg.RunRequest(run_key=sha256(names.encode()).hexdigest())
        if names
        else dg.SkipReason("No closed segment waits.")
    )


def _note_published(
    context: dg.SensorEvaluationContext, settings: Settings
) -> dg.SkipReason | dg.SensorResult:
    """Note the newest generation as one of the assets that the following process makes."""
    published = generations(settings)
    if not published or str(published[-1].number) == context.cursor:
        return dg.SkipReason("Another process follows telemetry, and has published nothing new.")
    generation = published[-1]
    metadata = generation_metadata(generation)
    events = [dg.AssetMaterialization(name, metadata=metadata) for name in (TELEMETRY, PUBLISHED)]
    return dg.SensorResult(asset_events=events, cursor=str(generation.number))


@dg.sensor(
    job_name=reports.name,
    minimum_interval_seconds=ALERT_SECONDS,
    default_status=dg.DefaultSensorStatus.RUNNING,
)
def alerts_by_the_clock(
    settings: dg.ResourceParam[Settings], now: dg.ResourceParam[Now]
) -> dg.RunRequest | dg.SkipReason:
    """Check alerts here, which costs no run, and start a run for reports that are due."""
    if not settings.alerts.exists():
        return dg.SkipReason("There is no alerts file.")
    check_and_send(settings)
    due = find_due(read_alerts(settings.alerts), now())
    names = "\n".join(each.path.name for each in due)
    return (
        dg.RunRequest(run_key=sha256(names.encode()).hexdigest())
        if names
        else dg.SkipReason("Alerts are checked; no report is due.")
    )


SCHEDULES = [
    every_day,
    while_late,
    every_hour,
    every_half_hour,
    twice_a_day,
    every_day_references,
    every_morning,
    downloads_every_day,
    every_hour_fresh,
    every_week,
    every_night,
    every_night_samples,
    every_night_whole,
]
SENSORS = [telemetry_arrived, alerts_by_the_clock]
