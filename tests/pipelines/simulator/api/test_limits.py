"""Keys and quotas."""

from datetime import UTC, datetime, timedelta

import pytest

from pipelines.simulator.api.limits import Limits, RateMeter
from pipelines.simulator.errors import TooManyRequests

PATH = "/datasets/rankings-daily?start_date=2026-11-20"
KEYED = [
    "/datasets/rankings-daily",
    "/datasets/app-rankings",
    "/datasets/session-cost",
    "/benchmarks",
    "/classifications/task",
]
KEYLESS = [
    "/models",
    "/models/count",
    "/models/openai/gpt-5/endpoints",
    "/providers",
    "/datasets/exports/index.json",
]
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)


@pytest.mark.parametrize("path", KEYED)
def test_data_routes_need_a_key(market, path):
    """No key, half a key and a wrong key are told apart as the service does."""
    absent = {"error": {"message": "Missing Authentication header", "code": 401}}
    unknown = {"error": {"message": "User not found.", "code": 401}}
    for headers, body in (
        ({}, absent),
        ({"Authorization": "Basic a-key-for-tests"}, absent),
        ({"Authorization": "Bearer nobody"}, unknown),
    ):
        response = market.keyless(path, **headers)
        assert (response.status_code, response.json()) == (401, body)


@pytest.mark.parametrize("path", KEYLESS)
def test_catalogue_and_exports_need_none(market, path):
    """A wrong key does no harm there either."""
    assert market.keyless(path).status_code == 200
    assert market.keyless(path, Authorization="Bearer nobody").status_code == 200


def test_the_thirty_first_request_of_a_minute_waits(limited):
    """The refusal says when the minute is over, and then it is."""
    assert {limited.get(PATH).status_code for _ in range(30)} == {200}
    refused = limited.get(PATH)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == 429
    assert refused.headers["retry-after"] == "60"
    assert (refused.headers["x-ratelimit-limit"], refused.headers["x-ratelimit-remaining"]) == (
        "30",
        "0",
    )
    limited.at("2026-11-21T09:01:00Z")
    assert limited.get(PATH).status_code == 200


def test_keyless_routes_cost_no_quota(limited):
    """Reading the catalogue never blocks the data."""
    assert {limited.get("/models/count").status_code for _ in range(40)} == {200}
    assert limited.get(PATH).status_code == 200


def test_the_account_has_five_hundred_requests_a_day():
    """Two keys of one account drain one bucket; the answer is word for word the recorded one and names midnight in ms."""
    meter = RateMeter(Limits(per_minute=1000))
    for n in range(500):
        meter.charge(f"key-{n % 2}", "account", NOON)
    with pytest.raises(TooManyRequests) as caught:
        meter.charge("key-3", "account", NOON)
    text = "Rate limit exceeded: datasets-per-account-rpd-v1. Per-account limit of 500 requests/day exceeded for the OpenRouter Data API."
    assert caught.value.body() == {"error": {"message": text, "code": 429}}
    assert caught.value.headers == {
        "X-RateLimit-Limit": "500",
        "X-RateLimit-Remaining": "0",
        "X-RateLimit-Reset": str(int(datetime(2026, 11, 22, tzinfo=UTC).timestamp()) * 1000),
    }
    meter.charge("key-3", "account", NOON + timedelta(hours=12))
    meter.charge("key-9", "another", NOON)


def test_the_minute_belongs_to_the_key():
    """Another key of the account still has its own minute."""
    meter = RateMeter(Limits(per_minute=1))
    meter.charge("one", "account", NOON)
    meter.charge("two", "account", NOON)
    with pytest.raises(TooManyRequests):
        meter.charge("one", "account", NOON)


def test_without_limits_everything_passes():
    """Quotas can be switched off."""
    meter = RateMeter(None)
    for _ in range(1000):
        meter.charge("key", "account", NOON)
