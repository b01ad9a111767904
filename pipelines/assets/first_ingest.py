"""Events of an ingest that the command made, so that Dagster shows it as it shows a run.

What was requested, built and published is materialized, every check that ran has its result, and a
day that did not get through, or that the source does not have, is missing.
"""

from collections.abc import Iterator
from datetime import datetime

import dagster as dg
import duckdb

from pipelines.assets.dbt import UNIQUE_ID, dbt_tables
from pipelines.assets.extraction import answered_result
from pipelines.assets.published import PUBLISHED, generation_metadata, is_published, newest_expected
from pipelines.assets.rankings import (
    ANSWERS,
    RANKINGS,
    materializations,
    quarantine_checks,
    through_check,
)
from pipelines.ingest.market import MarketExtract, MarketIngest
from pipelines.settings import Settings
from pipelines.sources.registry import SOURCES
from pipelines.sql import read_sql
from pipelines.transform.build import BuildResult
from warehouse.connection import session

ANSWERS_OF_RUN = read_sql(__file__, "answers_of_run")

RunlessEvent = dg.AssetMaterialization | dg.AssetCheckEvaluation


def report_ingest(settings: Settings, ingested: MarketIngest, now: datetime) -> None:
    """Report an ingest to the Dagster instance of this home."""
    with session(settings.warehouse) as con:
        events = [*rankings_events(con, ingested.extract), *list_events(con, ingested.extract)]
    events += [*dbt_events(settings, ingested.built), *published_events(settings, ingested, now)]
    with dg.DagsterInstance.from_config(str(settings.dagster)) as instance:
        for event in events:
            instance.report_runless_asset_event(event)


def rankings_events(
    con: duckdb.DuckDBPyConnection, extract: MarketExtract
) -> Iterator[RunlessEvent]:
    """Yield the days that got through, those that were requested, and the checks of rankings."""
    yield from materializations(con, extract.days)
    for day in extract.days:
        yield dg.AssetMaterialization(
            ANSWERS,
            partition=day.date.isoformat(),
            metadata={"ingest_run_id": extract.run_id, "status": day.status},
        )
    for check in (through_check(extract.days), *quarantine_checks(con, extract.run_id)):
        yield _evaluation(RANKINGS, check)


def list_events(con: duckdb.DuckDBPyConnection, extract: MarketExtract) -> Iterator[RunlessEvent]:
    """Yield the assets of catalogue, endpoints, usage and slices that were requested."""
    rows = con.execute(ANSWERS_OF_RUN, {"run_id": extract.run_id}).fetchall()
    for asset in sorted({name for source in SOURCES.values() for name in source.assets}):
        if asset == ANSWERS:
            continue
        found = [row for row in rows if _asset_of(row[0], row[1]) == asset]
        failures = [failure for failure in extract.failures if failure.asset == asset]
        if found:
            counts = {
                "answers": sum(row[2] for row in found),
                "rows": sum(row[3] for row in found),
                "failures": len(failures),
            }
            metadata = {**counts, "ingest_run_id": extract.run_id}
            yield dg.AssetMaterialization(asset, metadata=metadata)
        if found or failures:
            yield _evaluation(asset, answered_result(failures))


def dbt_events(settings: Settings, built: BuildResult) -> Iterator[RunlessEvent]:
    """Yield the tables that the build made, and the result of each of its checks."""
    status = {result.node.unique_id: result.status for result in built.results}
    tables = dbt_tables(settings)
    for spec in tables.specs:
        if status.get(str(spec.metadata.get(UNIQUE_ID))) in ("success", "unchanged"):
            yield dg.AssetMaterialization(spec.key)
    for check in tables.check_specs:
        outcome = status.get(str(check.metadata.get(UNIQUE_ID)))
        if outcome in ("pass", "unchanged", "warn", "fail"):
            is_warning = outcome == "warn"
            yield dg.AssetCheckEvaluation(
                asset_key=check.asset_key,
                check_name=check.name,
                passed=outcome in ("pass", "unchanged"),
                metadata={"status": dg.MetadataValue.text(outcome)},
                severity=dg.AssetCheckSeverity.WARN if is_warning else dg.AssetCheckSeverity.ERROR,
            )


def published_events(
    settings: Settings, ingested: MarketIngest, now: datetime
) -> Iterator[RunlessEvent]:
    """Yield the generation, and whether yesterday is in it."""
    yield dg.AssetMaterialization(PUBLISHED, metadata=generation_metadata(ingested.generation))
    day = newest_expected(now)
    yield dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(PUBLISHED),
        check_name="yesterday_is_in",
        passed=is_published(settings, day),
        metadata={
            "day": dg.MetadataValue.text(day.isoformat()),
            "judged_at": dg.MetadataValue.timestamp(now),
        },
    )


def _asset_of(source: str, is_slice: bool) -> str:
    """Return the asset whose requests these answers are of; rankings have two."""
    *_, last = SOURCES[source].assets
    return last if is_slice or last != "raw_slices" else ANSWERS


def _evaluation(asset: str, check: dg.AssetCheckResult) -> dg.AssetCheckEvaluation:
    return dg.AssetCheckEvaluation(
        asset_key=dg.AssetKey(asset),
        check_name=str(check.check_name),
        passed=bool(check.passed),
        metadata=check.metadata or {},
        severity=check.severity,
    )
