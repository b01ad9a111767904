"""Sampling: the choice of tokens from logits.

Tokens are chosen by the Gumbel-max trick: the argmax of probability / noise, with exponential noise
that is a hash of the request's seed, the token's position and the token (`noise.py`). So equal
seeds give equal tokens in any batch. And verifying a draft (sample at each position, accept while
the sample equals the draft token) changes neither greedy nor sampled output.

All is computed on the logits' device, whose values are read once: the tokens. A row whose nucleus
is larger than its likeliest candidates, and logprobs where they are wanted, cost one read more.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import NamedTuple

import torch
from torch import Tensor

from models.engine.noise import exponential, key_of
from models.protocol import SamplingParams, TokenLogprobs

# The likeliest words among which a nucleus is looked for before all words are sorted.
CANDIDATES = 256


class SamplingPosition(NamedTuple):
    """One token to sample."""

    sampling: SamplingParams
    seed: int
    position: int  # in the sequence


@dataclass(frozen=True)
class SampledTokens:
    """Sampled tokens, one for each position."""

    tokens: list[int]
    logprobs: list[TokenLogprobs | None]


# Kernel that draws a word for each row of logits [rows, V]: temperature (0: greedy), top-k (0:
# none) and top-p of each, and the keys of its noise -> [rows].
Draw = Callable[[Tensor, list[tuple[float, int, float]], list[tuple[int, int]]], Tensor]


def sample(
    logits: Tensor, positions: list[SamplingPosition], draw: Draw | None = None
) -> SampledTokens:
    """Sample one token for each row of logits [rows, V], with a kernel or in torch."""
    if draw is None:
        chosen = _sample_in_torch(logits, positions)
    else:
        chosen = _sample_by_kernel(logits, positions, draw)
    return SampledTokens(chosen, _logprobs(logits, positions, chosen))


def _sample_by_kernel(logits: Tensor, positions: list[SamplingPosition], draw: Draw) -> list[int]:
    # Keys of greedy rows are not read; a hash for each would be computed in vain.
    keys = [key_of(each.seed, each.position) if _is_random(each) else (0, 0) for each in positions]
    return list(draw(logits, [_numbers(each) for each in positions], keys).tolist())


def _numbers(position: SamplingPosition) -> tuple[float, int, float]:
    sampling = position.sampling
    return sampling.temperature, sampling.top_k, sampling.top_p


def _keys(positions: list[SamplingPosition]) -> list[tuple[int, int]]:
    return [key_of(each.seed, each.position) for each in positions]


def _sample_in_torch(logits: Tensor, positions: list[SamplingPosition]) -> list[int]:
    tokens = logits.argmax(-1)
    is_final = torch.ones_like(tokens)
    plain = [row for row, each in enumerate(positions) if _is_random(each) and not _limits(each)]
    limited = [row for row, each in enumerate(positions) if _is_random(each) and _limits(each)]
    if plain:
        tokens[plain] = _draw(*_random_rows(logits, positions, plain))
    if limited:
        rows = _random_rows(logits, positions, limited)
        tokens[limited], is_enough = _draw_limited(*rows, CANDIDATES)
        is_final[limited] = is_enough.to(is_final.dtype)
    chosen, final = torch.stack([tokens, is_final]).tolist()
    if unsure := [row for row, known in enumerate(final) if not known]:
        found, _ = _draw_limited(*_random_rows(logits, positions, unsure), logits.shape[-1])
        for row, token in zip(unsure, found.tolist(), strict=True):
            chosen[row] = token
    return list(chosen)


def _is_random(position: SamplingPosition) -> bool:
    return position.sampling.temperature > 0


def _limits(position: SamplingPosition) -> bool:
    return position.sampling.top_p < 1 or position.sampling.top_k > 0


def _random_rows(
    logits: Tensor, positions: list[SamplingPosition], rows: list[int]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return probabilities [rows, V], keys [rows, 2], top-k and top-p [rows, 1] of some rows."""
    device, size = logits.device, logits.shape[-1]
    picked = [positions[row] for row in rows]
    numbers = torch.tensor([_numbers(each) for each in picked], device=device)
    temperature, top_k, top_p = numbers.unsqueeze(1).unbind(-1)
    top_k = torch.where(top_k > 0, top_k, size)
    keys = torch.tensor(_keys(picked), dtype=torch.int32, device=device)
    chosen = logits if len(rows) == len(logits) else logits[rows]
    return torch.softmax(chosen / temperature, -1), keys, top_k, top_p


def _draw(probabilities: Tensor, keys: Tensor, top_k: Tensor, top_p: Tensor) -> Tensor:
    """Draw one token for each row [rows, V] -> [rows], from all words."""
    words = torch.arange(probabilities.shape[-1], dtype=torch.int32, device=probabilities.device)
    return (probabilities / exponential(words, keys)).argmax(-1)


def _draw_limited(
    probabilities: Tensor, keys: Tensor, top_k: Tensor, top_p: Tensor, candidates: int
) -> tuple[Tensor, Tensor]:
    """Draw from the k likeliest words, of these from the smallest set with probability p.

    The likeliest word always stays. Only that many candidates are looked at. The second result says
    by row whether they were enough; if not, its token is not final.
    """
    size = probabilities.shape[-1]
    if candidates < size:
        ordered, words = probabilities.topk(candidates, -1)
    else:
        ordered, words = probabilities.sort(dim=-1, descending=True)
    rank = torch.arange(ordered.shape[-1], device=ordered.device)
    total = torch.where(top_k < size, ordered.where(rank < top_k, 0).sum(-1, keepdim=True), 1)
    before = ordered.cumsum(-1) - ordered
    is_kept = (rank == 0) | ((rank < top_k) & (before < top_p * total))
    is_enough = (
        (ordered.shape[-1] == size)
        | (top_k <= ordered.shape[-1])
        | ((top_k >= size) & (ordered.sum(-1, keepdim=True) >= top_p))
    )
    scores = ordered.where(is_kept, 0) / exponential(words.int(), keys)
    return words.gather(-1, scores.argmax(-1, keepdim=True)).squeeze(-1), is_enough.squeeze(-1)


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
    picked = torch.tensor([[chosen[row]] for row in rows], device=logits.device)
    # One read for all: float32 has every token id below 2^24.
    numbers = torch.cat([logprobs.gather(-1, picked), values, tokens.to(values.dtype)], -1)
    width = values.shape[-1]
    for row, count, (own, *rest) in zip(rows, counts, numbers.tolist(), strict=True):
        ids = map(int, rest[width : width + count])
        found[row] = TokenLogprobs(own, dict(zip(ids, rest[:count], strict=False)))
    return found
