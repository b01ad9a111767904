"""Unsupported configurations are refused at the start, and by the rig as by the documentation."""

from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch_npu
from support.npu_rig.kernels import registry
from support.tier import tiny_checkpoint

from models.checkpoint import read_model_config
from models.config import EngineConfig
from models.errors import BadConfig
from models.ops.npu_ops import NpuOps, check_npu_limits
from models.ops.ops import Batch, KeyValues
from models.ops.staging import stage

FITTING = EngineConfig(dtype="bfloat16", block_tokens=128)


@pytest.mark.parametrize(
    ("changes", "head_size", "says"),
    [
        ({"dtype": "float32"}, 32, "--dtype bfloat16"),
        ({"block_tokens": 16}, 32, "--block-tokens 128"),
        ({"block_tokens": 640}, 32, "--block-tokens 128"),
        ({"kv_cache_dtype": "int8"}, 32, "Leave out --kv-cache-dtype"),
        ({}, 24, "--device cpu"),
    ],
)
def test_an_unsupported_configuration_is_refused(
    tmp_path: Path, changes: dict[str, Any], head_size: int, says: str
) -> None:
    """Each message names an option that works."""
    model = read_model_config(tiny_checkpoint(tmp_path / "model", head_dim=head_size))
    with pytest.raises(BadConfig, match=says):
        check_npu_limits(replace(FITTING, **changes), model)


def test_a_supported_configuration_is_accepted(tmp_path: Path) -> None:
    """16 bits and blocks of 128 tokens."""
    check_npu_limits(FITTING, read_model_config(tiny_checkpoint(tmp_path / "model")))


@pytest.mark.parametrize(("heads", "size"), [(4, 96), (75, 128)])
def test_the_rig_refuses_to_rotate_others_together(heads: int, size: int) -> None:
    """Sizes and numbers of heads that the column rotates apart."""
    queries, keys = torch.zeros(3, heads, size), torch.zeros(3, 2, size)
    rotation = torch.zeros(3, 1, size)
    with pytest.raises(registry.RuledOut):
        torch_npu.npu_apply_rotary_pos_emb(queries, keys, rotation, rotation, layout="TND")


@pytest.mark.parametrize(("dtype", "block_tokens"), [(torch.float32, 128), (torch.bfloat16, 16)])
def test_the_rig_refuses_the_same(dtype: torch.dtype, block_tokens: int) -> None:
    """Attention would fail if such a configuration were accepted."""
    batch = Batch([1], [0], [0], [1], [1], [[0]], [0])
    plan = NpuOps().plan(stage(batch, block_tokens, torch.device("cpu"), NpuOps.index_dtype))
    cache = KeyValues(*torch.zeros(2, 4, block_tokens, 2, 32, dtype=dtype))
    with pytest.raises(registry.RuledOut):
        NpuOps().attention(torch.zeros(1, 4, 32, dtype=dtype), cache, plan, 1.0)
