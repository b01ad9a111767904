"""Experts on several processes: the same tokens as in one, in every schedule, with true times."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.inference.engine import CompletedRequests, complete, greedy, open_engine
from support.tier import tiny_checkpoint

from models.assemble import build_engine
from models.checkpoint import read_model_config
from models.config import EngineConfig, Schedule
from models.errors import BadConfig
from models.expert_parallel.moe import BASELINE_STEPS
from models.expert_parallel.runner import check_expert_ranks, rank_experts

PROMPTS = [[5, 9, 40, 7], list(range(20, 60)), [3] * 17]
REQUESTS = [greedy(str(number), prompt, 40) for number, prompt in enumerate(PROMPTS)]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model with four experts in each of three layers."""
    return tiny_checkpoint(tmp_path_factory.mktemp("experts"))


def run(config: EngineConfig) -> CompletedRequests:
    """Complete the requests."""
    with open_engine(config) as engine:
        return complete(engine, REQUESTS)


@pytest.fixture(scope="module")
def one_process(checkpoint: Path) -> CompletedRequests:
    """Complete the requests with all experts in one process."""
    return run(EngineConfig(model=checkpoint, device="cpu"))


@pytest.mark.parametrize("schedule", ["serial", "comet", "waves"])
def test_shared_experts_give_the_same_tokens(
    checkpoint: Path, one_process: CompletedRequests, schedule: Schedule
) -> None:
    """Each step reports its times, one step in 32 those of the serial baseline."""
    config = EngineConfig(
        model=checkpoint, device="cpu", expert_ranks=2, expert_schedule=schedule, expert_waves=2
    )
    completed = run(config)
    times = [step.layer_times for step in completed.steps if step.layer_times]
    assert completed.tokens == one_process.tokens
    assert len(times) == len(completed.steps)
    assert all(each.layers == 3 and 0 < each.exposed_wait < each.total for each in times)
    assert [each.schedule for each in times] == [
        "serial" if step % BASELINE_STEPS == 0 else schedule for step in range(len(times))
    ]
    assert times[0].rows == 3 * 2 * sum(map(len, PROMPTS))


def test_shared_quantised_experts_give_the_same_tokens(checkpoint: Path) -> None:
    """Each rank packs its own experts."""
    config = EngineConfig(model=checkpoint, device="cpu", quantisation="w8a16")
    shared = EngineConfig(
        model=checkpoint, device="cpu", quantisation="w8a16", expert_ranks=2, expert_waves=1
    )
    assert run(shared).tokens == run(config).tokens


@pytest.mark.parametrize(
    ("ranks", "waves", "next_step"),
    [
        (3, 1, "a number of ranks that divides 4"),
        (2, 3, "--expert-waves that divides 2"),
    ],
)
def test_experts_that_cannot_be_shared_evenly_are_refused(
    checkpoint: Path, ranks: int, waves: int, next_step: str
) -> None:
    """The message names numbers that would work."""
    config = EngineConfig(model=checkpoint, expert_ranks=ranks, expert_waves=waves)
    with pytest.raises(BadConfig, match=next_step):
        check_expert_ranks(config, read_model_config(checkpoint))


def test_a_device_without_fused_kernels_refuses_them(checkpoint: Path) -> None:
    """The message names the schedules that it has. Waves need not divide the experts then."""
    config = EngineConfig(model=checkpoint, device="cpu", expert_ranks=2, expert_schedule="fused")
    check_expert_ranks(replace(config, expert_waves=3), read_model_config(checkpoint))
    with pytest.raises(BadConfig, match="--expert-schedule serial, comet or waves"):
        build_engine(config)


def test_a_dense_model_has_no_experts_to_share(tmp_path: Path) -> None:
    """With one rank it is no error."""
    dense = tiny_checkpoint(tmp_path / "dense", model_type="qwen3")
    model = read_model_config(dense)
    check_expert_ranks(EngineConfig(model=dense), model)
    with pytest.raises(BadConfig, match="has no experts"):
        check_expert_ranks(EngineConfig(model=dense, expert_ranks=2), model)


def test_ranks_hold_consecutive_experts(checkpoint: Path) -> None:
    """Together they hold all of them once."""
    config, model = EngineConfig(model=checkpoint, expert_ranks=2), read_model_config(checkpoint)
    assert [*rank_experts(0, config, model), *rank_experts(1, config, model)] == [0, 1, 2, 3]
