"""The requests to the Hub: a list for each kind of model."""

from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.upstream import hub
from pipelines.sources.huggingface.requests import download_requests


def test_each_kind_of_model_is_asked_for_itself(settings: Settings) -> None:
    client = SourceClient(settings, "run", upstream=hub(settings))
    requests = list(download_requests(client))
    client.close()
    kinds = ["downloads, text-generation", "downloads, image-text-to-text"]
    assert [request.what for request in requests] == kinds
    assert {request.asset for request in requests} == {"raw_downloads"}
    assert [request.may_be_absent for request in requests] == [False, True]
