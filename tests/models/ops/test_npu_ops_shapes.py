"""The calls of a network have the shapes and arguments that torch_npu expects."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
import torch_npu
from support.npu_rig import kernels
from support.npu_rig.shape_check import ShapeCheck
from support.npu_rig.steps import BLOCK, batches
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import Quantisation
from models.ops.npu_ops import NpuOps

assert kernels
X, INT8, INT32, LONG = (
    torch.empty(4, 64, dtype=each, device="meta")
    for each in (torch.bfloat16, torch.int8, torch.int32, torch.int64)
)


EVERYWHERE = {
    "npu_add_rms_norm",
    "npu_rms_norm",
    "npu_swiglu",
    "npu_moe_gating_top_k_softmax_v2",
    "npu_moe_init_routing_v2",
    "npu_moe_token_unpermute",
    "npu_grouped_matmul",
    "npu_scatter_pa_kv_cache",
    "npu_fused_infer_attention_score",
}
BY_QUANTISATION: dict[Quantisation, set[str]] = {
    "none": set(),
    "w8a16": {"npu_dynamic_quant", "npu_weight_quant_batchmatmul"},
    "w4a16": {"npu_weight_quant_batchmatmul"},
    "w8a8": {"npu_dynamic_quant", "npu_quant_matmul"},
}


BY_HEAD_SIZE = {32: {"npu_rotary_mul"}, 64: {"npu_apply_rotary_pos_emb"}}


@pytest.mark.parametrize(
    ("quantisation", "head_size"), [("none", 32), *((each, 64) for each in BY_QUANTISATION)]
)
def test_shapes_of_a_network(tmp_path: Path, quantisation: Quantisation, head_size: int) -> None:
    """Shapes and dtypes equal those inferred by torch_npu, from packing to logits."""
    checkpoint = tiny_checkpoint(tmp_path / "model", head_dim=head_size)
    with ShapeCheck() as check, open_tensors(checkpoint) as tensors, torch.inference_mode():
        network = ModelLoader(
            read_model_config(checkpoint),
            NpuOps(),
            torch.device("cpu"),
            torch.bfloat16,
            256,
            quantisation,
        ).load(tensors)
        caches = network.new_caches(5, BLOCK)
        for batch in batches():
            network.forward(batch, caches)
    assert check.differences == []
    assert check.checked == EVERYWHERE | BY_QUANTISATION[quantisation] | BY_HEAD_SIZE[head_size]


MISSPELT: dict[str, Callable[[], Any]] = {
    "eps": lambda: torch_npu.npu_rms_norm(X, X[0], eps=1e-6),
    "axis": lambda: torch_npu.npu_swiglu(X, axis=-1),
    "renormalize": lambda: torch_npu.npu_moe_gating_top_k_softmax_v2(X, k=2, renormalize=1),
    "num_experts": lambda: torch_npu.npu_moe_init_routing_v2(X, INT32, num_experts=4),
    "per_token_scale": lambda: torch_npu.npu_quant_matmul(INT8, INT8.T, X[0], per_token_scale=X[0]),
    "group_size": lambda: torch_npu.npu_weight_quant_batchmatmul(X, INT8.T, X[0], group_size=32),
    "counts": lambda: torch_npu.npu_grouped_matmul(
        [X], [X.T.unsqueeze(0)], counts=LONG[0], group_type=0
    ),
    "block_tables": lambda: torch_npu.npu_fused_infer_attention_score(X, X, X, block_tables=INT32),
    "global_batch": lambda: torch_npu.npu_moe_distribute_dispatch_v2(
        X, INT32, "group", 2, 0, 4, global_batch=8
    ),
}


@pytest.mark.parametrize("name", MISSPELT)
def test_an_unknown_argument_is_refused(name: str) -> None:
    """A name that torch_npu 2.13 does not have would be noticed."""
    with pytest.raises(RuntimeError, match=name):
        MISSPELT[name]()
