"""The asset of downloads. A capture says how counters stand now, so it has no partitions."""

from collections.abc import Iterator

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, answered_check, extract, materialize_result
from pipelines.assets.presentation import MARKET_SOURCES, OWNERS, REQUESTED
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy
from pipelines.sources.client.upstream import hub
from pipelines.sources.huggingface.requests import download_requests

DOWNLOADS = "raw_downloads"


@dg.asset(
    name=DOWNLOADS,
    check_specs=[answered_check(DOWNLOADS)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_downloads(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Counters of downloads of the Hub's models, and the models that each is made from."""
    upstream = hub(settings)
    yield materialize_result(extract(context, settings, retry_policy, download_requests, upstream))
