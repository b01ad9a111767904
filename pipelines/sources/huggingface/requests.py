"""The requests to the Hub: a list in pages for each kind of model."""

from collections.abc import Iterator
from functools import partial

from pipelines.sources.client.http import SourceClient
from pipelines.sources.huggingface import hub_models
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
