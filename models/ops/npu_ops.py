"""Operations on an Ascend NPU, with the fused kernels of torch_npu.

Only modules named `npu_*` import torch_npu, and they are imported only where an NPU is used. No
device is named here: a tensor's device decides where it is computed, so the same code runs against
reference kernels without an NPU. docs/npu.md describes what that proves.
"""

from dataclasses import dataclass
from functools import cache
from itertools import accumulate
from typing import NamedTuple

import torch
import torch.nn.functional as F
import torch_npu
from torch import Tensor

from models.config import EngineConfig, ModelConfig
from models.errors import BadConfig
from models.ops import npu_exchange, npu_quantised
from models.ops.composed import ComposedOps
from models.ops.npu_graph import NpuGraphPool
from models.ops.ops import (
    ExpertExchange,
    GraphPool,
    KeyValues,
    LayerParts,
    QuantisedWeight,
    RoutedRows,
    Scheme,
    StepInput,
)

BLOCK_TOKENS = 128  # paged attention takes blocks of multiples of this
MAX_BLOCK_TOKENS = 512
HEAD_SIZE = 16  # head sizes must be multiples of this
MASK_TOKENS = 2048  # size of every causal mask, which the kernel lays over each tile
# Sizes of heads whose queries and keys one kernel rotates, and the most heads of both that fit
# into its buffer: each takes 2,560 bytes of 192 KiB.
ROTATED_TOGETHER = (64, 128)
MAX_ROTATED_HEADS = 76
CAUSAL = 3  # sparse_mode: the mask's diagonal ends at the last query and the last key


def check_npu_limits(config: EngineConfig, model: ModelConfig) -> None:
    """Refuse what the kernels would refuse during a request, or worse, compute wrongly."""
    if config.dtype != "bfloat16":
        raise BadConfig(
            f"The NPU's attention computes in 16 bits, not in {config.dtype}. "
            "Choose --dtype bfloat16."
        )
    if config.kv_cache_dtype != "auto":
        raise BadConfig(
            f"On an NPU this engine keeps the cache in the network's 16 bits, not in "
            f"{config.kv_cache_dtype}. Leave out --kv-cache-dtype."
        )
    if config.block_tokens % BLOCK_TOKENS or config.block_tokens > MAX_BLOCK_TOKENS:
        raise BadConfig(
            f"On an NPU block_tokens is 128, 256, 384 or 512, not {config.block_tokens}. "
            "Choose --block-tokens 128."
        )
    if model.head_dim % HEAD_SIZE:
        raise BadConfig(
            f"The NPU's attention needs head sizes that are multiples of {HEAD_SIZE}; this model's "
            f"is {model.head_dim}. Choose --device cpu."
        )


@dataclass(frozen=True)
class NpuAttentionPlan:
    """Slots of the step's keys, and each sequence's blocks and length.

    Lengths stay on the host, where the kernel is planned with them.
    """

    slots: Tensor  # [T] int32
    # [B, longest sequence's blocks] int32. Any block may follow a sequence's end, where its length
    # hides it.
    blocks: Tensor
    query_ends: list[int]  # B: end of each sequence's rows
    context_tokens: list[int]  # B
    mask: Tensor  # [MASK_TOKENS, MASK_TOKENS] int8: 1 is hidden


class PendingSum(NamedTuple):
    """Two terms [T, H] of the residual, which the next norm adds in the same kernel."""

    left: Tensor
    right: Tensor


