"""Choosing tokens from logits.

A token is chosen by the Gumbel-max trick: argmax of probability / noise, with exponential noise that depends only on the request's seed
and the token's place. So the same seed gives the same tokens in any batch, and checking a draft (choose at each place, accept while the
choice equals the guess) changes neither greedy nor sampled output.
"""

from dataclasses import dataclass

import torch
from torch import Tensor

from models.protocol import SamplingParams, TokenLogprobs

SEED_STRIDE = (
    0x9E3779B97F4A7C15  # 2^64 / golden ratio: places of one seed are far from those of the next
)
SEED_MASK = (1 << 63) - 1


@dataclass(frozen=True)
class SamplingPosition:
    """One token to choose."""

    sampling: SamplingParams
    seed: int
    position: int  # in the sequence


@dataclass(frozen=True)
class SampledTokens:
    """What was chosen at each place."""

    tokens: list[int]
    logprobs: list[TokenLogprobs | None]


def sample(logits: Tensor, places: list[SamplingPosition]) -> SampledTokens:
    """One token for each row of logits [rows, V]."""
    tokens = logits.argmax(-1)
    if drawn := [row for row, place in enumerate(places) if place.sampling.temperature > 0]:
        tokens[drawn] = _drawn(logits[drawn], [places[row] for row in drawn])
    chosen: list[int] = tokens.tolist()
    return SampledTokens(chosen, _logprobs(logits, places, chosen))


def _drawn(logits: Tensor, places: list[SamplingPosition]) -> Tensor:
    temperature = torch.tensor(
        [place.sampling.temperature for place in places], device=logits.device
    )
    probabilities = torch.softmax(logits / temperature.unsqueeze(-1), -1)
    if any(place.sampling.top_p < 1 or place.sampling.top_k > 0 for place in places):
        probabilities = _nucleus(probabilities, places)
    noise = torch.stack([_noise(place, logits.shape[-1]) for place in places]).to(logits.device)
    return (probabilities / noise).argmax(-1)


def _nucleus(probabilities: Tensor, places: list[SamplingPosition]) -> Tensor:
    """Zero outside the k likeliest and outside the smallest set that has probability p; the likeliest always stays."""
    size = probabilities.shape[-1]
    top_k = torch.tensor(
        [place.sampling.top_k or size for place in places], device=probabilities.device
    ).unsqueeze(-1)
    top_p = torch.tensor(
        [place.sampling.top_p for place in places], device=probabilities.device
    ).unsqueeze(-1)
    ordered, order = probabilities.sort(dim=-1, descending=True, stable=True)
    ordered = ordered.where(torch.arange(size, device=ordered.device) < top_k, 0)
    ordered = ordered / ordered.sum(-1, keepdim=True)
    before = ordered.cumsum(-1) - ordered
    kept = ordered.where((before < top_p) | (torch.arange(size, device=ordered.device) == 0), 0)
    return torch.zeros_like(probabilities).scatter(-1, order, kept)


def _noise(place: SamplingPosition, size: int) -> Tensor:
    generator = torch.Generator().manual_seed(
        (place.seed * SEED_STRIDE + place.position) & SEED_MASK
    )
    return (
        torch.empty(size)
        .exponential_(generator=generator)
        .clamp_min(torch.finfo(torch.float32).tiny)
    )


def _logprobs(logits: Tensor, places: list[SamplingPosition], chosen: list[int]) -> list[TokenLogprobs | None]:
    found: list[TokenLogprobs | None] = [None] * len(places)
    rows = [row for row, place in enumerate(places) if place.sampling.logprobs is not None]
    if not rows:
        return found
    logprobs = logits[rows].log_softmax(-1)
    values, indices = logprobs.topk(
        min(max(places[row].sampling.logprobs or 0 for row in rows), logits.shape[-1]), -1
    )
    for mine, row in enumerate(rows):
        count = places[row].sampling.logprobs or 0
        top = dict(zip(indices[mine, :count].tolist(), values[mine, :count].tolist(), strict=True))
        found[row] = TokenLogprobs(logprobs[mine, chosen[row]].item(), top)
    return found
