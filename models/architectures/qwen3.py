"""Qwen3 and Qwen3-MoE: grouped-query attention with normalised queries and keys, then a dense network or experts.

Every step is a flat list of tokens, those of a sequence side by side; only attention knows which sequence is whose.
"""

from dataclasses import dataclass
from typing import Any

import torch
import torch.nn.functional as F
from torch import Tensor

from models.config import ModelConfig
from models.layers.linear import Linear
from models.layers.mlp import Mlp, SparseMlp
from models.ops.ops import Batch, KeyValues, Ops


@dataclass(frozen=True)
class Attention:
    """Grouped-query attention over a paged cache."""

    ops: Ops
    shape: ModelConfig
    qkv: Linear  # [T, H] -> [T, (heads + 2 key-value heads) * head size]
    head_norm: Tensor  # [heads + key-value heads, head size]: the queries' weight for each of them, then the keys'
    out: Linear  # [T, heads * head size] -> [T, H]

    def __call__(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: KeyValues, plan: Any
    ) -> Tensor:
        heads, shared = self.shape.num_attention_heads, self.shape.num_key_value_heads
        turned, values = (
            self.qkv(x)
            .view(len(x), -1, self.shape.head_dim)
            .split_with_sizes([heads + shared, shared], 1)
        )
        turned = self.ops.head_norm(turned, self.head_norm, self.shape.rms_norm_eps)
        queries, keys = self.ops.rotate(turned, *rotation).split_with_sizes([heads, shared], 1)
        self.ops.store(cache, keys, values, plan)
        found = self.ops.attention(queries, cache, plan, self.shape.head_dim**-0.5)
        return self.out(found.reshape(len(x), -1))


@dataclass(frozen=True)
class DecoderLayer:
    """Attention, then the mlp; each adds to what came in."""

    ops: Ops
    epsilon: float
    attention_norm: Tensor  # [H]
    attention: Attention
    mlp_norm: Tensor  # [H]
    mlp: Mlp

    def __call__(
        self, x: Tensor, rotation: tuple[Tensor, Tensor], cache: KeyValues, plan: Any
    ) -> Tensor:
        x = x + self.attention(
            self.ops.rms_norm(x, self.attention_norm, self.epsilon), rotation, cache, plan
        )
        return x + self.mlp(self.ops.rms_norm(x, self.mlp_norm, self.epsilon))

    @property
    def weight_bytes(self) -> int:
        return (
            self.attention.qkv.weight_bytes
            + self.attention.out.weight_bytes
            + self.mlp.weight_bytes
        )


@dataclass(frozen=True)
class Qwen3:
    """The network: token ids in, logits out."""

    shape: ModelConfig
    ops: Ops
    embedding: Tensor  # [V, H]
    layers: list[DecoderLayer]
    norm: Tensor  # [H]
    head: Tensor  # [V, H]
    cos: Tensor  # [context, 1, head size]
    sin: Tensor

    def forward(self, batch: Batch, caches: list[KeyValues]) -> Tensor:
        """Logits [rows wanted, V] of a step, in float32; what its tokens add to the cache is written there."""
        device = self.embedding.device
        x = self.embedding[torch.tensor(batch.token_ids, device=device)]
        positions = torch.tensor(batch.positions, device=device)
        rotation = self.cos[positions], self.sin[positions]
        plan = self.ops.plan(batch, caches[0].keys.shape[1], device)
        for layer, cache in zip(self.layers, caches, strict=True):
            x = layer(x, rotation, cache, plan)
        wanted = (
            x[torch.tensor(batch.wanted, dtype=torch.long, device=device)]
            if len(batch.wanted) < len(x)
            else x
        )
        return F.linear(
            self.ops.rms_norm(wanted, self.norm, self.shape.rms_norm_eps), self.head
        ).float()

    def new_caches(self, blocks: int, block_tokens: int) -> list[KeyValues]:
        """An empty cache for each layer. Zeroed: what a mask hides must still be a number."""
        size = (blocks, block_tokens, self.shape.num_key_value_heads, self.shape.head_dim)
        return [
            KeyValues(self.embedding.new_zeros(size), self.embedding.new_zeros(size))
            for _ in self.layers
        ]

    @property
    def weight_bytes(self) -> int:
        """What all weights occupy, scales included."""
        head = 0 if self.head is self.embedding else self.head.nbytes
        return self.embedding.nbytes + head + sum(layer.weight_bytes for layer in self.layers)

    @property
    def sparse_layers(self) -> list[SparseMlp]:
        """The layers' experts, for telemetry."""
        return [layer.mlp for layer in self.layers if isinstance(layer.mlp, SparseMlp)]


def rotation_tables(shape: ModelConfig, context_tokens: int, dtype: torch.dtype) -> tuple[Tensor, Tensor]:
    """Cosines and sines [context, 1, head size] of the rotary position embedding (Su et al. 2021), halves convention."""
    frequency = 1 / shape.rope_theta ** (
        torch.arange(0, shape.head_dim, 2).float() / shape.head_dim
    )
    angle = torch.outer(torch.arange(context_tokens).float(), frequency).repeat(1, 2).unsqueeze(1)
    return angle.cos().to(dtype), angle.sin().to(dtype)
