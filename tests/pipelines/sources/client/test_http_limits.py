"""Client under limits: it waits for a minute, stops for a day, and shares that with processes."""

import subprocess
import sys
import time
from contextlib import closing

import pytest
from hypothesis import given
from hypothesis import settings as hypothesis_settings
from hypothesis import strategies as st
from support.scripted_server import Responder, ScriptedServer, json_response
from support.simulator import FAST_RETRIES, KEY
from support.sources import APPS, MODELS

from pipelines.errors import LimitReached, SourceError, SourceServerError
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.client.quota import RequestQuota, next_midnight

MINUTE_MESSAGE = "Rate limit exceeded: datasets-per-key-rpm-v1."
DAY_MESSAGE = (
    "Rate limit exceeded: datasets-per-account-rpd-v1. Per-account limit of 500 requests/day "
    "exceeded for the OpenRouter Data API."
)
# Requests once and prints the message.
ONE_REQUEST = """
import sys
from pathlib import Path
from pipelines.errors import LimitReached
from pipelines.settings import Settings
from pipelines.sources.client.http import SourceClient
from pipelines.sources.openrouter import apps
client = SourceClient(Settings(Path(sys.argv[1]), sys.argv[2], "key"), "run-2")
try:
    client.data_api(apps.SOURCE, "/datasets/app-rankings")
except LimitReached as error:
    print(error)
client.close()
"""


@pytest.fixture(autouse=True)
def _midnight_is_far() -> None:
    """Skip near midnight, when a day would end in the middle of a test."""
    if next_midnight(time.time()) - time.time() < 300:
        pytest.skip("it is almost midnight UTC, when every budget starts again")


def too_many(message: str = MINUTE_MESSAGE, **headers: str) -> Responder:
    return json_response(429, {"error": {"message": message, "code": 429}}, **headers)


def reset_in(seconds: float, unit: int = 1000) -> str:
    return str(round((time.time() + seconds) * unit))


def pause(server: ScriptedServer) -> float:
    """Return the seconds between the first two requests."""
    return server.received[1].at - server.received[0].at


@pytest.mark.parametrize("status", [429, 503])
def test_retry_after_is_honoured(server: ScriptedServer, client: SourceClient, status: int) -> None:
    """The next request comes after these seconds, and soon after."""
    server.respond_with(json_response(status, Retry_After="1"), json_response())
    assert client.data_api(APPS, "/x").status == 200
    assert 1.0 <= pause(server) < 2.5


@pytest.mark.parametrize(("unit", "ahead", "at_least"), [(1000, 1.2, 1.0), (1, 2.0, 0.9)])
def test_a_reset_is_waited_for_in_either_unit(
    server: ScriptedServer, client: SourceClient, unit: int, ahead: float, at_least: float
) -> None:
    """X-RateLimit-Reset is in milliseconds since 1970; seconds are understood too."""
    server.respond_with(too_many(X_RateLimit_Reset=reset_in(ahead, unit)), json_response())
    client.data_api(APPS, "/x")
    assert at_least <= pause(server) < 4


@pytest.mark.parametrize(
    "headers",
    [
        {"X_RateLimit_Reset": "1"},
        {"X_RateLimit_Reset": "1700000000000"},
        {"X_RateLimit_Reset": "1700000000"},
        {"X_RateLimit_Reset": "soon"},
        {"X_RateLimit_Reset": "-5"},
        {"Retry_After": "0"},
        {"Retry_After": "Wed, 21 Oct 2026 07:28:00 GMT"},
        {"Retry_After": "\u00b2"},
        {"X_RateLimit_Reset": "\u00b9"},
        {"Retry_After": ""},
    ],
)
def test_an_expired_or_unreadable_wait_is_ignored(
    server: ScriptedServer, client: SourceClient, headers: dict[str, str]
) -> None:
    """The retry comes after our own pause, and no header ends the run."""
    server.respond_with(too_many(**headers), json_response())
    assert client.data_api(APPS, "/x").status == 200
    assert pause(server) < 2.5
    assert client.data_api(APPS, "/x").status == 200


