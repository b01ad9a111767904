"""Random layers and steps for the fused rows, and buffers whose surroundings are watched."""

from dataclasses import dataclass, replace
from random import Random
from typing import Any

import torch
from torch import Tensor

from models.architectures.qwen3 import Attention, DecoderLayer, rotation_tables
from models.config import ModelConfig
from models.layers.experts import FullExperts
from models.layers.linear import FullLinear
from models.layers.mlp import DenseMlp, LocalExperts, Mlp, SparseMlp
from models.ops.cpu_ops import CpuOps
from models.ops.kv_cache import round_heads
from models.ops.ops import Batch, KeyValues, Ops, StepInput
from models.ops.staging import stage

CPU = torch.device("cpu")
GUARD = 64  # words on each side
CANARY = {torch.int8: -99}  # a number in each precision
WIDE_CANARY = -12345.0


@dataclass(frozen=True)
class LayerCase:
    """One layer, a step, and the cache before it."""

    config: ModelConfig
    layer: DecoderLayer
    batch: Batch
    block_tokens: int
    x: Tensor
    cache: KeyValues
    tables: tuple[Tensor, Tensor]

    @property
    def rotation(self) -> tuple[Tensor, Tensor]:
        """Cosines and sines of the step's rows."""
        return self.tables[0][self.batch.positions], self.tables[1][self.batch.positions]

    def stage(self, ops: Ops) -> StepInput:
        """Stage the step."""
        return stage(self.batch, self.block_tokens, CPU, ops.index_dtype)

    def layer_of(self, ops: Ops) -> DecoderLayer:
        """Return the layer with a column's kernels; its modules compose stock ones."""
        return replace(self.layer, ops=ops)

    def run(self, ops: Ops) -> tuple[Tensor, KeyValues]:
        """Run the layer. Return x and the cache after it; the case stays as it is."""
        x, cache = self.x.clone(), KeyValues(*(each.clone() for each in self.cache))
        x = x.float() if ops.kernels.startswith("fused") else x
        layer = self.layer_of(ops)
        return layer(x, self.rotation, cache, ops.plan(self.stage(ops))), cache

    def only(self, sequence: int) -> "LayerCase":
        """Return the case with one sequence of one token a step."""
        pick = slice(sequence, sequence + 1)
        batch = self.batch
        parts = (batch.token_ids, batch.positions, batch.slots, batch.query_tokens)
        return replace(
            self,
            x=self.x[pick],
            batch=Batch(
                *(each[pick] for each in parts),
                batch.context_tokens[pick],
                batch.blocks[pick],
                [0],
            ),
        )

    def with_garbage(self) -> "LayerCase":
        """Return the case with NaN in the cache wherever no context lies."""
        known = [
            block * self.block_tokens + offset
            for context, blocks in zip(self.batch.context_tokens, self.batch.blocks, strict=True)
            for index, block in enumerate(blocks)
            for offset in range(min(self.block_tokens, context - index * self.block_tokens))
        ]
        # In INT8 these bytes are a scale that is NaN.
        kept = [
            torch.full_like(each, -1 if each.dtype == torch.int8 else torch.nan)
            for each in self.cache
        ]
        for ours, theirs in zip(kept, self.cache, strict=True):
            ours.flatten(0, 1)[known] = theirs.flatten(0, 1)[known]
        return replace(self, cache=KeyValues(*kept))

    def eight_bits(self) -> "LayerCase":
        """Return the case with its cache in INT8."""
        return replace(self, cache=KeyValues(*map(round_heads, self.cache)))

    def narrow(self) -> "LayerCase":
        """Return the case in bfloat16."""
        return self._cast(lambda each: each.bfloat16())

    def rounded(self) -> "LayerCase":
        """Return the case in float32 with weights and values that bfloat16 can have."""
        return self._cast(lambda each: each.bfloat16().float())

    def _cast(self, cast: Any) -> "LayerCase":
        attention, mlp = self.layer.attention, self.layer.mlp
        attention = replace(
            attention,
            qkv=FullLinear(cast(attention.qkv.weight)),  # type: ignore[attr-defined]
            head_norm=cast(attention.head_norm),
            out=FullLinear(cast(attention.out.weight)),  # type: ignore[attr-defined]
        )
        layer = replace(
            self.layer,
            attention_norm=cast(self.layer.attention_norm),
            attention=attention,
            mlp_norm=cast(self.layer.mlp_norm),
            mlp=_cast_mlp(mlp, cast),
        )
        return replace(
            self,
            layer=layer,
            x=cast(self.x),
            cache=KeyValues(*map(cast, self.cache)),
            tables=(cast(self.tables[0]), cast(self.tables[1])),
        )


def draw_case(
    random: Random,
    tokens: list[int] | None = None,
    experts: int | None = None,
    chosen: int | None = None,
) -> LayerCase:
    """Draw a layer and a step. `tokens`: of each sequence; 0 experts: a dense MLP."""
    shared = random.choice([1, 2])
    experts = random.choice([0, 1, 2, 5]) if experts is None else experts
    config = ModelConfig(
        hidden_size=random.choice([32, 48, 160]),
        num_hidden_layers=1,
        num_attention_heads=shared * random.choice([1, 2, 3]),
        num_key_value_heads=shared,
        head_dim=random.choice([32, 48]),
        vocab_size=100,
        max_position_embeddings=128,
        rms_norm_eps=1e-6,
        rope_theta=10000.0,
        tie_word_embeddings=True,
        intermediate_size=random.choice([16, 80]),
        num_experts=experts,
        num_experts_per_tok=min(chosen or random.randint(1, experts or 1), experts),
        moe_intermediate_size=random.choice([16, 96]) if experts else 0,
        norm_topk_prob=random.random() < 0.5,
        dense_layers=frozenset() if experts else frozenset([0]),
        eos_token_ids=(),
    )
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    block_tokens = random.choice([1, 3, 16])
    tokens = tokens or [
        random.choice([1, 1, 2, 7, 16, 17, 30]) for _ in range(random.randint(1, 5))
    ]
    batch, blocks = draw_step(random, tokens, block_tokens)
    size = (blocks, block_tokens, shared, config.head_dim)
    return LayerCase(
        config,
        draw_layer(config, generator),
        batch,
        block_tokens,
        torch.randn(sum(tokens), config.hidden_size, generator=generator),
        KeyValues(*torch.randn(2, *size, generator=generator)),
        rotation_tables(config, 128, torch.float32),
    )


