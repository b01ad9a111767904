"""The end of a server by SIGTERM, of its engine by SIGKILL, and of both together."""

import socket
import threading
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import openai
import pytest
from support.tier import tiny_checkpoint

ENDLESS = {"prompt": "def", "max_tokens": 8000, "ignore_eos": True}


def send_half_a_body(server: Any) -> socket.socket:
    """Connect a client that has not sent its whole body yet."""
    host, port = server.url.removeprefix("http://").split(":")
    client = socket.create_connection((host, int(port)))
    client.sendall(
        b"POST /v1/completions HTTP/1.1\r\nHost: localhost\r\nContent-Type: application/json\r\n"
        b'Content-Length: 100\r\n\r\n{"model":'
    )
    return client


@pytest.fixture(scope="module")
def long_context(tmp_path_factory: pytest.TempPathFactory) -> tuple[str, str]:
    """Return options for a context so long that no request ends by itself during a test."""
    folder = tmp_path_factory.mktemp("endless")
    return "--model", str(tiny_checkpoint(folder, max_position_embeddings=8192))


def start_thread(seen: dict[str, Any], name: str, send: Callable[[], Any]) -> threading.Thread:
    """Send a request in a thread, which stores the response under a name."""
    thread = threading.Thread(target=lambda: seen.update({name: send()}))
    thread.start()
    return thread


def stream(server: Any) -> httpx.Response:
    """Send an endless request with a stream."""
    body = {"model": "tiny", "stream": True} | ENDLESS
    return httpx.post(f"{server.url}/v1/completions", json=body, timeout=20)


@pytest.fixture(scope="module")
def terminated(
    start: Any, long_context: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Fill a server with a running, a waiting and an arriving request, then send SIGTERM."""
    seen: dict[str, Any] = {}
    limits = ("--max-sequences", "1", "--max-waiting", "1")
    with start(tmp_path_factory.mktemp("terminated"), *long_context, *limits) as server:
        arriving = send_half_a_body(server)
        senders = {"whole": lambda: server.post(**ENDLESS), "stream": lambda: stream(server)}
        queues = ("vllm:num_requests_running", "vllm:num_requests_waiting")
        threads = []
        for (name, send), queue in zip(senders.items(), queues, strict=True):
            threads.append(start_thread(seen, name, send))
            server.wait_for(queue, 1)
        seen["rejected"] = server.post()
        seen["by reason"] = server.sample("vllm:num_requests_waiting_by_reason", reason="capacity")
        seen["rejections"] = server.sample("vllm:admission_rejections_total", reason="queue_full")
        started = time.monotonic()
        seen["code"] = server.terminate()
        seen["arriving"] = arriving.recv(4096)
        arriving.close()
        seen["seconds"] = time.monotonic() - started
        for thread in threads:
            thread.join()
        seen["events"], seen["log"] = server.events(), server.log.read_text()
    return seen


def test_a_full_queue_asks_to_retry(terminated: dict[str, Any]) -> None:
    """Status 429 with Retry-After, and the rejection is counted."""
    rejected = terminated["rejected"]
    assert (rejected.status_code, rejected.headers["retry-after"]) == (429, "1")
    assert rejected.json()["error"]["type"] == "rate_limit_error"
    assert (terminated["rejections"], terminated["by reason"]) == (1, 1)


def test_sigterm_ends_the_server_at_once(terminated: dict[str, Any]) -> None:
    """Exit code 0 within seconds; waiting clients get status 503."""
    assert terminated["code"] == 0
    assert terminated["seconds"] < 5
    assert terminated["log"].count("\n") == 1
    assert terminated["arriving"].startswith(b"HTTP/1.1 503")
    for name in ("whole", "stream"):
        assert terminated[name].status_code == 503
        assert terminated[name].json()["error"]["type"] == "server_error"


def test_sigterm_leaves_an_event_of_each_request(terminated: dict[str, Any]) -> None:
    """Running, waiting and arriving ones are aborted; only the running one has tokens."""
    outcomes = sorted(
        (event["outcome"], event["completion_tokens"] > 0) for event in terminated["events"]
    )
    assert outcomes == [
        ("aborted", False),
        ("aborted", False),
        ("aborted", True),
        ("refused", False),
    ]


@pytest.fixture(scope="module")
def orphaned(
    start: Any, long_context: tuple[str, str], tmp_path_factory: pytest.TempPathFactory
) -> dict[str, Any]:
    """Kill the engine of a server while it streams."""
    seen: dict[str, Any] = {}
    with start(tmp_path_factory.mktemp("orphaned"), *long_context) as server:
        thread = start_thread(seen, "whole", lambda: server.post(**ENDLESS))
        options: dict[str, Any] = {"max_tokens": 8000, "extra_body": {"ignore_eos": True}}
        chunks = iter(
            server.client().completions.create(model="tiny", prompt="def", stream=True, **options)
        )
        next(chunks)
        server.wait_for("vllm:num_requests_running", 2)
        server.kill_engine()
        with pytest.raises(openai.APIError) as caught:
            list(chunks)
        seen["error"] = caught.value
        thread.join()
        seen["health"], seen["later"] = httpx.get(f"{server.url}/health"), server.post()
        seen["running"] = server.sample("vllm:num_requests_running")
        seen["errors"] = server.sample("vllm:request_success_total", finished_reason="error")
        seen["code"] = server.terminate()
        seen["events"] = server.events()
    return seen


def test_a_killed_engine_fails_running_requests(orphaned: dict[str, Any]) -> None:
    """A stream ends in an error, a whole response is 503, and the metrics count both."""
    assert orphaned["error"].body["type"] == "server_error"
    assert "Restart the server" in orphaned["error"].message
    assert orphaned["whole"].status_code == 503
    assert (orphaned["running"], orphaned["errors"]) == (0, 2)


def test_without_an_engine_the_server_is_not_healthy(orphaned: dict[str, Any]) -> None:
    """Status 503 on /health and for later requests; SIGTERM still ends it with 0."""
    assert orphaned["health"].status_code == orphaned["later"].status_code == 503
    assert "Restart the server" in orphaned["later"].json()["error"]["message"]
    assert orphaned["code"] == 0


def test_a_killed_engine_leaves_an_event_of_each_request(orphaned: dict[str, Any]) -> None:
    """All failed; tokens that were sent are in the events."""
    assert [event["outcome"] for event in orphaned["events"]] == ["failed"] * 3
    assert max(event["completion_tokens"] for event in orphaned["events"]) > 0
    assert orphaned["events"][-1]["completion_tokens"] == 0


def test_a_killed_server_takes_its_engine_with_it(start: Any, tmp_path: Path) -> None:
    """No process is left behind, ranks of experts included."""
    with start(tmp_path, "--expert-ranks", "2") as server:
        engine = server.engine_process()
        assert server.post(max_tokens=40).status_code == 200
        assert server.sample("tokentide:expert_rows_total", schedule="waves") > 0
        ranks = Path(f"/proc/{engine}/task/{engine}/children").read_text().split()
        assert ranks
        server.process.kill()
        server.process.wait()
    deadline = time.monotonic() + 60
    while any(Path(f"/proc/{each}").exists() for each in (engine, *ranks)):
        assert time.monotonic() < deadline
        time.sleep(0.05)
