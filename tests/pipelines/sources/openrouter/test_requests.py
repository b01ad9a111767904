"""Request lists of OpenRouter: what is requested with a key, and what without."""

from collections.abc import Iterator
from contextlib import closing
from datetime import date
from pathlib import Path

import pytest
from support import payloads
from support.scripted_server import ScriptedServer, json_response
from support.simulator import FAST_RETRIES

from pipelines.archive import Answer
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter.requests import (
    SourceRequest,
    catalogue_requests,
    endpoint_requests,
    rankings_requests,
    slice_requests,
    usage_requests,
)

DAY = date(2026, 6, 19)
DATASETS = "/api/v1/datasets"


@pytest.fixture
def keyless(server: ScriptedServer, tmp_path: Path) -> Iterator[SourceClient]:
    """Yield a client without a key."""
    settings = Settings(tmp_path / "keyless", server.url)
    with closing(SourceClient(settings, "run-1", FAST_RETRIES)) as client:
        yield client


def send(requests: Iterator[SourceRequest]) -> None:
    """Send every request of a list."""
    for request in requests:
        answer = request.ask()
        assert isinstance(answer, Answer)


def received(server: ScriptedServer) -> list[tuple[str, str]]:
    return [(request.path, request.query) for request in server.received]


def test_the_catalogue_needs_two_requests(server: ScriptedServer, client: SourceClient) -> None:
    """Models of every output modality, and providers."""
    send(catalogue_requests(client))
    assert received(server) == [
        ("/api/v1/models", "output_modalities=all"),
        ("/api/v1/providers", ""),
    ]


def test_usage_is_requested_for_one_day(server: ScriptedServer, client: SourceClient) -> None:
    """Apps have a window; the other three have their own."""
    send(usage_requests(client, DAY))
    assert received(server) == [
        (f"{DATASETS}/app-rankings", "start_date=2026-06-19&end_date=2026-06-19&limit=100"),
        ("/api/v1/classifications/task", "window=7d"),
        ("/api/v1/benchmarks", ""),
        (f"{DATASETS}/session-cost", "limit=500"),
    ]


def test_without_a_key_the_index_of_exports_is_the_only_usage(keyless: SourceClient) -> None:
    """All others would be refused; where there is no index yet, that is no fault."""
    (request,) = usage_requests(keyless, DAY)
    assert (request.what, request.may_be_absent) == ("index of exports", True)


def test_rankings_are_requested_by_window(server: ScriptedServer, client: SourceClient) -> None:
    """Each request names the days that are lost with it."""
    requests = list(rankings_requests(client, date(2024, 6, 1), date(2026, 2, 28)))
    assert [(request.start, request.end) for request in requests] == [
        (date(2025, 1, 1), date(2025, 12, 31)),
        (date(2026, 1, 1), date(2026, 2, 28)),
    ]
    server.respond_with(json_response(body=payloads.RANKINGS))
    send(iter(requests))
    assert received(server) == [
        (f"{DATASETS}/rankings-daily", "start_date=2025-01-01&end_date=2025-12-31"),
        (f"{DATASETS}/rankings-daily", "start_date=2026-01-01&end_date=2026-02-28"),
    ]


def test_without_a_key_rankings_are_one_request(keyless: SourceClient) -> None:
    """The exports decide themselves which files they need."""
    (request,) = rankings_requests(keyless, DAY, DAY)
    assert (request.what, request.start, request.end) == ("rankings, keyless exports", DAY, DAY)


def test_every_slice_is_requested_once(server: ScriptedServer, client: SourceClient) -> None:
    """24 filters, the estimated ones by week."""
    server.respond_with(json_response(body=payloads.RANKINGS))
    send(slice_requests(client, date(2026, 5, 20), date(2026, 6, 18)))
    queries = [query for _, query in received(server)]
    assert len(queries) == len(set(queries)) == 24
    assert sum("period=week" in query for query in queries) == 14


def test_a_slug_is_quoted_in_the_path(client: SourceClient) -> None:
    """A colon, a slash or a question mark in it must not change the route."""
    (request,) = endpoint_requests(client, [("lab/model-dated", "lab/model:free/x?y")])
    answer = request.ask()
    assert isinstance(answer, Answer)
    assert answer.url == f"{client.base}/models/lab/model%3Afree%2Fx%3Fy/endpoints"
    assert answer.context == {"model": "lab/model-dated"}


def test_a_request_is_sent_when_its_turn_comes(
    server: ScriptedServer, client: SourceClient
) -> None:
    """A list costs nothing until it is read."""
    requests = list(catalogue_requests(client))
    assert received(server) == []
    requests[1].ask()
    assert received(server) == [("/api/v1/providers", "")]
