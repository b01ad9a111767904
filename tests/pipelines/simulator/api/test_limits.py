"""The two quotas: per minute and key, per UTC day and account."""

from collections import Counter
from datetime import UTC, datetime, timedelta
from itertools import accumulate

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.simulator.api.limits import MINUTE, Limits, RateMeter
from pipelines.simulator.errors import TooManyRequests

PATH = "/datasets/rankings-daily?start_date=2026-11-20"
NOON = datetime(2026, 11, 21, 12, tzinfo=UTC)
DAY_MESSAGE = (
    "Rate limit exceeded: datasets-per-account-rpd-v1. Per-account limit of 500 requests/day "
    "exceeded for the OpenRouter Data API."
)


def test_the_thirty_first_request_of_a_minute_is_refused(limited):
    """The refusal names the seconds to wait; after them requests pass again."""
    assert {limited.get(PATH).status_code for _ in range(30)} == {200}
    refused = limited.get(PATH)
    assert refused.status_code == 429
    assert refused.json()["error"]["code"] == 429
    assert refused.headers["retry-after"] == "60"
    assert refused.headers["x-ratelimit-limit"] == "30"
    assert refused.headers["x-ratelimit-remaining"] == "0"
    limited.set_now("2026-11-21T09:01:00Z")
    assert limited.get(PATH).status_code == 200


def test_keyless_routes_cost_no_quota(limited):
    """Reading the catalogue never blocks the data."""
    assert {limited.get("/models/count").status_code for _ in range(40)} == {200}
    assert limited.get(PATH).status_code == 200


def test_the_account_has_five_hundred_requests_a_day():
    """Keys of one account share its quota; the refusal is the recorded one, word for word."""
    meter = RateMeter(Limits(per_minute=1000))
    for n in range(500):
        meter.charge(f"key-{n % 2}", "account", NOON)
    with pytest.raises(TooManyRequests) as caught:
        meter.charge("key-3", "account", NOON)
    assert caught.value.body() == {"error": {"message": DAY_MESSAGE, "code": 429}}
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


def test_a_clock_set_back_frees_the_minute():
    """Requests of the future do not count against the present."""
    meter = RateMeter(Limits(per_minute=1))
    meter.charge("key", "account", NOON + timedelta(hours=1))
    meter.charge("key", "account", NOON)


def test_without_limits_everything_passes():
    """Quotas can be switched off."""
    meter = RateMeter(None)
    for _ in range(1000):
        meter.charge("key", "account", NOON)


@given(
    steps=st.lists(st.sampled_from([0, 1, 20, 59, 60, 61, 40_000]), max_size=40),
    per_minute=st.integers(1, 4),
    per_day=st.integers(1, 8),
)
def test_no_sequence_of_requests_exceeds_a_quota(steps, per_minute, per_day):
    """Neither any minute nor any UTC day, and a refused request costs nothing."""
    meter, accepted = RateMeter(Limits(per_minute, per_day)), []
    for seconds in accumulate(steps, initial=0):
        now = NOON + timedelta(seconds=seconds)
        try:
            meter.charge("key", "account", now)
        except TooManyRequests:
            is_minute_full = sum(now - MINUTE < one <= now for one in accepted) >= per_minute
            is_day_full = sum(one.date() == now.date() for one in accepted) >= per_day
            assert is_minute_full or is_day_full
            continue
        accepted.append(now)
    assert max(Counter(one.date() for one in accepted).values(), default=0) <= per_day
    assert all(sum(at - MINUTE < one <= at for one in accepted) <= per_minute for at in accepted)
