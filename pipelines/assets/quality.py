"""The assets of quality, one an upstream. Each answer is a version of everything: no partitions."""

from collections.abc import Iterator
from functools import partial

import dagster as dg

from pipelines.assets.extraction import POOL, RETRY, answered_check, extract, materialize_result
from pipelines.assets.presentation import MARKET_SOURCES, OWNERS, REQUESTED
from pipelines.ingest.quality import known_histories
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy
from pipelines.sources.client.upstream import arena, epoch
from pipelines.sources.quality.requests import arena_requests, epoch_requests

ARENA, EPOCH = "raw_arena", "raw_epoch"


@dg.asset(
    name=ARENA,
    check_specs=[answered_check(ARENA)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_arena(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Ratings of models on Arena's leaderboards, a version with each publication."""
    requests = partial(arena_requests, known=known_histories(settings))
    yield materialize_result(extract(context, settings, retry_policy, requests, arena(settings)))


@dg.asset(
    name=EPOCH,
    check_specs=[answered_check(EPOCH)],
    group_name=MARKET_SOURCES,
    owners=[OWNERS["market"]],
    kinds=REQUESTED,
    pool=POOL,
    retry_policy=RETRY,
)
def raw_epoch(
    context: dg.AssetExecutionContext,
    settings: dg.ResourceParam[Settings],
    retry_policy: dg.ResourceParam[RetryPolicy],
) -> Iterator[dg.MaterializeResult[None]]:
    """Scores of models on Epoch AI's index, a version with each fit."""
    upstream = epoch(settings)
    yield materialize_result(extract(context, settings, retry_policy, epoch_requests, upstream))
