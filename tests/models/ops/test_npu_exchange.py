"""Experts on several ranks, by the fused exchange: the result is that of one rank with all."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from support.npu_rig.exchange_kernels import Communicator, communicators
from support.npu_rig.shape_check import ShapeCheck
from torch import Tensor

from models.errors import BadConfig
from models.layers.experts import FullExperts
from models.layers.mlp import LocalExperts
from models.ops.cpu_ops import CpuOps
from models.ops.npu_exchange import ExpertGroup, combine, dispatch
from models.ops.npu_ops import NpuOps

EXPERTS, HIDDEN, WIDTH, CHOICES = 8, 32, 48, 3


def random(*shape: int, seed: int) -> Tensor:
    """Draw a tensor."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


GATE_UP = random(EXPERTS, HIDDEN, 2 * WIDTH, seed=1).to(torch.bfloat16) / HIDDEN**0.5
DOWN = random(EXPERTS, WIDTH, HIDDEN, seed=2).to(torch.bfloat16) / WIDTH**0.5


def layer(x: Tensor, weights: Tensor, chosen: Tensor, group: ExpertGroup) -> Tensor:
    """Compute one rank's part of a layer."""
    each = group.experts // group.ranks
    local = slice(group.rank * each, (group.rank + 1) * each)
    experts = FullExperts(NpuOps(), GATE_UP[local], DOWN[local])
    sent = dispatch(x, chosen, group)
    rows = torch.zeros_like(sent.rows)
    count = int(sent.counts.sum())
    hidden = experts.linear_1(sent.rows[:count], sent.counts)
    rows[:count] = experts.linear_2(hidden, sent.counts)
    return combine(rows, sent, chosen, weights, group)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_tokens_return_to_their_ranks(ranks: int) -> None:
    """Ranks have different numbers of tokens, and some experts have none."""
    communicators["group"] = Communicator(ranks)
    tokens = [3 + rank for rank in range(ranks)]
    xs = [
        random(count, HIDDEN, seed=10 + rank).to(torch.bfloat16)
        for rank, count in enumerate(tokens)
    ]
    gates = [
        CpuOps().gate_top_k(random(count, EXPERTS, seed=20 + rank), CHOICES, True)
        for rank, count in enumerate(tokens)
    ]
    groups = [ExpertGroup("group", ranks, rank, EXPERTS, max(tokens)) for rank in range(ranks)]
    with ThreadPoolExecutor(ranks) as pool:
        results = list(
            pool.map(lambda rank: layer(xs[rank], *gates[rank], groups[rank]), range(ranks))
        )
    whole = LocalExperts(CpuOps(), FullExperts(CpuOps(), GATE_UP, DOWN))
    for x, gate, out in zip(xs, gates, results, strict=True):
        torch.testing.assert_close(out, whole(x, *gate), rtol=0, atol=0.03)


def test_shapes_are_those_of_torch_npu() -> None:
    """The rig's results have the shapes and dtypes that torch_npu infers."""
    communicators["group"] = Communicator(1)
    x = random(5, HIDDEN, seed=3).to(torch.bfloat16)
    weights, chosen = CpuOps().gate_top_k(random(5, EXPERTS, seed=4), CHOICES, True)
    with ShapeCheck() as check:
        layer(x, weights, chosen, ExpertGroup("group", 1, 0, EXPERTS, 5))
    assert check.differences == []
    assert {"npu_moe_distribute_dispatch_v2", "npu_moe_distribute_combine_v2"} <= check.checked


def test_experts_that_cannot_be_shared_evenly_are_refused() -> None:
    """The kernel supports no remainder."""
    with pytest.raises(BadConfig, match="8 experts cannot be shared evenly by 3 ranks"):
        ExpertGroup("group", 3, 0, EXPERTS, 1)
