"""The asset of downloads. A capture says how counters stand now, so it has no partitions."""

import operator
from collections.abc import Iterator
from functools import partial, reduce

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, answered_check, extract, materialize_result
from pipelines.assets.presentation import MARKET_SOURCES, OWNERS, REQUESTED
from pipelines.ingest.downloads import base_rounds
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy
from pipelines.sources.client.upstream import hub
from pipelines.sources.huggingface.requests import base_requests, download_requests

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
    results = [extract(context, settings, retry_policy, download_requests, upstream)]
    for names in base_rounds(settings, lambda: results[-1]):
        requests = partial(base_requests, names=names)
        results.append(extract(context, settings, retry_policy, requests, upstream))
    yield materialize_result(reduce(operator.add, results))
