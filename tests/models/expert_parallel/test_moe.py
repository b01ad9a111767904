"""The state that a rank's layers share, and a MoE block on a group of one rank."""

from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torch.distributed as dist

from models.expert_parallel.moe import BASELINE_STEPS, EpExperts, ExchangeState
from models.expert_parallel.schedules import MoeTiming
from models.layers.experts import FullExperts
from models.layers.mlp import LocalExperts
from models.ops.cpu_ops import CpuOps
from models.protocol import LayerTimes

EXPERTS, HIDDEN, WIDTH = 4, 16, 8


@pytest.fixture
def lone_rank(tmp_path: Path) -> Iterator[None]:
    """Join a process group of one rank."""
    store = tmp_path / "store"
    dist.init_process_group("gloo", init_method=f"file://{store}", rank=0, world_size=1)
    yield
    dist.destroy_process_group()


def experts() -> FullExperts:
    """Make random experts."""
    seed = torch.Generator().manual_seed(1)
    gate_up = torch.randn(EXPERTS, HIDDEN, 2 * WIDTH, generator=seed)
    return FullExperts(CpuOps(), gate_up, torch.randn(EXPERTS, WIDTH, HIDDEN, generator=seed))


def test_one_step_in_32_is_the_serial_baseline() -> None:
    """The first step is one, so that a baseline exists from the start."""
    state = ExchangeState("waves", 2)
    schedules = []
    for _ in range(BASELINE_STEPS + 1):
        schedules.append(state.current_schedule)
        state.next_step()
    assert schedules == ["serial", *["waves"] * (BASELINE_STEPS - 1), "serial"]


def test_the_fused_schedule_has_no_baseline() -> None:
    """Its layers are not timed, so there is nothing to compare with one."""
    state = ExchangeState("fused", 2, timings=[None, MoeTiming(total=1)], rows=6)
    assert state.current_schedule == "fused"
    assert state.sum_times() == LayerTimes(2, None, None, None, None, None, "fused", 6)


def test_times_are_summed_over_layers() -> None:
    """Computing includes packing."""
    timing = MoeTiming(1.0, 0.5, 0.25, dispatch=2, combine=3, exposed_wait=4, total=11)
    state = ExchangeState("comet", 2, timings=[timing, timing], rows=6)
    assert state.sum_times() == LayerTimes(2, 3.5, 4, 6, 8, 22, "serial", 6)


def test_a_step_starts_with_empty_sums() -> None:
    """Timings and rows are those of one step."""
    state = ExchangeState("comet", 1, timings=[], rows=5)
    state.next_step()
    assert (state.timings, state.rows, state.steps) == ([], 0, 1)


def test_a_block_equals_local_experts(lone_rank: None) -> None:
    """Without other ranks the exchange changes nothing, and rows are counted."""
    seed = torch.Generator().manual_seed(2)
    x = torch.randn(6, HIDDEN, generator=seed)
    weights, chosen = CpuOps().gate_top_k(torch.randn(6, EXPERTS, generator=seed), 2, True)
    state = ExchangeState("waves", 2)
    block = EpExperts(state, experts())
    expected = LocalExperts(CpuOps(), experts())(x, weights, chosen)
    assert torch.allclose(block(x, weights, chosen), expected, atol=1e-5)
    assert (state.rows, len(state.timings)) == (12, 1)
    assert block.weight_bytes == experts().weight_bytes
