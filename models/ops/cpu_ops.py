"""Operations on a CPU, in stock torch."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops import cpu_quantised
from models.ops.composed import ComposedOps
from models.ops.kv_cache import read_heads, round_heads
from models.ops.ops import Batch, KeyValues, QuantisedWeight, RoutedRows, Scheme, StepInput

# Sequences with equally few tokens in a step (decoding, verifying a draft) attend together. A
# longer chunk of a prompt attends alone.
MAX_GROUPED_TOKENS = 16


@dataclass(frozen=True)
class AttentionGroup:
    """B sequences with q tokens each in a step, in contexts of at most C tokens (whole blocks)."""

    rows: Tensor | None  # [B * q] rows of the step; None: all of them, in order
    query_tokens: int
    # [B * C / block_tokens] blocks of the contexts. Any block may follow a sequence's end, where
    # the mask hides it.
    blocks: Tensor
    mask: Tensor  # [B, 1, q, C]: 0 where a key is visible, else minus infinity


@dataclass(frozen=True)
class CpuAttentionPlan:
    """Slots of the step's keys, and the groups that attend."""

    slots: Tensor  # [T]
    groups: list[AttentionGroup]


class CpuOps(ComposedOps):
    """Operations of stock torch, the reference for those of other devices."""

    name = "cpu"

    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, epsilon)

    def turn(
        self, x: Tensor, norm: Tensor, heads: int, epsilon: float, rotation: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        # All heads at once: a weight for each costs a product, a second call would cost more.
        normed = F.rms_norm(x, (x.shape[-1],), None, epsilon) * norm
        cos, sin = rotation
        first, second = normed.chunk(2, -1)
        turned = (normed * cos).addcmul_(torch.cat([-second, first], -1), sin)
        queries, keys = turned.split_with_sizes([heads, x.shape[1] - heads], 1)
        return queries, keys

    def swiglu(self, gate_up: Tensor) -> Tensor:
        gate, up = gate_up.chunk(2, -1)
        return F.silu(gate) * up

    def gate_top_k(self, logits: Tensor, k: int, renormalise: bool) -> tuple[Tensor, Tensor]:
        if renormalise:
            # A softmax over all experts, cut to k and rescaled, is a softmax over the k.
            largest, experts = logits.float().topk(k, -1)
            return largest.softmax(-1), experts
        weights, experts = F.softmax(logits, -1, dtype=torch.float32).topk(k, -1)
        return weights, experts

    def route(self, x: Tensor, experts: Tensor, expert_count: int) -> RoutedRows:
        flat = experts.flatten()
        order = flat.argsort(stable=True)
        rows = x.index_select(0, order // experts.shape[1])
        return RoutedRows(rows, order.argsort(), torch.bincount(flat, minlength=expert_count))

    def unroute(self, rows: Tensor, position: Tensor, weights: Tensor) -> Tensor:
        by_token = rows.index_select(0, position).view(*weights.shape, -1)
        return (by_token * weights.to(rows.dtype).unsqueeze(-1)).sum(1)

    def grouped_matmul(self, rows: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        sizes = counts.tolist()
        out = rows.new_empty(len(rows), weight.shape[-1])
        parts = zip(rows.split(sizes), weight.unbind(), out.split(sizes), strict=True)
        for expert_rows, expert_weight, result in parts:
            if len(expert_rows):
                torch.mm(expert_rows, expert_weight, out=result)
        return out

    def plan(self, step: StepInput) -> CpuAttentionPlan:
        batch, members = step.batch, dict[tuple[int, int], list[int]]()
        for sequence, tokens in enumerate(batch.query_tokens):
            key = (tokens, 0 if tokens <= MAX_GROUPED_TOKENS else sequence)
            members.setdefault(key, []).append(sequence)
        groups = [
            make_group(batch, sequences, tokens, step.block_tokens, step.slots.device)
            for (tokens, _), sequences in members.items()
        ]
        return CpuAttentionPlan(step.slots, groups)

    def store(self, cache: KeyValues, keys: Tensor, values: Tensor, plan: CpuAttentionPlan) -> None:
        for cached, heads in zip(cache, (keys, values), strict=True):
            stored = round_heads(heads) if cached.dtype == torch.int8 else heads
            cached.flatten(0, 1).index_copy_(0, plan.slots, stored)

    def attention(
        self, queries: Tensor, cache: KeyValues, plan: CpuAttentionPlan, scale: float
    ) -> Tensor:
        if len(plan.groups) == 1 and plan.groups[0].rows is None:
            return attend_group(queries, cache, plan.groups[0], scale)
        out = torch.empty_like(queries)
        for group in plan.groups:
            out[group.rows] = attend_group(queries[group.rows], cache, group, scale)
        return out

    def quantise_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return cpu_quantised.quantise_rows(x)

    def pack(self, weight: Tensor, scheme: Scheme) -> QuantisedWeight:
        return cpu_quantised.pack(weight, scheme)

    def quantised_matmul(self, x: Tensor, weight: QuantisedWeight) -> Tensor:
        if weight.scheme == "w8a8":
            return cpu_quantised.int8_matmul(*self.quantise_rows(x), weight, x.dtype)
        return cpu_quantised.weight_only_matmul(x, weight)

    def grouped_quantised_matmul(
        self, rows: Tensor, weight: QuantisedWeight, counts: Tensor
    ) -> Tensor:
        products = [
            self.quantised_matmul(expert_rows, weight.experts(expert))
            for expert, expert_rows in enumerate(rows.split(counts.tolist()))
        ]
        return torch.cat(products)


def attend_group(queries: Tensor, cache: KeyValues, group: AttentionGroup, scale: float) -> Tensor:
    """Attend from a group's queries [B * q, heads, size] -> the same shape.

    Heads that share keys become further queries of one head, so that no key is copied for them.
    `index_select` takes whole blocks, which is six times faster than an index for each token.
    """
    batch, tokens, (heads, size) = len(group.mask), group.query_tokens, queries.shape[1:]
    keys, values = (
        read_heads(each.index_select(0, group.blocks), queries.dtype)
        .view(batch, -1, each.shape[2], size)
        .transpose(1, 2)
        for each in cache
    )
    mask = group.mask.to(queries.dtype)
    if tokens == 1:
        by_key_head = queries.view(batch, keys.shape[1], -1, size)
        attended = F.scaled_dot_product_attention(by_key_head, keys, values, mask, scale=scale)
        return attended.reshape(batch, heads, size)
    by_head = queries.view(batch, tokens, heads, size).transpose(1, 2)
    attended = F.scaled_dot_product_attention(
        by_head, keys, values, mask, scale=scale, enable_gqa=True
    )
    return attended.transpose(1, 2).reshape(-1, heads, size)


def make_group(
    batch: Batch, sequences: list[int], tokens: int, block_tokens: int, device: torch.device
) -> AttentionGroup:
    """Prepare the attention of sequences with equally many tokens in a step."""
    contexts = torch.tensor([batch.context_tokens[sequence] for sequence in sequences])
    width = -(-int(contexts.max()) // block_tokens)
    blocks = [batch.blocks[sequence] for sequence in sequences]
    table = torch.tensor([row[:width] + [0] * (width - len(row)) for row in blocks])
    # [B, q]: the newest key that each query may see.
    newest = contexts.unsqueeze(1) - tokens + torch.arange(tokens)
    hidden = (torch.arange(width * block_tokens) > newest.unsqueeze(-1)).unsqueeze(1)
    mask = torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
    is_whole_step = len(sequences) == len(batch.query_tokens)
    rows = None if is_whole_step else _rows_of(batch, sequences, tokens).to(device)
    return AttentionGroup(rows, tokens, table.flatten().to(device), mask.to(device))


def _rows_of(batch: Batch, sequences: list[int], tokens: int) -> Tensor:
    starts = torch.tensor([0, *batch.query_tokens]).cumsum(0)[sequences]
    return (starts.unsqueeze(1) + torch.arange(tokens)).flatten()
