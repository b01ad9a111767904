"""The receiver's addresses: who may send, what is answered, what is bounded."""

import socket
import time
from pathlib import Path

import httpx
import pytest
from prometheus_client.parser import text_string_to_metric_families
from support.receiver.receiving import (
    LIMITS,
    SERVER,
    V1,
    Receiving,
    receiving,
    shorter,
    tokens_page,
    write_request,
)

from models.server.access.connections import BoundedConnection

KEY = "0123456789abcdef"
BODY = write_request(tokens_page(7))


def send(running: Receiving, **headers: str) -> int:
    """Send a remote write with further headers; return the status."""
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    return running.write(BODY, {**V1, **given}).status_code


def test_without_a_key_this_machine_alone_may_send(tmp_path: Path) -> None:
    """A website could point its name at 127.0.0.1, or send from a page."""
    with receiving(tmp_path) as running:
        assert send(running) == 204
        assert send(running, Host="attacker.example") == 403
        assert send(running, Host="[") in {400, 403}
        assert send(running, Origin="https://attacker.example") == 403
        assert send(running, Sec_Fetch_Site="cross-site") == 403
        health = httpx.get(f"{running.url}/health", headers={"Host": "attacker.example"})
        assert health.status_code == 403
        assert httpx.get(f"{running.url}/api/v1/write").status_code == 405


def test_a_key_is_demanded_of_both_protocols(tmp_path: Path) -> None:
    """A wrong one, a part of it, another scheme: 401, and nothing is kept."""
    with receiving(tmp_path, key=KEY) as running:
        for given in ("", KEY, "Bearer", f"Bearer {KEY[:-1]}", f"Basic {KEY}", "Bearer ä"):
            headers = {"Authorization": given.encode("latin-1").decode("latin-1")}
            request = httpx.Request(
                "POST",
                f"{running.url}/api/v1/write",
                headers=[(b"Authorization", given.encode())],
                content=BODY,
            )
            with httpx.Client(trust_env=False) as client:
                response = client.send(request)
            assert response.status_code == 401, headers
            assert response.headers["www-authenticate"] == "Bearer"
            assert KEY not in response.text
        assert httpx.post(f"{running.url}/v1/metrics", content=b"").status_code == 401
        assert running.receiver.tally.requests == 0
        assert send(running, Authorization=f"Bearer {KEY}", Host="push.example.org") == 204
        assert httpx.get(f"{running.url}/health").status_code == 200


@pytest.mark.parametrize("limit", ["spool", "memory"])
def test_where_there_is_no_room_senders_come_again(tmp_path: Path, limit: str) -> None:
    """503 and not 429, on which Prometheus drops; nothing that was confirmed makes way."""
    full = (
        shorter(max_mib=0) if limit == "spool" else shorter(max_open_samples=0, settle_seconds=60)
    )
    segments = tmp_path / "spool/telemetry"
    segments.mkdir(parents=True)
    (segments / "20260101T000000000000Z-other-000001.parquet").write_bytes(b"waits")
    with receiving(tmp_path, limits=full) as running:
        first = running.write(BODY)
        if limit == "memory":
            assert first.status_code == 204
        response = running.write(BODY)
        assert (response.status_code, response.headers["retry-after"]) == (503, "5")
        health = httpx.get(f"{running.url}/health")
        assert (health.status_code, health.json()["status"] != "ok") == (503, True)
        otlp = httpx.post(
            f"{running.url}/v1/metrics", headers={"Content-Type": "application/json"}, content="{}"
        )
        assert (otlp.status_code, otlp.json()["code"]) == (503, 14)
    assert (segments / "20260101T000000000000Z-other-000001.parquet").exists()


def test_its_metrics_say_what_became_of_samples(tmp_path: Path) -> None:
    """Prometheus' own parser reads them."""
    with receiving(tmp_path, limits=shorter(LIMITS, settle_seconds=60, segment_seconds=60)) as run:
        run.write(BODY)
        run.write(b"bad")
        run.write(BODY, {"Content-Type": "text/plain"})
        page = httpx.get(f"{run.url}/metrics").text
    families = {family.name: family for family in text_string_to_metric_families(page)}
    outcomes = {
        each.labels["outcome"]: each.value
        for each in families["tokentide_receiver_samples"].samples
    }
    assert (outcomes["kept"], outcomes["left_out"], outcomes["refused"]) == (4, 1, 0)
    assert families["tokentide_receiver_refused_requests"].samples[0].value == 2
    assert families["tokentide_receiver_open_samples"].samples[0].value == 4
    assert SERVER["instance"] not in page


class HastyConnection(BoundedConnection):
    """A connection whose requests have little time."""

    request_seconds = 0.3


def test_a_request_has_to_be_complete_in_time(tmp_path: Path) -> None:
    """One that sends a byte now and then is hung up on."""
    with receiving(tmp_path, connection=HastyConnection) as running:
        url = httpx.URL(running.url)
        with socket.create_connection((url.host, url.port or 0), timeout=10) as slow:
            slow.sendall(b"POST /api/v1/write HTTP/1.1\r\nHost: localhost\r\n")
            began = time.monotonic()
            assert slow.recv(100) == b""
            assert time.monotonic() - began < 5
