"""Experts spread over processes: the same tokens as in one process, in every schedule, and times that say what happened."""

import pytest
from support.tier import tiny_checkpoint

from models.config import EngineConfig
from models.engine.engine import Engine
from models.errors import BadConfig
from models.expert_parallel.moe import BASELINE_STEPS
from models.protocol import LayerTimes, EngineRequest, SamplingParams

PROMPTS = [[5, 9, 40, 7], list(range(20, 60)), [3] * 17]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory):
    return tiny_checkpoint(tmp_path_factory.mktemp("spread"))


def run(engine: Engine) -> tuple[list[list[int]], list[LayerTimes]]:
    said: dict[str, list[int]] = {}
    times = []
    for number, prompt in enumerate(PROMPTS):
        engine.add(EngineRequest(str(number), prompt, SamplingParams(40, temperature=0, ignore_eos=True)))
    while engine.has_work:
        step = engine.step()
        times += [step.stats.layer_times] if step.stats.layer_times else []
        for progress in step.progress:
            said.setdefault(progress.request_id, []).extend(progress.token_ids)
    engine.close()
    return [said[str(number)] for number in range(len(PROMPTS))], times


@pytest.fixture(scope="module")
def alone(checkpoint):
    return run(Engine(EngineConfig(model=checkpoint, device="cpu")))[0]


@pytest.mark.parametrize("schedule", ["serial", "comet", "waves"])
def test_spread_experts_say_the_same(checkpoint, alone, schedule):
    config = EngineConfig(
        model=checkpoint, device="cpu", expert_ranks=2, expert_schedule=schedule, expert_waves=2
    )
    said, times = run(Engine(config))
    assert said == alone
    assert all(each.layers == 3 and 0 < each.exposed_wait < each.total for each in times)
    assert [each.schedule for each in times] == [
        "serial" if step % BASELINE_STEPS == 0 else schedule for step in range(len(times))
    ]
    assert times[0].rows == 3 * 2 * sum(map(len, PROMPTS))


def test_spread_quantised_experts_say_the_same(checkpoint):
    config = EngineConfig(model=checkpoint, device="cpu", quantisation="w8a16")
    spread = EngineConfig(
        model=checkpoint, device="cpu", quantisation="w8a16", expert_ranks=2, expert_waves=1
    )
    assert run(Engine(spread))[0] == run(Engine(config))[0]


@pytest.mark.parametrize(
    ("changes", "next_step"),
    [
        ({"expert_ranks": 3}, "a number of ranks that divides 4"),
        ({"expert_ranks": 2, "expert_waves": 3}, "--expert-waves that divides 2"),
    ],
)
def test_experts_that_cannot_be_shared_evenly_are_refused(checkpoint, changes, next_step):
    with pytest.raises(BadConfig, match=next_step):
        Engine(EngineConfig(model=checkpoint, device="cpu", **changes))


def test_a_dense_model_has_no_experts_to_spread(tmp_path):
    dense = tiny_checkpoint(tmp_path / "dense", model_type="qwen3")
    with pytest.raises(BadConfig, match="has no experts"):
        Engine(EngineConfig(model=dense, device="cpu", expert_ranks=2))
