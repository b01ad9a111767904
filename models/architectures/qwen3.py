"""Qwen3 and Qwen3-MoE: grouped-query attention with query and key norms, then an MLP or experts.

Every step is a flat list of tokens, sequence after sequence. Only attention knows their sequences.
"""

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import torch
from torch import Tensor

from models.config import KvCacheDtype, ModelConfig
from models.layers.linear import Linear, full_weight
from models.layers.mlp import Mlp, SparseMlp
from models.ops.kv_cache import cache_dtype, new_key_values
from models.ops.ops import AttentionWeights, Batch, KeyValues, Ops, Residual, StepInput
from models.ops.staging import stage


@dataclass(frozen=True)
class Attention:
    """Grouped-query attention over a paged cache."""

    ops: Ops
    config: ModelConfig
    qkv: Linear  # [T, H] -> [T, (heads + 2 key-value heads) * head size]
    head_norm: Tensor  # [heads + key-value heads, head size]: query weights, then key weights
    out: Linear  # [T, heads * head size] -> [T, H]

    def __call__(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: KeyValues, plan: Any
    ) -> Tensor:
        heads, shared = self.config.num_attention_heads, self.config.num_key_value_heads
        projected = self.qkv(x).view(len(x), -1, self.config.head_dim)
        query_keys, values = projected.split_with_sizes([heads + shared, shared], 1)
        queries, keys = self.ops.turn(
            query_keys, self.head_norm, heads, self.config.rms_norm_eps, rotation
        )
        self.ops.store(cache, keys, values, plan)
        attended = self.ops.attention(queries, cache, plan, self.config.head_dim**-0.5)
        return self.out(attended.reshape(len(x), -1))


@dataclass(frozen=True)
class DecoderLayer:
    """Attention, then the MLP, each with a residual connection."""

    ops: Ops
    epsilon: float
    attention_norm: Tensor  # [H]
    attention: Attention
    mlp_norm: Tensor  # [H]
    mlp: Mlp

    def __call__(
        self, x: Residual, rotation: tuple[Tensor, Tensor], cache: KeyValues, plan: Any
    ) -> Residual:
        return self.ops.mix(self.ops.attend(x, self, rotation, cache, plan), self)

    @cached_property
    def laid(self) -> Any:
        """The weights as the column's fused rows take them."""
        return self.ops.lay(
            AttentionWeights(
                self.attention_norm,
                full_weight(self.attention.qkv),
                self.attention.head_norm,
                full_weight(self.attention.out),
            ),
            self.mlp.weights(self.mlp_norm),
        )

    @property
    def weight_bytes(self) -> int:
        """Memory of the linear layers' weights, scales included."""
        attention = self.attention.qkv.weight_bytes + self.attention.out.weight_bytes
        return attention + self.mlp.weight_bytes


@dataclass(frozen=True)
class Qwen3:
    """The network: token ids in, logits out."""

    config: ModelConfig
    ops: Ops
    embedding: Tensor  # [V, H]
    layers: list[DecoderLayer]
    norm: Tensor  # [H]
    head: Tensor  # [V, H]
    cos: Tensor  # [context, 1, head size]
    sin: Tensor

    def forward(self, batch: Batch, caches: list[KeyValues]) -> Tensor:
        """Compute logits [wanted rows, V] in float32, and write the step's tokens to the cache."""
        step = stage(batch, caches[0].keys.shape[1], self.embedding.device, self.ops.index_dtype)
        return self.compute(step, caches)

    def compute(self, step: StepInput, caches: list[KeyValues]) -> Tensor:
        """Compute logits like `forward`, from numbers that are on the device."""
        x = self.ops.embed(self.embedding, step.token_ids)
        cos, sin = (each.index_select(0, step.positions) for each in (self.cos, self.sin))
        rotation = cos, sin
        plan = self.ops.plan(step)
        for layer, cache in zip(self.layers, caches, strict=True):
            x = layer(x, rotation, cache, plan)
        return self.ops.head(x, step.wanted, self.norm, self.head, self.config.rms_norm_eps)

    def new_caches(
        self, blocks: int, block_tokens: int, kv_cache_dtype: KvCacheDtype = "auto"
    ) -> list[KeyValues]:
        """Make an empty cache for each layer."""
        dtype, device = cache_dtype(kv_cache_dtype, self.embedding.dtype), self.embedding.device
        return [
            new_key_values(self.config, blocks, block_tokens, dtype, device) for _ in self.layers
        ]

    @property
    def weight_bytes(self) -> int:
        """Memory of all weights, scales included."""
        head = 0 if self.head is self.embedding else self.head.nbytes
        return self.embedding.nbytes + head + sum(layer.weight_bytes for layer in self.layers)

    @property
    def sparse_layers(self) -> list[SparseMlp]:
        """Layers with experts, for telemetry."""
        return [layer.mlp for layer in self.layers if isinstance(layer.mlp, SparseMlp)]


def rotation_tables(
    config: ModelConfig, context_tokens: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor]:
    """Compute cosines and sines [context, 1, head size] of the rotary position embedding.

    Su et al. 2021, in the halves convention.
    """
    exponents = torch.arange(0, config.head_dim, 2).float() / config.head_dim
    frequencies = 1 / config.rope_theta**exponents
    angles = torch.outer(torch.arange(context_tokens).float(), frequencies)
    angles = angles.repeat(1, 2).unsqueeze(1)
    return angles.cos().to(dtype), angles.sin().to(dtype)
