"""The open loop: requests are sent when due, whatever became of others."""

import asyncio

import pytest
from support.inference.openai_server import gathering_reply, serve, stream_reply, whole_reply

from models.loadgen.arrivals import Arrival, poisson_arrivals
from models.loadgen.prompts import RequestOptions
from models.loadgen.replay import LoadTest, replay
from models.loadgen.target import LoadTarget


def run(url: str, arrivals: list[Arrival], is_stream: bool = True, **options: int) -> LoadTest:
    """Replay arrivals against a server."""
    test = LoadTest(len(arrivals))
    target, requests = LoadTarget(url), RequestOptions("m", is_stream=is_stream)
    asyncio.run(replay(test, arrivals, target, requests, **options))
    return test


def test_no_request_waits_for_another() -> None:
    """The server replies only once all are open, so a closed loop would never end."""
    arrivals = poisson_arrivals(150, 150, prompt_tokens=1, output_tokens=1, seed=1)
    with serve(gathering_reply(150)) as server:
        test = run(server.url, arrivals, is_stream=False)
    assert len(test.records) == 150
    assert all(record.error is None for record in test.records)


def test_requests_are_sent_at_their_moments() -> None:
    """Not before, and soon after."""
    arrivals = [Arrival(at_s, 1, 1) for at_s in (0.0, 0.3, 0.6)]
    with serve(stream_reply()) as server:
        test = run(server.url, arrivals)
    lags = [record.send_lag_s for record in test.records]
    assert all(lag is not None and 0 <= lag < 0.25 for lag in lags)
    assert test.elapsed_s >= 0.6


def test_long_requests_are_capped() -> None:
    """The record says so, and has the lengths that were sent."""
    with serve(stream_reply()) as server:
        test = run(server.url, [Arrival(0, 90, 5), Arrival(0, 5, 5)], max_request_tokens=20)
        words = sorted(len(each.body["prompt"].split()) for each in server.received)
    assert words == [5, 15]
    capped, other = sorted(test.records, key=lambda record: record.number)
    assert (capped.is_capped, capped.asked_prompt_tokens) == (True, 15)
    assert (other.is_capped, other.asked_prompt_tokens) == (False, 5)


def test_cancelling_ends_open_requests_and_keeps_records() -> None:
    """Results until then can be reported."""
    test = LoadTest(3)
    arrivals = [Arrival(0, 1, 1), Arrival(0, 1, 1), Arrival(60, 1, 1)]

    async def stop_soon(url: str) -> None:
        requests = RequestOptions("m", is_stream=False)
        task = asyncio.create_task(replay(test, arrivals, LoadTarget(url), requests))
        while test.begun < 2:
            await asyncio.sleep(0.01)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    with serve(whole_reply(first_s=30)) as server:
        asyncio.run(stop_soon(server.url))
    assert [record.error for record in test.records] == ["stopped", "stopped"]
    assert test.elapsed_s > 0


def test_progress_is_printed_at_intervals() -> None:
    """Sent, completed, failed and open requests."""
    lines: list[str] = []
    test, arrivals = LoadTest(2), [Arrival(0, 1, 1), Arrival(2.5, 1, 1)]

    async def go(url: str) -> None:
        options = RequestOptions("m")
        await replay(test, arrivals, LoadTarget(url), options, print_progress=lines.append)

    with serve(stream_reply()) as server:
        asyncio.run(go(server.url))
    assert lines[0].endswith("s: 1 of 2 sent, 1 completed, 0 failed, 0 open")
