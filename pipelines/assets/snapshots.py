"""What the source says of the present only: the catalogue, the hosts, who uses what, and the filtered boards of the trailing weeks.

There is no past to backfill, so none of it has partitions. Each asset is all requests of one plan; one that fails is listed by the
check, and the step fails only if all of them do.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, Now, answered, extract, materialize_result
from pipelines.assets.rankings import ANSWERS
from pipelines.ingest.market import land, leading_models
from pipelines.settings import Settings
from pipelines.sources.http import RetryPolicy, SourceClient
from pipelines.sources.openrouter.requests import (
    SourceRequest,
    catalogue_requests,
    endpoint_requests,
    slice_requests,
    usage_requests,
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
    patience: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Every model with its names and list price, and every provider."""
    yield materialize_result(extract(context, settings, patience, catalogue_requests))


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
    patience: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Hosts, prices and speed of the models that lead the newest board."""
    # Also makes a warehouse that is not there yet, whose board is empty.
    land(settings)
    models = leading_models(settings)
    yield materialize_result(
        extract(context, settings, patience, lambda client: endpoint_requests(client, models))
    )


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
    patience: dg.ResourceParam[RetryPolicy],
    now: dg.ResourceParam[Now],
) -> Iterator[dg.MaterializeResult[None]]:
    """Apps, tasks, benchmarks and session costs. Without a key there is nothing to ask, and nothing fails."""
    yesterday = now().date() - timedelta(days=1)
    yield materialize_result(
        extract(context, settings, patience, lambda client: usage_requests(client, yesterday))
    )


@dg.asset(
    name=SLICES, deps=[ANSWERS], check_specs=[answered(SLICES)], group_name="raw", kinds={"duckdb"}, pool=POOL, retry_policy=RETRY
)  # fmt: skip
def raw_slices(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    patience: dg.ResourceParam[RetryPolicy],
    now: dg.ResourceParam[Now],
) -> Iterator[dg.MaterializeResult[None]]:
    """The boards by modality, context, category and language of the last 30 days. Without a key there is nothing to ask."""
    yesterday = now().date() - timedelta(days=1)
    yield materialize_result(
        extract(context, settings, patience, lambda client: _slices(client, yesterday))
    )


def _slices(client: SourceClient, end: date) -> Iterator[SourceRequest]:
    return (
        slice_requests(client, end - SLICE_DAYS + timedelta(days=1), end)
        if client.has_key
        else iter(())
    )
