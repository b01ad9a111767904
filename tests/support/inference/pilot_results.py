"""Results of pilots, as the command makes them."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

from support.inference.simulated_servers import OBJECTIVES, TERMS, SimulatedMachine

from models.loadgen.target import LoadTarget
from models.pilot.blocks import SIDES, Side, draw_arrivals, plan_blocks
from models.pilot.checks import FeatureCheck
from models.pilot.differences import compute_differences
from models.pilot.greedy import GreedyEquality
from models.pilot.prepare import FirstToken, Preparation
from models.pilot.result import PilotDescription, ServerDescription, make_result
from models.pilot.run import PilotRun, PilotServer, run_blocks

STARTED = datetime(2026, 11, 30, 8, 0, tzinfo=UTC)


def pilot_result(
    factor: float = 1.5,
    *,
    seed: int = 1,
    started_at: datetime = STARTED,
    was_stopped: bool = False,
    failing: float = 0.0,
    kinds: tuple[str, str] = ("Ascend 910C", "NVIDIA A100"),
    model: str = "qwen3-8b",
    metered: tuple[Side, ...] = SIDES,
) -> dict[str, Any]:
    """Make the result of a pilot on the simulated clock, in which B is slower by `factor`."""
    machine = SimulatedMachine(seed, {"a": 1.0, "b": factor}, {"a": 0.0, "b": failing})
    blocks = plan_blocks(draw_arrivals(1.0, 2.0, 100, 30, seed), 12, seed)
    run = PilotRun(len(blocks) + 8 * was_stopped, was_stopped=was_stopped)
    asyncio.run(run_blocks(run, blocks, machine.replay_block, dict.fromkeys(metered, machine)))
    servers = {
        side: PilotServer(side, LoadTarget(f"http://10.0.0.1{number}:8000/v1"), model)
        for number, side in enumerate(SIDES, 1)
    }
    described = PilotDescription(
        "ascend beside a100",
        "1 requests/s",
        seed,
        "completions",
        0.0,
        "0.1.0",
        {
            "a": ServerDescription("vllm serve m --port 8000", "ascend", 8, kinds[0], 100.0),
            "b": ServerDescription(None, "a100", 8, kinds[1], 100.0),
        },
    )
    return make_result(
        run,
        preparation(),
        servers,
        described,
        OBJECTIVES,
        compute_differences(run, OBJECTIVES, dict.fromkeys(SIDES, TERMS), seed=seed),
        started_at,
        started_at + timedelta(minutes=4),
    )


def preparation() -> Preparation:
    """Return what was found before the load: B has no tools and refuses logprobs."""
    whole = [FeatureCheck(name, "supported") for name in ("completion", "streaming", "ignore_eos")]
    return Preparation(
        {"a": FirstToken(0.2, 31.5), "b": FirstToken(0.1, reason="the pilot did not start it")},
        {
            "a": [
                *whole,
                FeatureCheck("logprobs", "supported"),
                FeatureCheck("tools", "supported"),
            ],
            "b": [
                *whole,
                FeatureCheck("logprobs", "refused", "400 <b>no</b>"),
                FeatureCheck("tools", "ignored", "no tool call in the reply"),
            ],
        },
        GreedyEquality(8, 7, 8, 8, 8, "after 12 characters: A 'x', B 'y'"),
    )
