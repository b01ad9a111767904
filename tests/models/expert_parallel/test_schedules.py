"""Two real ranks over gloo: the same bits in every schedule, and the numbers of one process."""

import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional

from models.errors import BadConfig
from models.expert_parallel.schedules import RoutingPlan, experts_per_rank, group_by_expert

RANKS, TOKENS, TOP, HIDDEN, WIDTH, EXPERTS = 2, 24, 2, 16, 32, 8
ROOT = Path(__file__).resolve().parents[3]
RANK = """
import sys
from datetime import timedelta
import torch
import torch.distributed as dist
from models.expert_parallel.schedules import moe_layer
from models.expert_parallel.transport import Transport
from models.layers.experts import FullExperts
from models.ops.cpu_ops import CpuOps

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group(
    "gloo",
    init_method=f"file://{folder}/store",
    rank=rank,
    world_size=2,
    timeout=timedelta(seconds=60),
)
case = torch.load(f"{folder}/case.pt")
local = slice(rank * 4, rank * 4 + 4)
experts = FullExperts(CpuOps(), case["linear_1"][local], case["linear_2"][local])
inputs = [case[name][rank] for name in ("tokens", "choices", "weights")]
outputs, timings = {}, {}
for schedule, waves in [("serial", 1), ("serial", 4), ("comet", 4), ("waves", 2), ("waves", 4)]:
    transport = Transport(1e6, 1e-4) if waves == 4 else None
    out, timing = moe_layer(*inputs, experts, schedule, waves, transport)
    outputs[f"{schedule}-{waves}"], timings[f"{schedule}-{waves}"] = out, vars(timing)
torch.save({"outputs": outputs, "timings": timings}, f"{folder}/rank{rank}.pt")
dist.barrier()
dist.destroy_process_group()
"""


def make_case() -> dict[str, torch.Tensor]:
    """Make the inputs of both ranks. Expert 3 is never chosen, so one expert has no rows."""
    seed = torch.Generator().manual_seed(0)
    scores = torch.rand(RANKS, TOKENS, EXPERTS, generator=seed)
    scores[..., 3] = -1
    weights, choices = scores.softmax(-1).topk(TOP)
    return {
        "tokens": torch.randn(RANKS, TOKENS, HIDDEN, generator=seed),
        "choices": choices,
        "weights": weights,
        "linear_1": torch.randn(EXPERTS, HIDDEN, 2 * WIDTH, generator=seed) / HIDDEN**0.5,
        "linear_2": torch.randn(EXPERTS, WIDTH, HIDDEN, generator=seed) / WIDTH**0.5,
    }


def reference(case: dict[str, torch.Tensor], rank: int) -> torch.Tensor:
    """Compute one token and one expert at a time."""
    out = torch.zeros(TOKENS, HIDDEN)
    for token in range(TOKENS):
        choices, weights = case["choices"][rank, token], case["weights"][rank, token]
        for expert, weight in zip(choices.tolist(), weights, strict=True):
            gate, up = (case["tokens"][rank, token] @ case["linear_1"][expert]).chunk(2)
            out[token] += weight * ((functional.silu(gate) * up) @ case["linear_2"][expert])
    return out


@pytest.fixture(scope="module")
def case() -> dict[str, torch.Tensor]:
    """Make the inputs once."""
    return make_case()


@pytest.fixture(scope="module")
def results(
    case: dict[str, torch.Tensor], tmp_path_factory: pytest.TempPathFactory
) -> list[dict[str, Any]]:
    """Run both ranks and return what each of them saved."""
    folder = tmp_path_factory.mktemp("ranks")
    torch.save(case, folder / "case.pt")
    ranks = [
        subprocess.Popen(
            [sys.executable, "-c", RANK, str(rank), str(folder)],
            cwd=ROOT,
            stderr=subprocess.PIPE,
            text=True,
        )
        for rank in range(RANKS)
    ]
    try:
        for process in ranks:
            _, error = process.communicate(timeout=90)
            assert process.returncode == 0, error
    finally:
        for process in ranks:
            process.kill()
            process.wait()
    return [torch.load(folder / f"rank{rank}.pt") for rank in range(RANKS)]


@pytest.mark.parametrize("rank", range(RANKS))
def test_every_schedule_gives_the_same_bits(results: list[dict[str, Any]], rank: int) -> None:
    """On both ranks."""
    outputs = results[rank]["outputs"]
    assert len(outputs) == 5
    for name, out in outputs.items():
        assert torch.equal(out, outputs["serial-1"]), name


@pytest.mark.parametrize("rank", range(RANKS))
def test_outputs_are_those_of_one_process(
    case: dict[str, torch.Tensor], results: list[dict[str, Any]], rank: int
) -> None:
    """A plain loop over tokens and experts is the reference."""
    out = results[rank]["outputs"]["waves-4"]
    assert torch.allclose(out, reference(case, rank), atol=1e-5, rtol=1e-5)


def test_seconds_add_up(results: list[dict[str, Any]]) -> None:
    """Waiting and computing take no longer than the whole call."""
    for timing in results[0]["timings"].values():
        assert min(timing.values()) > 0
        computing = timing["linear_1"] + timing["linear_2"] + timing["packing"]
        assert timing["exposed_wait"] + computing <= timing["total"]


def test_an_emulated_link_takes_its_time(
    case: dict[str, torch.Tensor], results: list[dict[str, Any]]
) -> None:
    """Dispatch lasts at least as long as the leaving bytes at the link's speed."""
    timing = results[0]["timings"]["serial-4"]
    leaving = int((case["choices"][0] >= EXPERTS // RANKS).sum()) * HIDDEN * 4
    assert timing["dispatch"] >= leaving / 1e6


def test_experts_that_the_ranks_do_not_divide_are_refused() -> None:
    """The message names a number of ranks that would work."""
    assert experts_per_rank(8, 2) == 4
    with pytest.raises(BadConfig, match="Start a number of ranks that divides 7"):
        experts_per_rank(7, 2)


def test_rows_are_grouped_by_expert_then_by_rank() -> None:
    """Two ranks sent rows for three experts."""
    order, counts = group_by_expert(torch.tensor([[1, 0, 2], [2, 1, 0]]))
    assert counts.tolist() == [3, 1, 2]
    assert order.tolist() == [0, 3, 4, 5, 1, 2]


def test_a_plan_cuts_rows_into_waves() -> None:
    """Each wave has its experts, its slice of the sorted rows and its counts by rank."""
    send = torch.tensor([[[1, 0], [2, 0]], [[0, 1], [0, 3]]])
    plan = RoutingPlan(torch.arange(7), send, send.transpose(0, 1), experts_per_wave=1)
    assert [plan.experts(wave) for wave in (0, 1)] == [range(1), range(1, 2)]
    assert [plan.span(wave) for wave in (0, 1)] == [slice(0, 3), slice(3, 7)]
    assert [plan.sent_rows(wave) for wave in (0, 1)] == [[1, 2], [1, 3]]
    assert [plan.received_rows(wave) for wave in (0, 1)] == [[1, 2], [1, 3]]
