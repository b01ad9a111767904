"""The assets of prices that others keep, one an upstream.

Archives say everything each time, so none has partitions.
"""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, answered_check, extract, materialize_result
from pipelines.assets.presentation import MARKET_SOURCES, OWNERS, REQUESTED
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy
from pipelines.sources.client.upstream import models_dev, price_archive
from pipelines.sources.prices.requests import (
    ARCHIVES,
    MODELS_DEV,
    models_dev_requests,
    price_requests,
)


@dg.asset(
    name=ARCHIVES,
    check_specs=[answered_check(ARCHIVES)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_prices(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """List prices of past days, as archives of others have them; what is new of them is loaded."""
    upstream = price_archive(settings)
    yield materialize_result(extract(context, settings, retry_policy, price_requests, upstream))


@dg.asset(
    name=MODELS_DEV,
    check_specs=[answered_check(MODELS_DEV)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_models_dev(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """List prices of the day on which they are read, as models.dev has them."""
    upstream = models_dev(settings)
    yield materialize_result(
        extract(context, settings, retry_policy, models_dev_requests, upstream)
    )
