"""What the source says of the present only: the catalogue, the hosts, who uses what, and the filtered boards of the trailing weeks.

There is no past to backfill, so none of it has partitions. Each asset is all requests of one plan; one that fails is listed by the
check, and the step fails only if all of them do.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, Clock, answered, bring, told
from pipelines.assets.rankings import ANSWERS
from pipelines.ingest.market import land, leading_models
from pipelines.settings import Settings
from pipelines.sources.http import Client, Patience
from pipelines.sources.openrouter.requests import (
    Asked,
    catalogue_plan,
    endpoint_plan,
    slice_plan,
    usage_plan,
)

CATALOGUE, ENDPOINTS, USAGE, SLICES = "raw_catalogue", "raw_endpoints", "raw_usage", "raw_slices"
SLICE_DAYS = timedelta(days=30)


@dg.asset(
    name=CATALOGUE,
    check_specs=[answered(CATALOGUE)],
    group_name="raw",
    kinds={"duckdb"},
    pool=POOL,
    retry_policy=RETRY,
)
def raw_catalogue(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    patience: dg.ResourceParam[Patience],
) -> Iterator[dg.MaterializeResult[None]]:
    """Every model with its names and list price, and every provider."""
    yield told(bring(context, settings, patience, catalogue_plan))


@dg.asset(
    name=ENDPOINTS,
    check_specs=[answered(ENDPOINTS)],
    group_name="raw",
    kinds={"duckdb"},
    pool=POOL,
    retry_policy=RETRY,
)
def raw_endpoints(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    patience: dg.ResourceParam[Patience],
) -> Iterator[dg.MaterializeResult[None]]:
    """Hosts, prices and speed of the models that lead the newest board."""
    # Also makes a warehouse that is not there yet, whose board is empty.
    land(settings)
    models = leading_models(settings)
    yield told(bring(context, settings, patience, lambda client: endpoint_plan(client, models)))


@dg.asset(
    name=USAGE,
    check_specs=[answered(USAGE)],
    group_name="raw",
    kinds={"duckdb"},
    pool=POOL,
    retry_policy=RETRY,
)
def raw_usage(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    patience: dg.ResourceParam[Patience],
    now: dg.ResourceParam[Clock],
) -> Iterator[dg.MaterializeResult[None]]:
    """Apps, tasks, benchmarks and session costs. Without a key there is nothing to ask, and nothing fails."""
    yesterday = now().date() - timedelta(days=1)
    yield told(bring(context, settings, patience, lambda client: usage_plan(client, yesterday)))


@dg.asset(
    name=SLICES, deps=[ANSWERS], check_specs=[answered(SLICES)], group_name="raw", kinds={"duckdb"}, pool=POOL, retry_policy=RETRY
)  # fmt: skip
def raw_slices(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    patience: dg.ResourceParam[Patience],
    now: dg.ResourceParam[Clock],
) -> Iterator[dg.MaterializeResult[None]]:
    """The boards by modality, context, category and language of the last 30 days. Without a key there is nothing to ask."""
    yesterday = now().date() - timedelta(days=1)
    yield told(bring(context, settings, patience, lambda client: _slices(client, yesterday)))


def _slices(client: Client, end: date) -> Iterator[Asked]:
    return (
        slice_plan(client, end - SLICE_DAYS + timedelta(days=1), end)
        if client.has_key
        else iter(())
    )
