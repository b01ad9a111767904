"""The requests to the Hub: a list in pages for each kind of model, and bases that no list has."""

from collections.abc import Iterator, Sequence
from functools import partial

from pipelines.sources.client.http import SourceClient
from pipelines.sources.huggingface import hub_models, repositories
from pipelines.sources.openrouter.requests import SourceRequest


def download_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield a request for each list; one that fails holds back no other."""
    for tag in hub_models.PIPELINE_TAGS:
        yield SourceRequest(
            f"downloads, {tag}",
            partial(hub_models.fetch, client, tag),
            asset="raw_downloads",
            may_be_absent=tag != hub_models.PIPELINE_TAGS[0],
        )


def base_requests(client: SourceClient, names: Sequence[str]) -> Iterator[SourceRequest]:
    """Yield one request for all bases, each of which is asked for by its name."""
    yield SourceRequest(
        f"{len(names)} base models",
        partial(repositories.fetch, client, names),
        asset="raw_downloads",
    )
