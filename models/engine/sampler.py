"""Sampling: the choice of tokens from logits.

Tokens are chosen by the Gumbel-max trick: the argmax of probability / noise, with exponential noise
that depends only on the request's seed and the token's position. So equal seeds give equal tokens
in any batch. And verifying a draft (sample at each position, accept while the sample equals the
draft token) changes neither greedy nor sampled output.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.protocol import SamplingParams, TokenLogprobs

SEED_STRIDE = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, so that the positions of seeds lie apart
SEED_MASK = (1 << 63) - 1


@dataclass(frozen=True)
class SamplingPosition:
    """One token to sample."""

    sampling: SamplingParams
    seed: int
    position: int  # in the sequence


@dataclass(frozen=True)
class SampledTokens:
    """Sampled tokens, one for each position."""

    tokens: list[int]
    logprobs: list[TokenLogprobs | None]


def sample(logits: Tensor, positions: list[SamplingPosition]) -> SampledTokens:
    """Sample one token for each row of logits [rows, V]."""
    tokens = logits.argmax(-1)
    if random_rows := [row for row, each in enumerate(positions) if each.sampling.temperature > 0]:
        drawn = _draw(logits[random_rows], [positions[row] for row in random_rows])
        tokens[random_rows] = drawn
    chosen: list[int] = tokens.tolist()
    return SampledTokens(chosen, _logprobs(logits, positions, chosen))


def _draw(logits: Tensor, positions: list[SamplingPosition]) -> Tensor:
    temperature = torch.tensor(
        [each.sampling.temperature for each in positions], device=logits.device
    )
    probabilities = torch.softmax(logits / temperature.unsqueeze(-1), -1)
    if any(each.sampling.top_p < 1 or each.sampling.top_k > 0 for each in positions):
        probabilities = _apply_top_k_top_p(probabilities, positions)
    noise = torch.stack([_noise(each, logits.shape[-1]) for each in positions]).to(logits.device)
    return (probabilities / noise).argmax(-1)


def _apply_top_k_top_p(probabilities: Tensor, positions: list[SamplingPosition]) -> Tensor:
    """Zero all but the k likeliest tokens, then all but the smallest set with probability p.

    The likeliest token always stays.
    """
    size, device = probabilities.shape[-1], probabilities.device
    rank = torch.arange(size, device=device)
    top_k = torch.tensor([each.sampling.top_k or size for each in positions], device=device)
    top_p = torch.tensor([each.sampling.top_p for each in positions], device=device)
    ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
    ordered = ordered.where(rank < top_k.unsqueeze(-1), 0)
    ordered = ordered / ordered.sum(-1, keepdim=True)
    before = ordered.cumsum(-1) - ordered
    kept = ordered.where((before < top_p.unsqueeze(-1)) | (rank == 0), 0)
    return torch.zeros_like(probabilities).scatter(-1, order, kept)


def _noise(position: SamplingPosition, size: int) -> Tensor:
    seed = (position.seed * SEED_STRIDE + position.position) & SEED_MASK
    generator = torch.Generator().manual_seed(seed)
    noise = torch.empty(size).exponential_(generator=generator)
    return noise.clamp_min(torch.finfo(torch.float32).tiny)


def _logprobs(
    logits: Tensor, positions: list[SamplingPosition], chosen: list[int]
) -> list[TokenLogprobs | None]:
    found: list[TokenLogprobs | None] = [None] * len(positions)
    rows = [row for row, each in enumerate(positions) if each.sampling.logprobs is not None]
    if not rows:
        return found
    counts = [positions[row].sampling.logprobs or 0 for row in rows]
    logprobs = logits[rows].log_softmax(-1)
    values, tokens = logprobs.topk(min(max(counts), logits.shape[-1]), -1)
    for index, (row, count) in enumerate(zip(rows, counts, strict=True)):
        top = zip(tokens[index, :count].tolist(), values[index, :count].tolist(), strict=True)
        found[row] = TokenLogprobs(logprobs[index, chosen[row]].item(), dict(top))
    return found
