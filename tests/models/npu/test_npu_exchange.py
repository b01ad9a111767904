"""Experts on several ranks, by the fused exchange: each rank gets its tokens back as if all experts were on it."""

from concurrent.futures import ThreadPoolExecutor

import pytest
import torch
from rig.exchange_kernels import Communicator, communicators
from rig.shape_check import ShapeCheck
from torch import Tensor

from models.errors import BadConfig
from models.layers.experts import FullExperts
from models.layers.mlp import LocalExperts
from models.ops.cpu_ops import CpuOps
from models.ops.npu_exchange import ExpertGroup, combine, dispatch
from models.ops.npu_ops import NpuOps

EXPERTS, HIDDEN, WIDTH, CHOICES = 8, 32, 48, 3


def random(*shape: int, seed: int) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


GATE_UP = random(EXPERTS, HIDDEN, 2 * WIDTH, seed=1).to(torch.bfloat16) / HIDDEN**0.5
DOWN = random(EXPERTS, WIDTH, HIDDEN, seed=2).to(torch.bfloat16) / WIDTH**0.5


def layer(x: Tensor, weights: Tensor, chosen: Tensor, group: ExpertGroup) -> Tensor:
    """One rank's part of a layer."""
    each = group.experts // group.ranks
    mine = slice(group.rank * each, (group.rank + 1) * each)
    experts = FullExperts(NpuOps(), GATE_UP[mine], DOWN[mine])
    sent = dispatch(x, chosen, group)
    rows = torch.zeros_like(sent.rows)
    came = int(sent.counts.sum())
    rows[:came] = experts.linear_2(experts.linear_1(sent.rows[:came], sent.counts), sent.counts)
    return combine(rows, sent, chosen, weights, group)


@pytest.mark.parametrize("ranks", [1, 2, 4])
def test_tokens_come_back(ranks: int) -> None:
    """Ranks with unequally many tokens, some experts without any."""
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
        found = list(
            pool.map(lambda rank: layer(xs[rank], *gates[rank], groups[rank]), range(ranks))
        )
    whole = LocalExperts(CpuOps(), FullExperts(CpuOps(), GATE_UP, DOWN))
    for x, gate, mine in zip(xs, gates, found, strict=True):
        torch.testing.assert_close(mine, whole(x, *gate), rtol=0, atol=0.03)


def test_shapes() -> None:
    """What the rig returns has the shapes and dtypes that torch_npu infers."""
    communicators["group"] = Communicator(1)
    x = random(5, HIDDEN, seed=3).to(torch.bfloat16)
    weights, chosen = CpuOps().gate_top_k(random(5, EXPERTS, seed=4), CHOICES, True)
    with ShapeCheck() as check:
        layer(x, weights, chosen, ExpertGroup("group", 1, 0, EXPERTS, 5))
    assert check.differences == []
    assert {"npu_moe_distribute_dispatch_v2", "npu_moe_distribute_combine_v2"} <= check.checked


def test_experts_that_cannot_be_shared_evenly() -> None:
    """The kernel knows no remainder."""
    with pytest.raises(BadConfig, match="8 experts cannot be shared evenly by 3 ranks"):
        ExpertGroup("group", 3, 0, EXPERTS, 1)
