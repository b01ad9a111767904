"""Faults in whole responses, and in their bytes on the wire."""

import time

import httpx
import pytest

from pipelines.simulator.api.dispatch import FAULT_KINDS

PATH = "/datasets/rankings-daily"
RANKINGS = "/datasets/exports/rankings-daily"
WINDOW = {"start_date": "2026-11-17", "end_date": "2026-11-20"}


@pytest.mark.parametrize(
    ("kind", "status", "words"),
    [
        ("html", 200, "<!DOCTYPE html>"),
        ("forbidden_html", 403, "<!DOCTYPE html>"),
        ("unauthorized", 401, "User not found."),
        ("forbidden", 403, "Only management keys"),
        ("not_found", 404, "Not Found"),
        ("too_many_minute", 429, "requests/minute"),
        ("too_many_day", 429, "datasets-per-account-rpd-v1"),
        ("retry_after_only", 429, "Rate limit"),
        ("server_error", 500, "Internal Server Error"),
        ("zod_error", 400, "ZodError"),
    ],
)
def test_the_whole_response_is_replaced(market, kind, status, words):
    """On every route, with or without a key."""
    market.set_faults({"kind": kind})
    for path in (PATH, "/models", f"{RANKINGS}/latest.csv"):
        response = market.get(path)
        assert response.status_code == status
        assert words in response.text


def test_quota_faults_name_the_reset(market):
    """In milliseconds, or as seconds to wait."""
    market.set_faults(
        {"kind": "too_many_day", "times": 1}, {"kind": "retry_after_only", "seconds": 3}
    )
    assert market.get(PATH).headers["x-ratelimit-reset"] == "1795305600000"
    second = market.get(PATH)
    assert second.headers["retry-after"] == "3"
    assert not [name for name in second.headers if name.startswith("x-ratelimit")]


def test_a_refusal_may_repeat_the_key(market):
    """A client that logs the body logs a secret."""
    market.set_faults({"kind": "echo_key"})
    response = market.get(PATH)
    assert response.status_code == 401
    assert "a-key-for-tests" in response.json()["error"]["message"]


def test_truncated_json_is_complete_http(market):
    """The client notices only when it reads the JSON."""
    whole = market.get(PATH).content
    market.set_faults({"kind": "truncated_json"})
    response = market.get(PATH)
    assert (response.status_code, response.content) == (200, whole[: len(whole) // 2])
    with pytest.raises(ValueError, match=r"Unterminated|Expecting"):
        response.json()


def test_a_slow_body_arrives_complete(market):
    """Every byte comes, late; a client with a shorter timeout gives up."""
    whole = market.get(PATH).content
    market.set_faults({"kind": "slow_body", "seconds": 0.4})
    begun = time.perf_counter()
    assert market.get(PATH).content == whole
    assert time.perf_counter() - begun >= 0.4
    market.set_faults({"kind": "slow_body", "seconds": 8})
    with pytest.raises(httpx.ReadTimeout):
        httpx.get(f"{market.base}/models", timeout=0.1)


def test_a_dropped_connection_breaks_the_transfer(market):
    """Fewer bytes than announced; the next request is served."""
    market.set_faults({"kind": "dropped_connection", "times": 1})
    with pytest.raises(httpx.RemoteProtocolError):
        market.get(PATH)
    assert market.get(PATH).status_code == 200


def test_a_faulty_response_keeps_the_synthetic_mark(market):
    """No fault removes the header."""
    for kind in sorted(FAULT_KINDS - {"dropped_connection"}):
        market.set_faults({"kind": kind, "seconds": 0.01})
        assert market.get(PATH, **WINDOW).headers["x-tokentide-origin"] == "simulated", kind
