"""The second half of a layer: dense, or routed to experts."""

import pytest
import torch
import torch.nn.functional as F

from models.layers.experts import FullExperts
from models.layers.linear import FullLinear
from models.layers.mlp import DenseMlp, LocalExperts, SparseMlp
from models.ops.cpu_ops import CpuOps

EXPERTS, HIDDEN, WIDTH = 4, 8, 6


def random(*size: int, seed: int = 0) -> torch.Tensor:
    """Draw a tensor."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


def sparse_mlp(experts_per_token: int, renormalise: bool) -> SparseMlp:
    """Make a router with random experts."""
    ops = CpuOps()
    experts = FullExperts(ops, random(EXPERTS, HIDDEN, 2 * WIDTH), random(EXPERTS, WIDTH, HIDDEN))
    router = random(EXPERTS, HIDDEN, seed=1)
    return SparseMlp(ops, router, experts_per_token, renormalise, LocalExperts(ops, experts))


def expert_output(mlp: SparseMlp, x: torch.Tensor, expert: int) -> torch.Tensor:
    """Compute one expert's output for one token."""
    assert isinstance(mlp.block, LocalExperts)
    experts = mlp.block.experts
    assert isinstance(experts, FullExperts)
    gate, up = (x @ experts.gate_up[expert]).chunk(2)
    return (F.silu(gate) * up) @ experts.down[expert]


def test_a_dense_mlp_gates_its_up_projection() -> None:
    """SwiGLU: silu(gate) * up."""
    gate_up, down, x = random(HIDDEN, 2 * WIDTH), random(WIDTH, HIDDEN, seed=1), random(3, HIDDEN)
    mlp = DenseMlp(CpuOps(), FullLinear(gate_up), FullLinear(down))
    gate, up = (x @ gate_up).chunk(2, -1)
    assert torch.allclose(mlp(x), (F.silu(gate) * up) @ down, atol=1e-5)
    assert mlp.weight_bytes == gate_up.nbytes + down.nbytes


@pytest.mark.parametrize("renormalise", [True, False])
def test_a_token_gets_the_weighted_sum_of_its_experts(renormalise: bool) -> None:
    """The weights are the router's probabilities, rescaled if the model says so."""
    mlp, x = sparse_mlp(2, renormalise), random(5, HIDDEN, seed=2)
    out = mlp(x)
    probabilities = F.linear(x, mlp.router).softmax(-1)
    for token in range(5):
        weights, experts = probabilities[token].topk(2)
        if renormalise:
            weights = weights / weights.sum()
        expected = sum(
            weight * expert_output(mlp, x[token], int(expert))
            for weight, expert in zip(weights, experts, strict=True)
        )
        assert torch.allclose(out[token], expected, atol=1e-5)


def test_the_last_choice_is_kept_for_telemetry() -> None:
    """Each token's experts, the likeliest first."""
    mlp, x = sparse_mlp(3, True), random(5, HIDDEN, seed=2)
    assert mlp.chosen is None
    mlp(x)
    assert mlp.chosen is not None
    assert torch.equal(mlp.chosen, F.linear(x, mlp.router).topk(3).indices)


def test_bytes_contain_the_router() -> None:
    """It keeps the network's precision."""
    mlp = sparse_mlp(2, True)
    assert mlp.weight_bytes == mlp.router.nbytes + mlp.block.weight_bytes
