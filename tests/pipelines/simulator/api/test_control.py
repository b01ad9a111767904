"""The stand-in's own routes: its clock, its faults, its log, and how it is started."""

import os
import signal
import subprocess
import sys
from datetime import UTC, datetime

import httpx
import pytest

from pipelines.simulator.api.serve import build_app, serve_in_thread


def test_the_clock_can_be_set_and_let_go(market):
    """A fixed now stands still; null lets it run."""
    market.at("2026-03-01T12:00:00+01:00")
    assert (
        market.get("/datasets/rankings-daily").json()["meta"]["as_of"] == "2026-03-01T11:00:00.000Z"
    )
    running_now = datetime.fromisoformat(market.control("now", {"now": None}).json()["now"])
    assert abs((running_now - datetime.now(UTC)).total_seconds()) < 5


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
def test_an_unreadable_order_is_refused_with_its_reason(market, name, body, words):
    """Nothing changes then."""
    response = market.control(name, body)
    assert response.status_code == 422
    assert words in response.json()["error"]
    assert market.get("/models/count").status_code == 200


def test_the_log_knows_the_requests_and_not_the_keys(market):
    """Path, query and whether there was a key."""
    market.get("/datasets/rankings-daily", period="week")
    market.keyless("/models/count")
    response = market.http.get(f"{market.base.removesuffix('/api/v1')}/_simulator/requests")
    assert response.json()[-2:] == [
        {"path": "/api/v1/datasets/rankings-daily", "query": "period=week", "had_key": True},
        {"path": "/api/v1/models/count", "query": "", "had_key": False},
    ]
    assert "a-key-for-tests" not in response.text


def test_two_stand_ins_do_not_share_anything():
    """Each has its own port, clock and key."""
    with (
        serve_in_thread(build_app(key="one")) as first,
        serve_in_thread(build_app(key="two")) as second,
    ):
        assert first != second
        assert first.startswith("http://127.0.0.1:")
        assert first.endswith("/api/v1")
        path, headers = "/datasets/app-rankings", {"Authorization": "Bearer one"}
        assert [
            httpx.get(base + path, headers=headers).status_code for base in (first, second)
        ] == [200, 401]


def test_a_stopped_stand_in_is_gone():
    """The port is free again."""
    with serve_in_thread(build_app()) as base:
        assert httpx.get(f"{base}/models/count").status_code == 200
    with pytest.raises(httpx.ConnectError):
        httpx.get(f"{base}/models/count")


def test_served_in_the_foreground_it_says_where():
    """Port 0 is a free one; an interrupt ends it."""
    code = "from pipelines.simulator.api.serve import build_app, serve; serve(build_app('market'))"
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(sys.path)}
    with subprocess.Popen(
        [sys.executable, "-c", code], env=environment, stdout=subprocess.PIPE, text=True
    ) as process:
        base = process.stdout.readline().strip()
        assert httpx.get(f"{base}/models/count").status_code == 200
        process.send_signal(signal.SIGINT)
        process.wait(10)
