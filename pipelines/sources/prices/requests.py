"""The requests to the archives of prices, each to the host that keeps it."""

from collections.abc import Iterator
from functools import partial

from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.requests import SourceRequest
from pipelines.sources.prices import genai_prices, litellm, models_dev, openrouterlist

ARCHIVES, MODELS_DEV = "raw_prices", "raw_models_dev"


def price_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield a request for each archive in a repository; one that fails holds back no other."""
    for title, archive in (
        ("openrouterlist", openrouterlist),
        ("genai-prices", genai_prices),
        ("LiteLLM", litellm),
    ):
        yield SourceRequest(f"prices of {title}", partial(archive.fetch, client), asset=ARCHIVES)


def models_dev_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield the request to models.dev, which has a host by itself."""
    yield SourceRequest("prices of models.dev", partial(models_dev.fetch, client), asset=MODELS_DEV)
