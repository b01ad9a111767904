"""Weights of few bits on a CPU: as near as their rounding allows, smaller by what they promise, refused where they do not fit."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig
from models.engine.engine import Engine
from models.errors import BadConfig
from models.layers.experts import FullExperts, QuantisedExperts
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Scheme
from models.protocol import EngineRequest, SamplingParams

OPS = CpuOps()
# Of the norm of a product with random weights: half a step of rounding, spread evenly, is step / sqrt(12).
RELATIVE_ERROR = {"w8a16": 0.012, "w4a16": 0.13, "w8a8": 0.015}
SCHEMES = list(RELATIVE_ERROR)


def random(*size: int, seed: int = 0) -> torch.Tensor:
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


@pytest.mark.parametrize("scheme", SCHEMES)
@pytest.mark.parametrize("tokens", [1, 7, 40])
def test_a_product_is_as_near_as_rounding_allows(scheme: Scheme, tokens: int) -> None:
    weight, x = random(96, 64), random(tokens, 64, seed=1)
    full = x @ weight.T
    found = OPS.quantised_matmul(x, OPS.pack(weight, scheme))
    assert found.dtype == x.dtype
    assert (found - full).norm() / full.norm() < RELATIVE_ERROR[scheme]


@pytest.mark.parametrize("scheme", SCHEMES)
def test_a_weight_of_zeros_gives_zeros(scheme: Scheme) -> None:
    assert not OPS.quantised_matmul(random(3, 64), OPS.pack(torch.zeros(32, 64), scheme)).any()


@settings(deadline=None, max_examples=40)
@given(st.lists(st.floats(-1e4, 1e4, width=32), min_size=8, max_size=8))
def test_a_rounded_row_is_within_half_a_step(values: list[float]) -> None:
    row = torch.tensor([values])
    rounded, scale = OPS.quantise_rows(row)
    assert ((rounded * scale.unsqueeze(-1) - row).abs() <= scale.unsqueeze(-1) * 0.5001).all()


@pytest.mark.parametrize("scheme", SCHEMES)
def test_experts_are_near_the_full_ones_also_where_one_has_no_rows(scheme: Scheme) -> None:
    gate_up, down = random(4, 128, 64) / 8, random(4, 64, 64, seed=1) / 8
    full = FullExperts(OPS, gate_up.transpose(1, 2).contiguous(), down.transpose(1, 2).contiguous())
    few = QuantisedExperts(OPS, 4, OPS.pack(gate_up, scheme), OPS.pack(down, scheme))
    rows, counts = random(20, 64, seed=2), torch.tensor([9, 0, 4, 7])
    wanted = full.linear_2(full.linear_1(rows, counts), counts)
    found = few.linear_2(few.linear_1(rows, counts), counts)
    assert (found - wanted).norm() / wanted.norm() < 3 * RELATIVE_ERROR[scheme]
    # Some of them, as a wave of expert parallelism asks for.
    assert torch.equal(
        few.linear_1(rows[9:13], torch.tensor([0, 4]), first=1), few.linear_1(rows, counts)[9:13]
    )


@pytest.mark.parametrize(
    ("scheme", "max_bytes"), [("none", 4.0), ("w8a16", 1.1), ("w4a16", 0.7), ("w8a8", 1.15)]
)
def test_a_network_is_as_small_as_promised_and_still_speaks(tmp_path, scheme, max_bytes) -> None:
    checkpoint = tiny_checkpoint(tmp_path / "model")
    engine = Engine(EngineConfig(model=checkpoint, device="cpu", quantisation=scheme))
    with open_tensors(checkpoint) as tensors:
        network = ModelLoader(
            read_model_config(checkpoint), OPS, torch.device("cpu"), torch.float32, 64, scheme
        ).network(tensors)
        full = ModelLoader(read_model_config(checkpoint), OPS, torch.device("cpu"), torch.float32, 64).network(
            tensors
        )
    kept_full = full.embedding.nbytes + sum(each.router.nbytes for each in full.sparse_layers)
    weights = (full.weight_bytes - kept_full) / 4
    assert (network.weight_bytes - kept_full) / weights <= max_bytes
    assert engine.ready.weight_bytes == network.weight_bytes
    engine.add(EngineRequest("one", [5, 6, 7], SamplingParams(4, temperature=0, ignore_eos=True)))
    said = []
    while engine.has_work:
        said += [token for progress in engine.step().progress for token in progress.token_ids]
    assert len(said) == 4


def test_widths_that_int4_cannot_group_are_refused(tmp_path) -> None:
    odd = tiny_checkpoint(tmp_path / "odd", moe_intermediate_size=48)
    with pytest.raises(BadConfig, match=r"multiples of 32.*Use w8a16"):
        Engine(EngineConfig(model=odd, device="cpu", quantisation="w4a16"))
