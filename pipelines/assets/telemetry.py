"""Telemetry of inference tiers: loaded when segments are closed, old samples dropped at night."""

import dagster as dg

from pipelines.assets.extraction import POOL, Now
from pipelines.assets.presentation import OWNERS, TIER_SOURCES
from pipelines.ingest.telemetry import load
from pipelines.loading.telemetry.retention import drop_old_samples
from pipelines.settings import Settings
from warehouse.connection import session

TELEMETRY = "raw_telemetry"


@dg.asset(
    name=TELEMETRY,
    group_name=TIER_SOURCES,
    owners=[OWNERS["tier"]],
    kinds={"python", "parquet", "duckdb"},
    pool=POOL,
)
def raw_telemetry(
    context: dg.AssetExecutionContext, settings: dg.ResourceParam[Settings]
) -> dg.MaterializeResult[None]:
    """Segments of the collector and of our own servers, each loaded once, and their facts."""
    loaded = load(settings)
    for path, reason in loaded.unreadable:
        context.log.warning("%s cannot be read (%s); it stays where it is.", path, reason)
    counts = {
        "segments": loaded.segments,
        "samples": loaded.samples,
        "requests": loaded.requests,
        "unreadable": len(loaded.unreadable),
    }
    return dg.MaterializeResult(metadata=counts)


@dg.op(pool=POOL)
def forget_old_samples(
    context: dg.OpExecutionContext,
    settings: dg.ResourceParam[Settings],
    now: dg.ResourceParam[Now],
) -> None:
    """Drop samples older than TOKENTIDE_TELEMETRY_DAYS. Facts by minute and hour stay."""
    with session(settings.warehouse) as con:
        dropped = drop_old_samples(con, settings.telemetry_days, now())
    context.log.info("Dropped %d samples.", dropped)


@dg.job
def telemetry_forgotten() -> None:
    """Keep the warehouse from growing without end."""
    forget_old_samples()
