"""The requests to the archives."""

from pipelines.sources.client.http import SourceClient
from pipelines.sources.prices.requests import models_dev_requests, price_requests
from pipelines.sources.registry import SOURCES


def test_each_archive_is_requested_once(client: SourceClient) -> None:
    """Each belongs to the asset of its host, and every price source of the registry is asked."""
    requests = [*price_requests(client), *models_dev_requests(client)]
    assert [request.asset for request in requests] == ["raw_prices"] * 3 + ["raw_models_dev"]
    assert len(requests) == sum(name.startswith("prices_") for name in SOURCES)
