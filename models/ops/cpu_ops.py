"""The operations on a CPU, in stock torch."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.ops import cpu_quantised
from models.ops.ops import Batch, KeyValues, QuantisedWeight, RoutedRows, Scheme

# Sequences with equally few tokens in a step (decoding, or checking a draft) attend together; a longer chunk of a prompt attends alone.
MAX_GROUPED_TOKENS = 16


@dataclass(frozen=True)
class AttentionGroup:
    """Sequences with equally many tokens in a step, B of q each, in contexts of at most C tokens (whole blocks)."""

    rows: Tensor | None  # [B * q] rows of the step; None: all of them, in order
    query_tokens: int
    blocks: Tensor  # [B * C / block_tokens] that hold the contexts; past the end of a sequence any block will do, the mask hides it
    mask: Tensor  # [B, 1, q, C]: 0 where a key may be seen, else minus infinity


@dataclass(frozen=True)
class CpuAttentionPlan:
    """Where keys go and what each group attends to."""

    slots: Tensor  # [T]
    groups: list[AttentionGroup]


class CpuOps:
    """Stock torch; the reference that the other columns are compared with."""

    name = "cpu"

    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, epsilon)

    def head_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), None, epsilon) * weight

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        first, second = x.chunk(2, -1)
        return (x * cos).addcmul_(torch.cat([-second, first], -1), sin)

    def swiglu(self, gate_up: Tensor) -> Tensor:
        gate, up = gate_up.chunk(2, -1)
        return F.silu(gate) * up

    def gate_top_k(self, logits: Tensor, k: int, renormalise: bool) -> tuple[Tensor, Tensor]:
        if renormalise:  # what is left of a softmax over all once it is scaled to 1 again is a softmax over the k
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
        mine = rows.index_select(0, position).view(*weights.shape, -1)
        return (mine * weights.to(rows.dtype).unsqueeze(-1)).sum(1)

    def grouped_matmul(self, rows: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        sizes = counts.tolist()
        out = rows.new_empty(len(rows), weight.shape[-1])
        for size, mine, expert, result in zip(
            sizes, rows.split(sizes), weight.unbind(), out.split(sizes), strict=True
        ):
            if size:
                torch.mm(mine, expert, out=result)
        return out

    def plan(self, batch: Batch, block_tokens: int, device: torch.device) -> CpuAttentionPlan:
        members: dict[tuple[int, int], list[int]] = {}
        for sequence, tokens in enumerate(batch.query_tokens):
            members.setdefault((tokens, 0 if tokens <= MAX_GROUPED_TOKENS else sequence), []).append(
                sequence
            )
        starts = torch.tensor([0, *batch.query_tokens]).cumsum(0).tolist()
        groups = [
            _group(batch, sequences, tokens, starts, block_tokens, device)
            for (tokens, _), sequences in members.items()
        ]
        return CpuAttentionPlan(torch.tensor(batch.slots, device=device), groups)

    def store(self, cache: KeyValues, keys: Tensor, values: Tensor, plan: CpuAttentionPlan) -> None:
        cache.keys.flatten(0, 1).index_copy_(0, plan.slots, keys)
        cache.values.flatten(0, 1).index_copy_(0, plan.slots, values)

    def attention(self, queries: Tensor, cache: KeyValues, plan: CpuAttentionPlan, scale: float) -> Tensor:
        if len(plan.groups) == 1 and plan.groups[0].rows is None:
            return _attend(queries, cache, plan.groups[0], scale)
        out = torch.empty_like(queries)
        for group in plan.groups:
            out[group.rows] = _attend(queries[group.rows], cache, group, scale)
        return out

    def quantise_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        return cpu_quantised.quantise_rows(x)

    def pack(self, weight: Tensor, scheme: Scheme) -> QuantisedWeight:
        return cpu_quantised.pack(weight, scheme)

    def quantised_matmul(self, x: Tensor, weight: QuantisedWeight) -> Tensor:
        if weight.scheme == "w8a8":
            return cpu_quantised.int8_matmul(*self.quantise_rows(x), weight, x.dtype)
        return cpu_quantised.weight_only_matmul(x, weight)

    def grouped_quantised_matmul(self, rows: Tensor, weight: QuantisedWeight, counts: Tensor) -> Tensor:
        chunks = rows.split(counts.tolist())
        return torch.cat(
            [
                self.quantised_matmul(mine, weight.experts(expert))
                for expert, mine in enumerate(chunks)
            ]
        )


def _attend(queries: Tensor, cache: KeyValues, group: AttentionGroup, scale: float) -> Tensor:
    """Queries [B * q, heads, size] of a group -> the same shape.

    The heads that share keys are further queries of one head, so that nothing is copied for them. `index_select` takes whole blocks:
    six times faster than an index for each token.
    """
    keys, values = (
        each.index_select(0, group.blocks)
        .view(len(group.mask), -1, *each.shape[2:])
        .transpose(1, 2)
        for each in cache
    )
    batch, tokens, (heads, size), shared = (
        len(group.mask),
        group.query_tokens,
        queries.shape[1:],
        keys.shape[1],
    )
    mask = group.mask.to(queries.dtype)
    if tokens == 1:
        found = F.scaled_dot_product_attention(
            queries.view(batch, shared, -1, size), keys, values, mask, scale=scale
        )
        return found.reshape(batch, heads, size)
    mine = queries.view(batch, tokens, heads, size).transpose(1, 2)
    found = F.scaled_dot_product_attention(mine, keys, values, mask, scale=scale, enable_gqa=True)
    return found.transpose(1, 2).reshape(-1, heads, size)


def _group(
    batch: Batch,
    sequences: list[int],
    tokens: int,
    starts: list[int],
    block_tokens: int,
    device: torch.device,
) -> AttentionGroup:
    contexts = torch.tensor([batch.context_tokens[sequence] for sequence in sequences])
    width = -(-int(contexts.max()) // block_tokens)
    blocks = [batch.blocks[sequence] for sequence in sequences]
    table = torch.tensor([row[:width] + [0] * (width - len(row)) for row in blocks])
    last_seen = (
        contexts.unsqueeze(1) - tokens + torch.arange(tokens)
    )  # [B, q]: the newest key that each query may see
    hidden = (torch.arange(width * block_tokens) > last_seen.unsqueeze(-1)).unsqueeze(1)
    mask = torch.zeros(hidden.shape).masked_fill_(hidden, -torch.inf)
    rows = torch.tensor([starts[sequence] for sequence in sequences]).unsqueeze(1) + torch.arange(
        tokens
    )
    is_whole = len(sequences) == len(batch.query_tokens)
    return AttentionGroup(
        None if is_whole else rows.flatten().to(device),
        tokens,
        table.flatten().to(device),
        mask.to(device),
    )
