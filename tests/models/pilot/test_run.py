"""Blocks replayed against real servers on loopback: alike, throttled, broken, stopped."""

import asyncio
from collections.abc import Mapping, Sequence

import pytest
from support.inference.openai_server import serve
from support.inference.pilot_servers import PilotReply, throttled

from models.loadgen.prompts import RequestOptions
from models.loadgen.report import Objectives
from models.loadgen.target import LoadTarget
from models.pilot.blocks import SIDES, Block, Side, draw_arrivals, plan_blocks
from models.pilot.columns import UNKNOWN_TERMS
from models.pilot.differences import PairedDifference, compute_differences
from models.pilot.run import (
    WARM_UP_NUMBER,
    EnergyReading,
    PilotRun,
    PilotServer,
    replay_with,
    run_blocks,
    warm_up,
)

LATENCIES = ("ttft_ms", "tpot_ms", "e2e_ms")
BLOCKS = plan_blocks(draw_arrivals(6.0, 0.1, 5, 6, seed=3), 8, seed=3)


def run_against(
    urls: Mapping[Side, str], blocks: Sequence[Block] = BLOCKS
) -> tuple[PilotRun, dict[str, PairedDifference]]:
    """Replay blocks against two addresses and compute the differences."""
    servers = {side: PilotServer(side, LoadTarget(urls[side], timeout_s=20), "m") for side in SIDES}
    options = dict.fromkeys(SIDES, RequestOptions("m"))
    run = PilotRun(len(blocks))
    asyncio.run(run_blocks(run, blocks, replay_with(servers, options), {}))
    terms = dict.fromkeys(SIDES, UNKNOWN_TERMS)
    return run, {each.metric: each for each in compute_differences(run, Objectives(), terms)}


@pytest.mark.slow
def test_a_server_beside_itself_shows_no_difference_live() -> None:
    """0 lies within every interval of a live run."""
    with serve(PilotReply(first_s=0.05, gap_s=0.02)) as server:
        run, found = run_against({"a": server.url, "b": server.url})
    assert len(run.blocks) == 8
    known = [each for each in found.values() if each.low is not None]
    assert {each.metric for each in known} >= {*LATENCIES, "output_tokens_per_second"}
    assert not any(each.is_distinct for each in known)


@pytest.mark.slow
def test_the_factor_of_a_throttled_server_lies_within_the_interval() -> None:
    """Both go through the same proxy; B's delays everything by half."""
    reply = PilotReply(first_s=0.4, gap_s=0.08)
    with (
        serve(reply) as server,
        throttled(server.url, 1.0) as a,
        throttled(server.url, 1.5) as b,
    ):
        _, found = run_against({"a": a, "b": b})
    for name in LATENCIES:
        row = found[name]
        assert row.ratio_low is not None
        assert row.ratio_high is not None
        assert row.ratio_low <= 1.5 <= row.ratio_high, row


def test_both_servers_get_the_same_bodies_and_no_prompt_comes_twice() -> None:
    """It does not matter which of them is first."""
    with serve(PilotReply()) as a, serve(PilotReply()) as b:
        run_against({"a": a.url, "b": b.url})
    bodies = [[each.body for each in server.received] for server in (a, b)]
    assert sorted(map(str, bodies[0])) == sorted(map(str, bodies[1]))
    prompts = [each["prompt"] for each in bodies[0]]
    assert len(set(prompts)) == len(prompts) == sum(len(each.arrivals) for each in BLOCKS)


def test_a_server_that_fails_half_of_its_requests_is_measured_all_the_same() -> None:
    with serve(PilotReply()) as a, serve(PilotReply(fails_every=2)) as b:
        run, found = run_against({"a": a.url, "b": b.url})
    sent = len(run.records("b"))
    assert found["completed_share"].b == pytest.approx(0.5, abs=0.02)
    assert found["completed_share"].pairs == sent
    assert found["e2e_ms"].pairs == sum(each.error is None for each in run.records("b"))


def test_a_server_without_usage_leaves_figures_of_tokens_unknown() -> None:
    with serve(PilotReply()) as a, serve(PilotReply(has_usage=False)) as b:
        _, found = run_against({"a": a.url, "b": b.url})
    assert found["ttft_ms"].low is not None
    assert found["tpot_ms"].reason == "B does not report its token counts (`usage`)"


def test_a_server_that_streams_nothing_has_no_latencies() -> None:
    """All of its requests fail, which is seen; nothing is made up for what was not."""
    with serve(PilotReply()) as a, serve(PilotReply(streams="nothing")) as b:
        _, found = run_against({"a": a.url, "b": b.url})
    assert (found["completed_share"].a, found["completed_share"].b) == (1.0, 0.0)
    assert "no request was completed by both" in (found["ttft_ms"].reason or "")


def test_a_run_that_is_cancelled_keeps_whole_blocks() -> None:
    """The block that was open is left out on both sides."""
    with serve(PilotReply(first_s=0.05)) as server:
        target = LoadTarget(server.url)
        servers = {side: PilotServer(side, target, "m") for side in SIDES}
        replay_block = replay_with(servers, dict.fromkeys(SIDES, RequestOptions("m")))
        run = PilotRun(len(BLOCKS))

        async def stop_in_the_third_block() -> None:
            reached = asyncio.Event()

            def on_block(text: str, done: int, planned: int) -> None:
                if done == 5:
                    reached.set()

            task = asyncio.create_task(run_blocks(run, BLOCKS, replay_block, {}, on_block))
            await reached.wait()
            task.cancel()
            await asyncio.wait([task])

        asyncio.run(stop_in_the_third_block())
    assert [each.block.number for each in run.blocks] == [0, 1]
    assert all(each.tests.keys() == {"a", "b"} for each in run.blocks)


def test_energy_is_that_of_the_time_of_each_block() -> None:
    """A meter is read around each replay, and only that of the server."""

    class Meter:
        joules = 0.0

        def measure(self) -> "Meter":
            return self

        async def __aenter__(self) -> EnergyReading:
            self.joules += 10
            return EnergyReading(self.joules)

        async def __aexit__(self, *_: object) -> None:
            return

    with serve(PilotReply()) as server:
        servers = {side: PilotServer(side, LoadTarget(server.url), "m") for side in SIDES}
        replay_block = replay_with(servers, dict.fromkeys(SIDES, RequestOptions("m")))
        run = PilotRun(2)
        asyncio.run(run_blocks(run, BLOCKS[:2], replay_block, {"b": Meter()}))
    assert [each.joules for each in run.blocks] == [{"a": None, "b": 10.0}, {"a": None, "b": 20.0}]


def test_the_warm_up_has_other_prompts() -> None:
    with serve(PilotReply()) as server:
        servers = {side: PilotServer(side, LoadTarget(server.url), "m") for side in SIDES}
        replay_block = replay_with(servers, dict.fromkeys(SIDES, RequestOptions("m")))
        asyncio.run(warm_up(BLOCKS[0], replay_block))
        warm = {each.body["prompt"] for each in server.received}
        asyncio.run(run_blocks(PilotRun(1), BLOCKS[:1], replay_block, {}))
        counted = {each.body["prompt"] for each in server.received} - warm
    assert len(warm) == len(counted) == len(BLOCKS[0].arrivals)
    assert max(each.first_request for each in BLOCKS) < WARM_UP_NUMBER
