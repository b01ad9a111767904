"""One request against a real server: whatever the server does, it has one end."""

import asyncio
from collections.abc import AsyncIterator, Callable
from typing import Any

import pytest
from support.inference.openai_server import (
    error_reply,
    raw_reply,
    replies_in_turn,
    serve,
    sse_event,
    stream_reply,
    whole_reply,
)

from models.loadgen.arrivals import Arrival
from models.loadgen.client import SentRequest, make_record, send_request
from models.loadgen.prompts import RequestOptions, build_body
from models.loadgen.records import RequestFailure
from models.loadgen.target import ConnectionPool, LoadTarget

Load = Callable[..., dict[str, Any]]
KEY = "sk-invented-and-secret"
ARRIVAL = Arrival(0.5, prompt_tokens=4, output_tokens=3)


def send(url: str, key: str | None = None, timeout_s: float = 20.0) -> SentRequest:
    """Send one request to a server."""

    async def run() -> SentRequest:
        target, options = LoadTarget(url, key, timeout_s), RequestOptions("m")
        pool = ConnectionPool(target)
        try:
            return await send_request(pool, target, options, build_body(options, 0, ARRIVAL))
        finally:
            await pool.aclose()

    return asyncio.run(run())


def test_a_whole_stream_has_times_and_counts() -> None:
    """In the order in which they happen."""
    with serve(stream_reply()) as server:
        sent = send(server.url)
    completion = sent.completion
    assert (sent.status, sent.failure, completion.output_tokens) == (200, None, 3)
    moments = [sent.sent_at, completion.first_at, completion.end_at]
    known = [moment for moment in moments if moment is not None]
    assert len(known) == 3
    assert known == sorted(known)


def test_the_key_is_sent_and_removed_from_messages() -> None:
    """A server may repeat it."""
    with serve(error_reply(401, f"{KEY} is unknown")) as server:
        sent = send(server.url, KEY)
        [received] = server.received
    assert received.headers["authorization"] == f"Bearer {KEY}"
    assert (sent.status, str(sent.failure)) == (401, "*** is unknown")


@pytest.mark.parametrize(
    ("status", "kind"), [(429, "429"), (500, "http"), (404, "http"), (307, "http")]
)
def test_an_error_status_is_a_failure(status: int, kind: str) -> None:
    """Redirects too: another server would be measured, and be sent the key."""
    with serve(error_reply(status, "no")) as server:
        failure = send(server.url).failure
        assert len(server.received) == 1
    assert failure is not None
    assert (failure.kind, str(failure)) == (kind, "no")


def test_a_slow_response_times_out() -> None:
    """Counted from the beginning of the request."""
    with serve(whole_reply(first_s=30)) as server:
        failure = send(server.url, timeout_s=0.3).failure
    assert failure is not None
    assert (failure.kind, str(failure)) == ("timeout", "no whole response within 0.3 s")


def test_a_server_that_is_gone_is_a_failed_connection() -> None:
    """The request was never sent, or at least has no status."""
    with serve(stream_reply()) as server:
        url = server.url
    sent = send(url)
    assert sent.failure is not None
    assert (sent.failure.kind, sent.status) == ("connection", None)


def test_cancellation_is_an_end_too() -> None:
    """The load test was stopped."""

    async def run(url: str) -> SentRequest:
        target, options = LoadTarget(url), RequestOptions("m")
        pool = ConnectionPool(target)
        body = build_body(options, 0, ARRIVAL)
        task = asyncio.create_task(send_request(pool, target, options, body))
        await asyncio.sleep(0.2)
        task.cancel()
        sent = await task
        await pool.aclose()
        return sent

    with serve(whole_reply(first_s=30)) as server:
        sent = asyncio.run(run(server.url))
    assert sent.failure is not None
    assert sent.failure.kind == "stopped"


def test_broken_and_endless_streams_end_alone(load: Load) -> None:
    """Each is a failure of its kind; whole streams among them complete."""

    async def cut_off() -> AsyncIterator[bytes]:
        yield sse_event("a").encode()
        raise ConnectionError

    async def ended() -> AsyncIterator[bytes]:
        yield sse_event("a").encode()

    async def endless() -> AsyncIterator[bytes]:
        while True:
            yield b"x" * 65536
            await asyncio.sleep(0)

    async def silent() -> AsyncIterator[bytes]:
        yield sse_event("a").encode()
        await asyncio.sleep(30)

    broken = [raw_reply(each) for each in (cut_off, ended, endless, silent)]
    options = "--poisson 100 --requests 10 --max-tokens 2 --timeout 4"
    with serve(replies_in_turn(*broken, stream_reply())) as server:
        report = load(server.url, *options.split())
    assert {each["kind"]: each["count"] for each in report["failures"]} == {
        "connection": 2,
        "answer": 2,
        "oversized": 2,
        "timeout": 2,
    }
    assert (report["answered"], report["e2e"]["count"]) == (2, 2)


def test_a_record_counts_seconds_from_the_start() -> None:
    """Moments of one clock become seconds of the load test."""
    sent = SentRequest(sent_at=100.6, status=200)
    sent.completion.add_event({"choices": [{"text": "a", "finish_reason": "stop"}]}, 101.0)
    sent.completion.end_at = 102.0
    record = make_record(7, ARRIVAL, True, start=100.0, sent=sent)
    assert (record.number, record.due_s, record.is_capped) == (7, 0.5, True)
    assert record.sent_s == pytest.approx(0.6)
    assert record.first_s == pytest.approx(1.0)
    assert record.end_s == pytest.approx(2.0)
    assert (record.asked_prompt_tokens, record.asked_output_tokens) == (4, 3)


def test_without_a_count_pieces_are_an_estimate() -> None:
    """The server reported no usage."""
    sent = SentRequest(status=200)
    for at in (101.0, 101.5):
        sent.completion.add_event({"choices": [{"text": "a"}]}, at)
    sent.completion.end_at = 102.0
    record = make_record(0, ARRIVAL, False, start=100.0, sent=sent)
    assert (record.output_tokens, record.is_estimated, record.prompt_tokens) == (2, True, None)
    assert record.gaps_s == (0.5,)


def test_a_failure_is_in_the_record() -> None:
    """With its kind and message, and without output."""
    sent = SentRequest(failure=RequestFailure("timeout", "too slow"))
    sent.completion.end_at = 103.0
    record = make_record(0, ARRIVAL, False, start=100.0, sent=sent)
    assert (record.error, record.message) == ("timeout", "too slow")
    assert (record.ttft_s, record.output_tokens, record.is_estimated) == (None, None, False)
