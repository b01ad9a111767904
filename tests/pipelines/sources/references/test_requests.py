"""The requests for lists: each once, and all of one asset."""

from pipelines.sources.client.http import SourceClient
from pipelines.sources.references.requests import ASSET, atom_requests, epoch_requests
from pipelines.sources.registry import SOURCES


def test_each_list_is_requested_once(client: SourceClient) -> None:
    requests = [*atom_requests(client), *epoch_requests(client)]
    assert {request.asset for request in requests} == {ASSET}
    assert len(requests) == sum(ASSET in source.assets for source in SOURCES.values())
