"""A whole network on NPU operations gives the CPU's logits.

The steps contain prompts, chunks, drafts and decoding, alone and together.
"""

from pathlib import Path
from typing import Any

import pytest
import torch
from support.npu_rig import kernels
from support.npu_rig.attention_kernels import allow_float32
from support.npu_rig.steps import BLOCK, batches
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
    "raw weights, heads of 64": {"norm_topk_prob": False, "num_experts": 8, "head_dim": 64},
}


@torch.inference_mode()
def logits(
    checkpoint: Path, ops: Ops, dtype: torch.dtype, quantisation: Quantisation = "none"
) -> Tensor:
    """Compute the logits of every token of every step."""
    with open_tensors(checkpoint) as tensors:
        network = ModelLoader(
            read_model_config(checkpoint), ops, torch.device("cpu"), dtype, 256, quantisation
        ).load(tensors)
    caches = network.new_caches(5, BLOCK)
    return torch.cat([network.forward(batch, caches) for batch in batches()])


@pytest.fixture(scope="module", params=[*RANDOM, "shipped"])
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a random checkpoint of each kind, or take the shipped one."""
    if request.param == "shipped":
        return SHIPPED_MODEL
    return tiny_checkpoint(tmp_path_factory.mktemp("model"), **RANDOM[request.param])


def test_logits_without_rounding(checkpoint: Path) -> None:
    """In float32, which the rig allows for this comparison, only the order of sums differs."""
    with allow_float32():
        found = logits(checkpoint, NpuOps(), torch.float32)
    assert (found - logits(checkpoint, CpuOps(), torch.float32)).abs().max() < 1e-4


@pytest.fixture(scope="module")
def rounding(checkpoint: Path) -> float:
    """Compute the typical difference between bfloat16 and float32 on the CPU."""
    return typical_difference(
        *(logits(checkpoint, CpuOps(), dtype) for dtype in (torch.bfloat16, torch.float32))
    )


def typical_difference(left: Tensor, right: Tensor) -> float:
    """Compute the median over tokens of the root mean square over words.

    Where rounding makes a router choose another expert, a single token is far off anyway.
    """
    return float((left - right).square().mean(-1).sqrt().median())


@pytest.mark.parametrize("quantisation", ["none", "w8a16", "w4a16", "w8a8"])
def test_logits_as_an_npu_computes(
    checkpoint: Path, rounding: float, quantisation: Quantisation
) -> None:
    """In bfloat16, with every documented rule, the difference is about that of rounding."""
    found, expected = (
        logits(checkpoint, ops, torch.bfloat16, quantisation) for ops in (NpuOps(), CpuOps())
    )
    assert typical_difference(found, expected) < 3 * rounding
    assert (found.argmax(-1) == expected.argmax(-1)).double().mean() > 0.95
