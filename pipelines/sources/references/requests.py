"""The requests for lists of labs and models, each to the host that keeps it."""

from collections.abc import Iterator
from functools import partial

from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.requests import SourceRequest
from pipelines.sources.references import atom, notable_models, parameters

ASSET = "raw_references"


def atom_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield the requests for the regions of organisations and the sizes of models."""
    yield SourceRequest("regions of labs by ATOM", partial(atom.fetch, client), asset=ASSET)
    yield SourceRequest("sizes of models by ATOM", partial(parameters.fetch, client), asset=ASSET)


def epoch_requests(client: SourceClient) -> Iterator[SourceRequest]:
    """Yield the request for the table of notable models."""
    yield SourceRequest(
        "notable models of Epoch AI", partial(notable_models.fetch, client), asset=ASSET
    )