class NpuOps(ComposedOps):
    """Operations of torch_npu, each equal to the one of the same name in `CpuOps`."""

    name = "npu"
    kernels = "torch_npu"
    index_dtype = torch.int32

    def graph_pool(self) -> GraphPool | None:
        return NpuGraphPool()

    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        normalised: Tensor = torch_npu.npu_rms_norm(x, weight, epsilon)[0]
        return normalised

    def turn(
        self, x: Tensor, norm: Tensor, heads: int, epsilon: float, rotation: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        # With a weight of two dimensions the kernel would take the mean over both. Apart, queries
        # and keys need no product with their weights and no copy afterwards.
        queries = self.rms_norm(x[:, :heads], norm[0], epsilon)
        keys = self.rms_norm(x[:, heads:], norm[-1], epsilon)
        if x.shape[2] in ROTATED_TOGETHER and x.shape[1] <= MAX_ROTATED_HEADS:
            # It rotates both in place.
            queries, keys = torch_npu.npu_apply_rotary_pos_emb(
                queries, keys, *rotation, layout="TND"
            )
            return queries, keys
        cos, sin = (each.unsqueeze(0) for each in rotation)
        queries, keys = (
            torch_npu.npu_rotary_mul(each.unsqueeze(0), cos, sin).squeeze(0)
            for each in (queries, keys)
        )
        return queries, keys

    def swiglu(self, gate_up: Tensor) -> Tensor:
        activated: Tensor = torch_npu.npu_swiglu(gate_up, dim=-1)
        return activated

    def gate_top_k(self, logits: Tensor, k: int, renormalise: bool) -> tuple[Tensor, Tensor]:
        # With renorm the kernel takes the softmax after the choice, which is the same. It gives
        # weights in the dtype of the logits, which is that of the rows they multiply.
        weights, experts, _ = torch_npu.npu_moe_gating_top_k_softmax_v2(
            logits, k=k, renorm=int(renormalise)
        )
        return weights, experts

    def route(self, x: Tensor, experts: Tensor, expert_count: int) -> RoutedRows:
        rows, position, counts, _ = torch_npu.npu_moe_init_routing_v2(
            x,
            experts.int(),
            active_num=experts.numel(),
            expert_num=expert_count,
            active_expert_range=[0, expert_count],
            expert_tokens_num_type=1,  # counts, not their running sum
            expert_tokens_num_flag=True,
            row_idx_type=0,  # destination of each choice's row, not source of each row
        )
        return RoutedRows(rows, position, counts)

    def unroute(self, rows: Tensor, position: Tensor, weights: Tensor) -> Tensor:
        summed: Tensor = torch_npu.npu_moe_token_unpermute(
            rows, position.int(), probs=weights.to(rows.dtype)
        )
        return summed

    def grouped_matmul(self, rows: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        if not len(rows):
            return rows.new_empty(0, weight.shape[-1])
        return npu_quantised.grouped_product(rows, weight, counts, rows.dtype)

    def plan(self, step: StepInput) -> NpuAttentionPlan:
        return NpuAttentionPlan(
            step.slots,
            step.blocks,
            list(accumulate(step.batch.query_tokens)),
            step.batch.context_tokens,
            _mask(step.slots.device),
        )

    def store(self, cache: KeyValues, keys: Tensor, values: Tensor, plan: NpuAttentionPlan) -> None:
        # "Norm": the layout follows the shape; the default is the NPU's tiled layout.
        torch_npu.npu_scatter_pa_kv_cache(
            keys.contiguous(),
            values.contiguous(),
            cache.keys,
            cache.values,
            plan.slots,
            cache_mode="Norm",
        )

    def attention(
        self, queries: Tensor, cache: KeyValues, plan: NpuAttentionPlan, scale: float
    ) -> Tensor:
        found: Tensor = torch_npu.npu_fused_infer_attention_score(
            queries.contiguous(),
            cache.keys.flatten(2),
            cache.values.flatten(2),
            atten_mask=plan.mask,
            actual_seq_lengths=plan.query_ends,
            actual_seq_lengths_kv=plan.context_tokens,
            block_table=plan.blocks,
            block_size=cache.keys.shape[1],
            num_heads=queries.shape[1],
            num_key_value_heads=cache.keys.shape[2],
            scale=scale,
            input_layout="TND",
            sparse_mode=CAUSAL,
        )[0]
        return found

    def quantise_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return npu_quantised.quantise_rows(x)

    def pack(self, weight: Tensor, scheme: Scheme) -> QuantisedWeight:
        return npu_quantised.pack(weight, scheme)

    def quantised_matmul(self, x: Tensor, weight: QuantisedWeight) -> Tensor:
        return npu_quantised.matmul(x, weight)

    def grouped_quantised_matmul(
        self, rows: Tensor, weight: QuantisedWeight, counts: Tensor
    ) -> Tensor:
        return npu_quantised.grouped_matmul(rows, weight, counts)

    def check_exchange(self, config: EngineConfig, model: ModelConfig) -> None:
        npu_exchange.check_exchange_limits(config, model, npu_exchange.product_here())

    def join_exchange(
        self, config: EngineConfig, model: ModelConfig, device: torch.device
    ) -> ExpertExchange:
        return npu_exchange.join(config, model, device)

    def attend(
        self,
        x: Tensor | PendingSum,
        layer: LayerParts,
        rotation: tuple[Tensor, Tensor],
        cache: KeyValues,
        plan: NpuAttentionPlan,
    ) -> PendingSum:
        normed, total = self._add_and_norm(x, layer.attention_norm, layer.epsilon)
        return PendingSum(total, layer.attention(normed, rotation, cache, plan))

    def mix(self, x: Tensor | PendingSum, layer: LayerParts) -> PendingSum:
        normed, total = self._add_and_norm(x, layer.mlp_norm, layer.epsilon)
        return PendingSum(total, layer.mlp(normed))

    def head(
        self, x: PendingSum, wanted: Tensor, norm: Tensor, weight: Tensor, eps: float
    ) -> Tensor:
        rows = PendingSum(*(each[wanted] for each in x)) if len(wanted) < len(x.left) else x
        return F.linear(self._add_and_norm(rows, norm, eps)[0], weight).float()

    def _add_and_norm(
        self, x: Tensor | PendingSum, weight: Tensor, epsilon: float
    ) -> tuple[Tensor, Tensor]:
        """Return the norm of x, and x as one tensor."""
        if isinstance(x, Tensor):
            return self.rms_norm(x, weight, epsilon), x
        normed, _, total = torch_npu.npu_add_rms_norm(x.left, x.right, weight, epsilon)
        return normed, total


@cache
def _mask(device: torch.device) -> Tensor:
    """Make the causal mask, once for a device: it takes 4 MiB."""
    return torch.ones(MASK_TOKENS, MASK_TOKENS, dtype=torch.int8, device=device).triu_(1)
