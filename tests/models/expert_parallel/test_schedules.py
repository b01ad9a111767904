"""Two real ranks over gloo give the same bits in every schedule, and the numbers of one plain process."""

import subprocess
import sys
from pathlib import Path

import pytest
import torch
from torch.nn import functional

from models.errors import BadConfig
from models.expert_parallel.schedules import experts_per_rank

RANKS, TOKENS, TOP, HIDDEN, WIDTH, EXPERTS = 2, 24, 2, 16, 32, 8
ROOT = Path(__file__).resolve().parents[3]
RANK = """
import sys
from datetime import timedelta
import torch
import torch.distributed as dist
from models.expert_parallel.transport import Link
from models.expert_parallel.schedules import moe_layer
from models.ops.cpu_ops import CpuOps
from models.layers.experts import FullExperts

rank, folder = int(sys.argv[1]), sys.argv[2]
torch.set_num_threads(1)
dist.init_process_group("gloo", init_method=f"file://{folder}/store", rank=rank, world_size=2, timeout=timedelta(seconds=60))
case = torch.load(f"{folder}/case.pt")
local = slice(rank * 4, rank * 4 + 4)
experts = FullExperts(CpuOps(), case["linear_1"][local], case["linear_2"][local])
outputs, timings = {}, {}
for schedule, waves in [("serial", 1), ("serial", 4), ("comet", 4), ("waves", 2), ("waves", 4)]:
    link = Link(1e6, 1e-4) if waves == 4 else None
    out, timing = moe_layer(case["tokens"][rank], case["choices"][rank], case["weights"][rank], experts, schedule, waves, link)
    outputs[f"{schedule}-{waves}"], timings[f"{schedule}-{waves}"] = out, vars(timing)
torch.save({"outputs": outputs, "timings": timings}, f"{folder}/rank{rank}.pt")
dist.barrier()
dist.destroy_process_group()
"""


def make_case() -> dict[str, torch.Tensor]:
    """Inputs of both ranks; expert 3 is never chosen, so empty experts are covered."""
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
    """One token and one expert at a time."""
    out = torch.zeros(TOKENS, HIDDEN)
    for n in range(TOKENS):
        for expert, weight in zip(
            case["choices"][rank, n].tolist(), case["weights"][rank, n], strict=True
        ):
            gate, up = (case["tokens"][rank, n] @ case["linear_1"][expert]).chunk(2)
            out[n] += weight * ((functional.silu(gate) * up) @ case["linear_2"][expert])
    return out


@pytest.fixture(scope="module")
def ran(tmp_path_factory):
    """The case, and what each rank saved."""
    folder, case = tmp_path_factory.mktemp("ranks"), make_case()
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
    return case, [torch.load(folder / f"rank{rank}.pt") for rank in range(RANKS)]


@pytest.mark.parametrize("rank", range(RANKS))
def test_every_schedule_gives_the_same_bits(ran, rank):
    outputs = ran[1][rank]["outputs"]
    assert len(outputs) == 5
    for name, out in outputs.items():
        assert torch.equal(out, outputs["serial-1"]), name


@pytest.mark.parametrize("rank", range(RANKS))
def test_outputs_are_those_of_one_process(ran, rank):
    assert torch.allclose(
        ran[1][rank]["outputs"]["waves-4"], reference(ran[0], rank), atol=1e-5, rtol=1e-5
    )


def test_seconds_add_up(ran):
    for timing in ran[1][0]["timings"].values():
        assert min(timing.values()) > 0
        assert (
            timing["exposed_wait"] + timing["linear_1"] + timing["linear_2"] + timing["packing"]
            <= timing["total"]
        )


def test_an_emulated_link_takes_its_time(ran):
    timing = ran[1][0]["timings"]["serial-4"]
    leaving = int((ran[0]["choices"][0] >= EXPERTS // RANKS).sum()) * HIDDEN * 4
    assert timing["dispatch"] >= leaving / 1e6


def test_experts_that_the_ranks_do_not_divide_are_refused():
    with pytest.raises(BadConfig, match="start a number of ranks that divides 7"):
        experts_per_rank(7, 2)
