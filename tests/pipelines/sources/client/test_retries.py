"""Retries of one host: one storm at most, and the instants that the source names, in any form."""

import time
from collections.abc import Iterator
from contextlib import closing
from email.utils import formatdate

import pytest
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from support.scripted_server import Responder, ScriptedServer, json_response
from support.sources import APPS, MODELS

from pipelines.errors import LimitReached, SourceError, SourceServerError
from pipelines.settings import Settings
from pipelines.sources.client.http import RetryPolicy, SourceClient
from pipelines.sources.client.retries import MAX_WAIT, HostRetries

POLICY = RetryPolicy(connect=2, read=1, whole=2, attempts=4, first_pause=0.01, total=20)
REQUESTS = 30
LIMIT = {"error": {"code": 429, "message": "Rate limit exceeded"}}


@pytest.fixture
def client(settings: Settings) -> Iterator[SourceClient]:
    """Yield a client with four attempts and short pauses."""
    with closing(SourceClient(settings, "run-1", POLICY)) as client:
        yield client


def fail_all(client: SourceClient) -> list[str]:
    """Make thirty requests that fail, and return their messages."""
    messages = []
    for number in range(REQUESTS):
        with pytest.raises(SourceError) as caught:
            client.ask(MODELS, f"/models/{number}")
        messages.append(str(caught.value))
    return messages


def limited_until(seconds: float) -> Responder:
    """Respond 429 with the date at which this number of seconds, from the start, has passed."""
    until = time.time() + seconds

    def respond(request: Request) -> Response:
        if time.time() < until:
            return JSONResponse(LIMIT, 429, {"Retry-After": formatdate(until, usegmt=True)})
        return JSONResponse({"data": []})

    return respond


def test_a_date_is_waited_for_once(server: ScriptedServer, client: SourceClient) -> None:
    """The first request waits until then; it and twenty-nine others are then answered."""
    server.respond_with(limited_until(3.0))
    for number in range(REQUESTS):
        assert client.ask(MODELS, f"/models/{number}").status == 200
    assert len(server.received) == REQUESTS + 1
    assert 1.0 <= server.received[1].at - server.received[0].at < 5.0


def test_a_date_far_away_costs_one_request(server: ScriptedServer, client: SourceClient) -> None:
    """It is not waited for; the others are not sent at all, and say until when."""
    after = formatdate(time.time() + 1800, usegmt=True)
    server.respond_with(json_response(429, LIMIT, Retry_After=after))
    messages = fail_all(client)
    assert len(server.received) == 1
    assert "allows no more requests for now, the next after" in messages[0]
    assert all("wants no request before" in message for message in messages[1:])
    # The Data API has another limit.
    server.respond_with(json_response())
    assert client.data_api(APPS, "/x").status == 200


def test_a_wait_that_the_source_does_not_keep_is_not_repeated(
    server: ScriptedServer, client: SourceClient
) -> None:
    """Thirty requests under a limit that stays are two requests, not a hundred and twenty."""
    server.respond_with(json_response(429, LIMIT, Retry_After="1.5"))
    fail_all(client)
    assert len(server.received) == 2
    assert 1.5 <= server.received[1].at - server.received[0].at < 3.5


@pytest.mark.parametrize("status", [429, 500, 503])
def test_thirty_failures_are_one_storm(
    server: ScriptedServer, client: SourceClient, status: int
) -> None:
    """The first request is repeated three times, each of the others is made once."""
    server.respond_with(json_response(status, LIMIT))
    fail_all(client)
    assert len(server.received) == REQUESTS + POLICY.attempts - 1


def test_a_success_after_a_retry_allows_all_of_them_again(
    server: ScriptedServer, client: SourceClient
) -> None:
    """Retries that help are made, however many requests need one."""
    for _ in range(10):
        server.respond_with(json_response(500), json_response(500), json_response())
        assert client.ask(MODELS, "/models").status == 200
    assert len(server.received) == 30


def test_one_failing_path_among_good_ones_gets_few_retries(
    server: ScriptedServer, client: SourceClient
) -> None:
    """Ten successes at once earn one retry."""
    server.respond_with(json_response(500))
    for _ in range(15):
        server.respond_with(json_response(500))
        with pytest.raises(SourceServerError):
            client.ask(MODELS, "/broken")
        server.respond_with(json_response())
        client.ask(MODELS, "/good")
    assert 30 < len(server.received) <= 30 + 3 + 2


@pytest.mark.parametrize(
    ("message", "words"),
    [
        ("Rate limit exceeded: datasets-per-key-rpm-v1.", "no more requests this minute"),
        ("Limit of 30 requests/minute exceeded", "no more requests this minute"),
        ("30 requests per minute", "no more requests this minute"),
        ("Rate limit exceeded: datasets-per-account-rpd-v1.", "limit of requests a day is spent"),
        ("500 requests per day", "limit of requests a day is spent"),
        ("Your daily quota is used up", "limit of requests a day is spent"),
        ("Rate limit exceeded", "no more requests for now"),
    ],
)
def test_a_limit_is_named_as_the_source_names_it(
    server: ScriptedServer, client: SourceClient, message: str, words: str
) -> None:
    """Only a limit that says so is one of a minute or of a day."""
    server.respond_with(json_response(429, {"error": {"message": message, "code": 429}}))
    with pytest.raises(LimitReached, match=words):
        client.data_api(APPS, "/x")


@pytest.mark.parametrize("form", ["%A, %d-%b-%y %H:%M:%S GMT", "%a %b %d %H:%M:%S %Y"])
def test_old_forms_of_dates_are_read(
    server: ScriptedServer, client: SourceClient, form: str
) -> None:
    """HTTP has three; all are of UTC."""
    after = time.strftime(form, time.gmtime(time.time() + 1800))
    server.respond_with(json_response(503, LIMIT, Retry_After=after))
    fail_all(client)
    assert len(server.received) == 1


def test_a_pause_ends() -> None:
    """After it, one request at a time shows whether the source is well again."""
    retries = HostRetries(3)
    error = LimitReached("no", 0.2, is_of_source=True)
    assert retries.allows(error, "") == 0.2
    assert retries.allows(error, "") is False
    with pytest.raises(LimitReached, match="wants no request before"):
        retries.admit("")
    time.sleep(0.25)
    retries.admit("")
    assert retries.allows(LimitReached("no", MAX_WAIT + 1), "") is False
    retries.admit("")
