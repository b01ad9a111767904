"""The operations on a CPU, in stock torch."""

from dataclasses import dataclass

import torch
import torch.nn.functional as F
from torch import Tensor

from models.network.ops import Batch, KeyValues, Quantised, Routed

INT8_MAX = 127
# Sequences with equally few tokens in a step (decoding, or checking a draft) attend together; a longer chunk of a prompt attends alone.
TOGETHER_TOKENS = 16


@dataclass(frozen=True)
class Group:
    """Sequences with equally many tokens in a step."""

    rows: Tensor  # [B * q] rows of the step
    query_tokens: int
    slots: Tensor  # [B, C] where the context's keys lie; past the end of a sequence any slot will do, the mask hides it
    mask: Tensor | None  # [B, 1, q, C]


@dataclass(frozen=True)
class CpuPlan:
    """Where keys go and what each group attends to."""

    slots: Tensor  # [T]
    groups: list[Group]


class CpuOps:
    """Stock torch; the reference that the other columns are compared with."""

    name = "cpu"

    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        return F.rms_norm(x, (x.shape[-1],), weight, epsilon)

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        first, second = x.chunk(2, -1)
        return x * cos + torch.cat([-second, first], -1) * sin

    def swiglu(self, gate_up: Tensor) -> Tensor:
        gate, up = gate_up.chunk(2, -1)
        return F.silu(gate) * up

    def gate_top_k(self, logits: Tensor, k: int, renormalise: bool) -> tuple[Tensor, Tensor]:
        weights, experts = F.softmax(logits, -1, dtype=torch.float32).topk(k, -1)
        return (weights / weights.sum(-1, keepdim=True) if renormalise else weights), experts

    def route(self, x: Tensor, experts: Tensor, expert_count: int) -> Routed:
        flat = experts.flatten()
        order = flat.argsort(stable=True)
        position = torch.empty_like(order)
        position[order] = torch.arange(len(order))
        return Routed(x[order // experts.shape[1]], position, torch.bincount(flat, minlength=expert_count))

    def unroute(self, rows: Tensor, position: Tensor, weights: Tensor) -> Tensor:
        mine = rows[position].view(*weights.shape, -1)
        return (mine * weights.to(rows.dtype).unsqueeze(-1)).sum(1)

    def grouped_matmul(self, rows: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        out = rows.new_empty(len(rows), weight.shape[-1])
        start = 0
        for expert, count in enumerate(counts.tolist()):
            if count:
                torch.mm(rows[start : start + count], weight[expert], out=out[start : start + count])
                start += count
        return out

    def plan(self, batch: Batch, block_tokens: int, device: torch.device) -> CpuPlan:
        members: dict[tuple[int, int], list[int]] = {}
        for sequence, tokens in enumerate(batch.query_tokens):
            members.setdefault((tokens, 0 if tokens <= TOGETHER_TOKENS else sequence), []).append(sequence)
        starts = torch.tensor([0, *batch.query_tokens]).cumsum(0).tolist()
        groups = [_group(batch, sequences, tokens, starts, block_tokens) for (tokens, _), sequences in members.items()]
        return CpuPlan(torch.tensor(batch.slots), groups)

    def store(self, cache: KeyValues, keys: Tensor, values: Tensor, plan: CpuPlan) -> None:
        cache.keys.flatten(0, 1).index_copy_(0, plan.slots, keys)
        cache.values.flatten(0, 1).index_copy_(0, plan.slots, values)

    def attention(self, queries: Tensor, cache: KeyValues, plan: CpuPlan, scale: float) -> Tensor:
        keys, values = cache.keys.flatten(0, 1), cache.values.flatten(0, 1)
        out = torch.empty_like(queries)
        for group in plan.groups:
            mine = queries[group.rows].view(-1, group.query_tokens, *queries.shape[1:]).transpose(1, 2)
            found = F.scaled_dot_product_attention(
                mine,
                keys[group.slots].transpose(1, 2),
                values[group.slots].transpose(1, 2),
                attn_mask=group.mask,
                scale=scale,
                enable_gqa=True,
            )
            out[group.rows] = found.transpose(1, 2).reshape(-1, *queries.shape[1:])
        return out

    def quantise_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        scale = x.abs().amax(-1).float().clamp_min(torch.finfo(torch.float32).tiny) / INT8_MAX
        return (x / scale.to(x.dtype).unsqueeze(-1)).round().clamp(-INT8_MAX, INT8_MAX).to(torch.int8), scale

    def pack(self, weight: Tensor, bits: int, group: int) -> Quantised:
        raise NotImplementedError

    def weight_only_matmul(self, x: Tensor, weight: Quantised) -> Tensor:
        raise NotImplementedError

    def int8_matmul(self, x: Tensor, x_scale: Tensor, weight: Quantised, dtype: torch.dtype) -> Tensor:
        raise NotImplementedError


def _group(batch: Batch, sequences: list[int], tokens: int, starts: list[int], block_tokens: int) -> Group:
    contexts = torch.tensor([batch.context_tokens[sequence] for sequence in sequences])
    longest = int(contexts.max())
    rows = torch.tensor([starts[sequence] for sequence in sequences]).unsqueeze(1) + torch.arange(tokens)
    slots = _slots([batch.blocks[sequence] for sequence in sequences], longest, block_tokens)
    last_seen = contexts.unsqueeze(1) - tokens + torch.arange(tokens)  # [B, q]: the newest key that each query may see
    mask = (torch.arange(longest) <= last_seen.unsqueeze(-1)).unsqueeze(1)
    return Group(rows.flatten(), tokens, slots, mask)


def _slots(blocks: list[list[int]], longest: int, block_tokens: int) -> Tensor:
    width = -(-longest // block_tokens)
    table = torch.tensor([row[:width] + [0] * (width - len(row)) for row in blocks])
    return (table.unsqueeze(-1) * block_tokens + torch.arange(block_tokens)).flatten(1)[:, :longest]
