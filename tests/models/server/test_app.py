"""Routes other than the generating ones, and their errors."""

import os
import sys
from typing import Any

import httpx
from support.inference.http_errors import error_of


def test_the_model_is_listed(server: Any) -> None:
    """By its name and with its context."""
    client = server.client()
    assert [model.id for model in client.models.list()] == ["tiny"]
    assert client.models.retrieve("tiny").model_dump()["max_model_len"] == 256


def test_another_model_is_not_found(server: Any) -> None:
    """The error names the one that exists."""
    error = error_of(httpx.get(f"{server.url}/v1/models/gpt-5"), 404)
    assert error["code"] == "model_not_found"
    assert "'tiny'" in error["message"]


def test_a_running_engine_is_healthy(server: Any) -> None:
    """Status 200 without a body."""
    assert httpx.get(f"{server.url}/health").status_code == 200


def test_unknown_routes_name_the_known_ones(server: Any) -> None:
    """In OpenAI's form."""
    error = error_of(httpx.get(f"{server.url}/v1/embeddings"), 404)
    assert "/v1/completions" in error["message"]


def test_wrong_methods_name_the_right_ones(server: Any) -> None:
    """Also in the header."""
    response = httpx.get(f"{server.url}/v1/completions")
    assert "Use POST" in error_of(response, 405)["message"]
    assert response.headers["allow"] == "POST"
    error_of(httpx.post(f"{server.url}/health"), 405)


def test_metrics_state_versions_and_read_the_device(server: Any) -> None:
    """Readings come also without requests."""
    versions = {"quantisation": "none", "device": "cpu", "python": sys.version.split()[0]}
    assert server.sample("tokentide:build_info", **versions) == 1
    total = os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    server.wait_for("tokentide:device_memory_total_bytes", total)
    assert server.sample("tokentide:device_memory_used_bytes") > 0


def test_metrics_state_when_the_process_started(server: Any) -> None:
    """A collector needs it to recognise a reset."""
    assert server.sample("process_start_time_seconds") > 1.7e9


def test_metrics_are_prometheus_text(server: Any) -> None:
    """With the version of the format."""
    response = httpx.get(f"{server.url}/metrics")
    assert response.headers["content-type"].startswith("text/plain; version=")
