"""Control routes: the clock, the faults and the request log."""

from datetime import UTC, datetime

import pytest


def test_the_clock_can_be_fixed_and_released(market):
    """A fixed now stands still; null lets it run."""
    market.set_now("2026-03-01T12:00:00+01:00")
    meta = market.get("/datasets/rankings-daily").json()["meta"]
    assert meta["as_of"] == "2026-03-01T11:00:00.000Z"
    assert market.control("now").json() == {"now": "2026-03-01T11:00:00.000Z"}
    running = datetime.fromisoformat(market.put_control("now", {"now": None}).json()["now"])
    assert abs((running - datetime.now(UTC)).total_seconds()) < 5


def test_faults_are_replaced_not_added(market):
    """The list that is sent is the whole plan; an empty one switches all off."""
    market.set_faults({"kind": "html"}, {"kind": "zero_day"})
    assert market.control("faults").json() == {"faults": ["html", "zero_day"]}
    market.set_faults({"kind": "not_found"})
    assert market.control("faults").json() == {"faults": ["not_found"]}
    market.set_faults()
    assert market.control("faults").json() == {"faults": []}


@pytest.mark.parametrize(
    ("name", "body", "words"),
    [
        ("now", {"now": "yesterday"}, "yesterday"),
        ("now", {}, "now"),
        ("faults", [{"kind": "earthquake"}], "earthquake"),
        ("faults", [{"kind": "html", "often": True}], "often"),
        ("faults", [{"kind": "html", "times": "many"}], "many"),
        ("faults", [{"kind": "zero_day", "date": "2026-02-30"}], "2026-02-30"),
        ("faults", {"kind": "html"}, "list"),
    ],
)
def test_an_unreadable_request_is_refused_with_its_reason(market, name, body, words):
    """It changes nothing."""
    response = market.put_control(name, body)
    assert response.status_code == 422
    assert words in response.json()["error"]
    assert market.get("/models/count").status_code == 200


def test_the_log_holds_the_requests_and_not_the_keys(market):
    """Path, query and whether there was a key."""
    market.get("/datasets/rankings-daily", period="week")
    market.keyless("/models/count")
    response = market.control("requests")
    assert response.json()[-2:] == [
        {"path": "/api/v1/datasets/rankings-daily", "query": "period=week", "had_key": True},
        {"path": "/api/v1/models/count", "query": "", "had_key": False},
    ]
    assert "a-key-for-tests" not in response.text