def test_a_minute_that_stays_full_is_reported(server: ScriptedServer, client: SourceClient) -> None:
    """After the last attempt; the next request is sent all the same."""
    server.respond_with(too_many())
    with pytest.raises(
        LimitReached, match=r"/api/v1/x allows no more requests this minute \(429: .*rpm-v1"
    ):
        client.data_api(APPS, "/x")
    assert len(server.received) == FAST_RETRIES.attempts
    server.respond_with(json_response())
    assert client.data_api(APPS, "/x").status == 200


def assert_blocked(
    server: ScriptedServer, client: SourceClient, words: str = "daily limit is spent"
) -> None:
    """Check that the Data API is not requested or waited for, and other routes still are."""
    before, started = len(server.received), time.monotonic()
    for path in ("/datasets/rankings-daily", "/benchmarks"):
        with pytest.raises(LimitReached, match=f"{words}; it said to come back at"):
            client.data_api(APPS, path)
    assert time.monotonic() - started < 0.4
    assert len(server.received) == before
    server.respond_with(json_response())
    assert client.ask(MODELS, "/models").status == 200


@pytest.mark.parametrize(
    "headers",
    [
        {"X_RateLimit_Limit": "500", "X_RateLimit_Remaining": "0", "X_RateLimit_Reset": "midnight"},
        {},
        {"X_RateLimit_Reset": "1700000000000"},
        {"Retry_After": "0"},
        {"Retry_After": "1"},
        {"Retry_After": "1", "X_RateLimit_Reset": "midnight"},
        {"Retry_After": "1", "X_RateLimit_Reset": "midnight in seconds"},
        {"Retry_After": "1", "X_RateLimit_Reset": "1700000000000"},
        {"X_RateLimit_Reset": "1791504000000000"},
        {"X_RateLimit_Reset": "9" * 400},
        {"Retry_After": "9" * 400},
    ],
)
def test_a_used_up_day_blocks_every_client_until_midnight(
    server: ScriptedServer, settings: Settings, client: SourceClient, headers: dict[str, str]
) -> None:
    """Neither this client nor a new one requests again; without a usable reset until midnight."""
    midnight = int(next_midnight(time.time()))
    values = {"midnight": str(midnight * 1000), "midnight in seconds": str(midnight)}
    named = {name: values.get(value, value) for name, value in headers.items()}
    server.respond_with(too_many(DAY_MESSAGE, **named))
    with pytest.raises(LimitReached, match="the limit of requests a day is spent"):
        client.data_api(APPS, "/datasets/app-rankings")
    assert len(server.received) == 1
    assert_blocked(server, client)
    with closing(SourceClient(settings, "run-2", FAST_RETRIES)) as another:
        assert_blocked(server, another)
    with pytest.raises(LimitReached) as caught:
        RequestQuota(settings.requests).spend(client.budget)
    assert caught.value.retry_after == pytest.approx(
        next_midnight(time.time()) - time.time(), abs=5
    )


