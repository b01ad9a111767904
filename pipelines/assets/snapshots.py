"""Assets of the present: catalogue, endpoints, usage, filtered rankings, lists of labs.

There is no past to backfill, so none of them has partitions. Each asset makes all requests of one
list; a request that fails is listed by the check, and the step fails only if all of them do.
"""

from collections.abc import Iterator
from datetime import date, timedelta

import dagster as dg

from pipelines.archive import Archive
from pipelines.assets.extraction import (
    POOL,
    RETRY,
    Now,
    answered_check,
    extract,
    materialize_result,
)
from pipelines.assets.presentation import MARKET_SOURCES, OWNERS, REQUESTED
from pipelines.assets.rankings import ANSWERS
from pipelines.ingest.market import SLICE_DAYS, leading_models
from pipelines.loading.answers import load_answers
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.upstream import epoch, region_list
from pipelines.sources.openrouter.requests import (
    SourceRequest,
    catalogue_requests,
    endpoint_requests,
    slice_requests,
    usage_requests,
)
from pipelines.sources.references.requests import atom_requests, epoch_requests
from warehouse.connection import session

CATALOGUE, ENDPOINTS, USAGE, SLICES = "raw_catalogue", "raw_endpoints", "raw_usage", "raw_slices"
REFERENCES = "raw_references"


@dg.asset(
    name=CATALOGUE,
    check_specs=[answered_check(CATALOGUE)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_catalogue(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Every model with its names and list price, and every provider."""
    yield materialize_result(extract(context, settings, retry_policy, catalogue_requests))


@dg.asset(
    name=ENDPOINTS,
    check_specs=[answered_check(ENDPOINTS)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_endpoints(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Hosts, prices and speed of the models that lead the newest rankings."""
    # A warehouse that is not there yet is made, and its rankings are empty.
    with session(settings.warehouse) as con:
        load_answers(con, Archive(settings.archive))
        models = leading_models(con)
    yield materialize_result(
        extract(context, settings, retry_policy, lambda client: endpoint_requests(client, models))
    )


@dg.asset(
    name=REFERENCES,
    check_specs=[answered_check(REFERENCES)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_references(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Regions of labs and openness of models, as others list them: evidence for curation."""
    regions = extract(context, settings, retry_policy, atom_requests, region_list(settings))
    models = extract(context, settings, retry_policy, epoch_requests, epoch(settings))
    yield materialize_result(regions + models)


@dg.asset(
    name=USAGE,
    check_specs=[answered_check(USAGE)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_usage(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
    now: dg.ResourceParam[Now],
) -> Iterator[dg.MaterializeResult[None]]:
    """Index of exports, apps, tasks, benchmarks, session costs; keyless only index and runs."""
    yesterday = now().date() - timedelta(days=1)
    yield materialize_result(
        extract(context, settings, retry_policy, lambda client: usage_requests(client, yesterday))
    )


@dg.asset(
    name=SLICES,
    deps=[ANSWERS],
    check_specs=[answered_check(SLICES)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_slices(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
    now: dg.ResourceParam[Now],
) -> Iterator[dg.MaterializeResult[None]]:
    """Rankings of the last 30 days, filtered by modality, context, category and language.

    Without a key there is nothing to request.
    """
    yesterday = now().date() - timedelta(days=1)
    yield materialize_result(
        extract(context, settings, retry_policy, lambda client: _slices(client, yesterday))
    )


def _slices(client: SourceClient, end: date) -> Iterator[SourceRequest]:
    first = end - SLICE_DAYS + timedelta(days=1)
    return slice_requests(client, first, end) if client.has_key else iter(())
