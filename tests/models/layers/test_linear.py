"""Linear layers in full and reduced precision."""

import torch

from models.layers.linear import FullLinear, QuantisedLinear
from models.ops.cpu_ops import CpuOps


def test_a_full_layer_multiplies_by_the_transposed_weight() -> None:
    """The weight is stored as [K, M]."""
    weight, x = torch.randn(6, 4), torch.randn(3, 4)
    layer = FullLinear(weight.T.contiguous())
    assert torch.allclose(layer(x), x @ weight.T, atol=1e-6)
    assert layer.weight_bytes == 6 * 4 * 4


def test_a_quantised_layer_is_near_and_small() -> None:
    """INT8 with one scale per row."""
    ops, seed = CpuOps(), torch.Generator().manual_seed(0)
    weight, x = torch.randn(32, 64, generator=seed), torch.randn(3, 64, generator=seed)
    layer = QuantisedLinear(ops, ops.pack(weight, "w8a8"))
    expected = x @ weight.T
    assert (layer(x) - expected).norm() / expected.norm() < 0.02
    assert layer.weight_bytes == 32 * 64 + 32 * 4