def test_another_process_is_blocked_too(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """The next process knows the limit without a request."""
    server.respond_with(too_many(DAY_MESSAGE))
    with pytest.raises(LimitReached):
        client.data_api(APPS, "/datasets/app-rankings")
    command = [sys.executable, "-c", ONE_REQUEST, str(settings.home), server.url]
    result = subprocess.run(command, capture_output=True, text=True, timeout=60, check=True)
    assert result.stdout.startswith("The upstream's daily limit is spent; it said to come back at")
    assert len(server.received) == 1


def test_a_block_ends_at_its_reset(server: ScriptedServer, client: SourceClient) -> None:
    """A request before a near reset waits for it; one after it is sent."""
    server.respond_with(too_many(DAY_MESSAGE, X_RateLimit_Reset=reset_in(1.5)), json_response())
    with pytest.raises(LimitReached):
        client.data_api(APPS, "/x")
    assert client.data_api(APPS, "/x").status == 200
    assert 1.0 < pause(server) < 4


@pytest.mark.parametrize("unit", [1000, 1])
@pytest.mark.parametrize(
    "message", [DAY_MESSAGE, "datasets-per-account-rpd-v1", "Limit of 500 requests/day exceeded"]
)
def test_retry_after_does_not_shorten_a_used_up_day(
    server: ScriptedServer, settings: Settings, client: SourceClient, message: str, unit: int
) -> None:
    """If the message names the daily bucket, only the reset ends the block."""
    server.respond_with(too_many(message, Retry_After="1", X_RateLimit_Reset=reset_in(200, unit)))
    with pytest.raises(LimitReached, match="the limit of requests a day is spent"):
        client.data_api(APPS, "/datasets/app-rankings")
    with pytest.raises(LimitReached) as caught:
        RequestQuota(settings.requests).spend(client.budget)
    assert caught.value.retry_after == pytest.approx(200, abs=5)
    assert len(server.received) == 1


def test_a_long_wait_without_a_name_is_a_pause(
    server: ScriptedServer, client: SourceClient
) -> None:
    """It blocks as a spent day does, but nothing says that it is one."""
    server.respond_with(too_many("Too many requests", Retry_After="600"))
    with pytest.raises(LimitReached, match="/x allows no more requests for now, the next after"):
        client.data_api(APPS, "/x")
    assert_blocked(server, client, "asked for a pause")


def test_a_long_retry_after_is_not_waited_for(server: ScriptedServer, client: SourceClient) -> None:
    """A 503 with ten minutes to wait is reported at once."""
    server.respond_with(json_response(503, Retry_After="600"))
    with pytest.raises(SourceServerError):
        client.data_api(APPS, "/x")
    assert len(server.received) == 1


def test_a_catalogue_limit_does_not_block_the_data_api(
    server: ScriptedServer, client: SourceClient
) -> None:
    """The two have separate limits."""
    server.respond_with(too_many(DAY_MESSAGE), json_response())
    with pytest.raises(LimitReached):
        client.ask(MODELS, "/models")
    assert client.data_api(APPS, "/x").status == 200


def test_only_the_data_api_spends_the_budget(
    server: ScriptedServer, settings: Settings, client: SourceClient
) -> None:
    """Each attempt costs one of thirty; catalogue requests cost none."""
    server.respond_with(json_response(500), json_response())
    client.data_api(APPS, "/x")
    for _ in range(3):
        client.ask(MODELS, "/models")
    quota = RequestQuota(settings.requests)
    assert [quota.spend(client.budget) for _ in range(28)] == [0.0] * 28
    assert 50 < quota.spend(client.budget) <= 60


# Without waits of a few seconds, which the client would wait for.
HEADER = st.text("0123456789-+. eE\u00b2abc", max_size=18).filter(
    lambda text: not text.strip().isdecimal() or len(text.strip()) > 4
)


@hypothesis_settings(deadline=None, derandomize=True, max_examples=15)
@given(after=HEADER, reset=HEADER)
def test_no_header_ends_a_run(
    running_server: ScriptedServer, tmp_path_factory: pytest.TempPathFactory, after: str, reset: str
) -> None:
    """Any headers of a limit lead to our own error or to a retry."""
    home = tmp_path_factory.mktemp("home")
    running_server.respond_with(
        too_many(DAY_MESSAGE, Retry_After=after, X_RateLimit_Reset=reset), json_response(400)
    )
    for _ in range(2):
        with (
            closing(
                SourceClient(Settings(home, running_server.url, KEY), "run", FAST_RETRIES)
            ) as client,
            pytest.raises(SourceError),
        ):
            client.data_api(APPS, "/x")
