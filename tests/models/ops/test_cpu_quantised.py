"""Quantised weights on a CPU: as near as rounding allows, and as small as promised."""

from pathlib import Path

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inference.engine import complete, greedy, open_engine
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, Quantisation
from models.layers.experts import FullExperts, QuantisedExperts
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Scheme

OPS = CpuOps()
# Of the norm of a product with random weights. Rounding errors spread evenly over a step have a
# standard deviation of step / sqrt(12).
RELATIVE_ERROR: dict[Scheme, float] = {"w8a16": 0.012, "w4a16": 0.13, "w8a8": 0.015}
SCHEMES = list(RELATIVE_ERROR)


def random(*size: int, seed: int = 0) -> torch.Tensor:
    """Draw a tensor."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_a_product_is_as_near_as_rounding_allows(scheme: Scheme, tokens: int) -> None:
    """For any number of rows, in the activations' precision."""
    weight, x = random(96, 64), random(tokens, 64, seed=1)
    full = x @ weight.T
    product = OPS.quantised_matmul(x, OPS.pack(weight, scheme))
    assert product.dtype == x.dtype
    assert (product - full).norm() / full.norm() < RELATIVE_ERROR[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_weight_of_zeros_gives_zeros(scheme: Scheme) -> None:
    """No division by a scale of 0."""
    assert not OPS.quantised_matmul(random(3, 64), OPS.pack(torch.zeros(32, 64), scheme)).any()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=8, max_size=8))
def test_a_rounded_row_is_within_half_a_step(values: list[float]) -> None:
    """The largest value sets the step."""
    row = torch.tensor([values])
    rounded, scale = OPS.quantise_rows(row)
    assert ((rounded * scale.unsqueeze(-1) - row).abs() <= scale.unsqueeze(-1) * 0.5001).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_quantised_experts_are_near_the_full_ones(scheme: Scheme) -> None:
    """Also if one has no rows, and for a wave of some of them."""
    gate_up, down = random(4, 128, 64) / 8, random(4, 64, 64, seed=1) / 8
    full = FullExperts(OPS, gate_up.transpose(1, 2).contiguous(), down.transpose(1, 2).contiguous())
    packed = QuantisedExperts(OPS, 4, OPS.pack(gate_up, scheme), OPS.pack(down, scheme))
    rows, counts = random(20, 64, seed=2), torch.tensor([9, 0, 4, 7])
    expected = full.linear_2(full.linear_1(rows, counts), counts)
    out = packed.linear_2(packed.linear_1(rows, counts), counts)
    assert (out - expected).norm() / expected.norm() < 3 * RELATIVE_ERROR[scheme]
    wave = packed.linear_1(rows[9:13], torch.tensor([0, 4]), first=1)
    assert torch.equal(wave, packed.linear_1(rows, counts)[9:13])


def load(checkpoint: Path, quantisation: Quantisation) -> Qwen3:
    """Load a network."""
    config, device = read_model_config(checkpoint), torch.device("cpu")
    loader = ModelLoader(config, OPS, device, torch.float32, 64, quantisation)
    with open_tensors(checkpoint) as tensors:
        return loader.load(tensors)


@pytest.mark.parametrize(
    ("scheme", "max_bytes"), [("none", 4.0), ("w8a16", 1.1), ("w4a16", 0.7), ("w8a8", 1.15)]
)
def test_a_network_is_as_small_as_promised_and_still_generates(
    tmp_path: Path, scheme: Quantisation, max_bytes: float
) -> None:
    """Bytes per quantised weight, scales included."""
    checkpoint = tiny_checkpoint(tmp_path / "model")
    network, full = load(checkpoint, scheme), load(checkpoint, "none")
    unquantised = full.embedding.nbytes + sum(each.router.nbytes for each in full.sparse_layers)
    weights = (full.weight_bytes - unquantised) / 4
    assert (network.weight_bytes - unquantised) / weights <= max_bytes
    config = EngineConfig(model=checkpoint, device="cpu", quantisation=scheme)
    with open_engine(config) as engine:
        assert engine.info.weight_bytes == network.weight_bytes
        completed = complete(engine, [greedy("one", [5, 6, 7], 4)])
    assert len(completed.tokens["one"]) == 4
