"""A whole network on the NPU column gives the CPU's logits: prompts, chunks, drafts and decoding, alone and together."""

from pathlib import Path
from typing import Any

import pytest
import torch
from rig import kernels
from rig.attention_kernels import float32_too
from rig.steps import BLOCK, batches
from support.tier import tiny_checkpoint
from torch import Tensor

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import SHIPPED_MODEL, Quantisation
from models.ops.cpu_ops import CpuOps
from models.ops.npu_ops import NpuOps
from models.ops.ops import Ops

assert kernels
RANDOM: dict[str, dict[str, Any]] = {
    "experts": {},
    "dense": {"model_type": "qwen3"},
    "raw weights": {"norm_topk_prob": False, "num_experts": 8},
}


@torch.inference_mode()
def logits(
    checkpoint: Path, ops: Ops, dtype: torch.dtype, quantisation: Quantisation = "none"
) -> Tensor:
    """Of every token of every step."""
    with open_tensors(checkpoint) as tensors:
        network = ModelLoader(
            read_model_config(checkpoint), ops, torch.device("cpu"), dtype, 256, quantisation
        ).network(tensors)
    caches = network.new_caches(5, BLOCK)
    return torch.cat([network.forward(batch, caches) for batch in batches()])


@pytest.fixture(scope="module", params=["experts", "dense", "raw weights", "shipped"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    if request.param == "shipped":
        return SHIPPED_MODEL
    return tiny_checkpoint(tmp_path_factory.mktemp("model"), **RANDOM[request.param])


def test_logits_without_rounding(checkpoint: Path) -> None:
    """In float32, which lifts the one rule that attention is of 16 bits, only the order of sums differs."""
    with float32_too():
        found = logits(checkpoint, NpuOps(), torch.float32)
    assert (found - logits(checkpoint, CpuOps(), torch.float32)).abs().max() < 1e-4


@pytest.fixture(scope="module")
def rounding(checkpoint: Path) -> float:
    """What bfloat16 does to the CPU's logits: half of all tokens are further than this from float32 (root mean square over the words)."""
    return typical_difference(
        *(logits(checkpoint, CpuOps(), dtype) for dtype in (torch.bfloat16, torch.float32))
    )


def typical_difference(left: Tensor, right: Tensor) -> float:
    """Of the median token: where rounding tips a router to another expert, a single token is far off in any arithmetic."""
    return float((left - right).square().mean(-1).sqrt().median())


@pytest.mark.parametrize("quantisation", ["none", "w8a16", "w4a16", "w8a8"])
def test_logits_as_an_npu_computes(
    checkpoint: Path, rounding: float, quantisation: Quantisation
) -> None:
    """In bfloat16, with every rule of the documentation kept, the columns differ by no more than rounding does."""
    found, expected = (
        logits(checkpoint, ops, torch.bfloat16, quantisation) for ops in (NpuOps(), CpuOps())
    )
    assert typical_difference(found, expected) < 3 * rounding
    assert (found.argmax(-1) == expected.argmax(-1)).double().mean() > 0.95