def draw_step(random: Random, tokens: list[int], block_tokens: int) -> tuple[Batch, int]:
    """Draw a step of sequences at any stage, with blocks in no order. Return it and its blocks."""
    contexts = [count + random.choice([0, 0, 1, 15, 16, 40]) for count in tokens]
    needed = [-(-context // block_tokens) for context in contexts]
    free = random.sample(range(sum(needed) + 3), sum(needed) + 3)
    batch = Batch([], [], [], tokens, contexts, [], [])
    for count, context, blocks in zip(tokens, contexts, needed, strict=True):
        batch.blocks.append([free.pop() for _ in range(blocks)])
        for position in range(context - count, context):
            block = batch.blocks[-1][position // block_tokens]
            batch.token_ids.append(position)
            batch.positions.append(position)
            batch.slots.append(block * block_tokens + position % block_tokens)
    batch.wanted.extend(range(len(batch.token_ids)))
    return batch, sum(needed) + 3


def draw_layer(config: ModelConfig, generator: torch.Generator) -> DecoderLayer:
    """Draw a layer's weights."""
    ops = CpuOps()
    hidden, size = config.hidden_size, config.head_dim
    queries, shared = config.num_attention_heads, config.num_key_value_heads

    def matrix(*shape: int) -> Tensor:
        return torch.randn(*shape, generator=generator) / shape[-2] ** 0.5

    def norm(*shape: int) -> Tensor:
        return 1 + 0.1 * torch.randn(*shape, generator=generator)

    attention = Attention(
        ops,
        config,
        FullLinear(matrix(hidden, (queries + 2 * shared) * size)),
        norm(queries + shared, size),
        FullLinear(matrix(queries * size, hidden)),
    )
    mlp: Mlp
    if config.num_experts:
        width, count = config.moe_intermediate_size, config.num_experts
        experts = FullExperts(ops, matrix(count, hidden, 2 * width), matrix(count, width, hidden))
        router, block = matrix(count, hidden), LocalExperts(ops, experts)
        top_k, is_renormalised = config.num_experts_per_tok, config.norm_topk_prob
        mlp = SparseMlp(ops, router, top_k, is_renormalised, block)
    else:
        width = config.intermediate_size
        gate_up, down = FullLinear(matrix(hidden, 2 * width)), FullLinear(matrix(width, hidden))
        mlp = DenseMlp(ops, gate_up, down)
    return DecoderLayer(ops, config.rms_norm_eps, norm(hidden), attention, norm(hidden), mlp)


def _cast_mlp(mlp: Mlp, cast: Any) -> Mlp:
    if isinstance(mlp, DenseMlp):
        parts = [FullLinear(cast(each.weight)) for each in (mlp.gate_up, mlp.down)]  # type: ignore[attr-defined]
        return DenseMlp(mlp.ops, *parts)
    assert isinstance(mlp, SparseMlp)
    assert isinstance(mlp.block, LocalExperts)
    experts = mlp.block.experts
    assert isinstance(experts, FullExperts)
    narrow = FullExperts(mlp.ops, cast(experts.gate_up), cast(experts.down))
    block = LocalExperts(mlp.ops, narrow)
    return SparseMlp(mlp.ops, cast(mlp.router), mlp.experts_per_token, mlp.renormalise, block)


def draw_choices(
    random: Random, rows: int, words: int
) -> tuple[Tensor, list[tuple[float, int, float]], list[tuple[int, int]]]:
    """Draw logits [rows, words], and temperature, top-k, top-p and noise keys of each row."""
    generator = torch.Generator().manual_seed(random.randrange(2**31))
    limits = [
        (random.choice([0.3, 1.0]), random.choice([0, 1, 5, 100]), random.choice([0.5, 0.9, 1.0]))
        for _ in range(rows)
    ]
    keys = [(random.randrange(-(2**31), 2**31), random.randrange(2**31)) for _ in range(rows)]
    return 3 * torch.randn(rows, words, generator=generator), limits, keys


def guarded(*shape: int, dtype: torch.dtype = torch.float32) -> Tensor:
    """Make a buffer within a larger one that is full of one number."""
    size = torch.Size(shape).numel()
    whole = torch.full((size + 2 * GUARD,), CANARY.get(dtype, WIDE_CANARY), dtype=dtype)
    return whole[GUARD : GUARD + size].view(shape)


def is_untouched(buffer: Tensor) -> bool:
    """Tell whether the words around a guarded buffer are as they were."""
    whole = buffer.new_empty(0).set_(buffer.untyped_storage())
    canary = torch.tensor(CANARY.get(buffer.dtype, WIDE_CANARY), dtype=buffer.dtype)
    return bool((whole[:GUARD] == canary).all() and (whole[-GUARD:] == canary).all())
