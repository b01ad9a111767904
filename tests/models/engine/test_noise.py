"""Noise as a hash: uniform, exponential, and the same wherever a token is looked at."""

import torch
from hypothesis import given
from hypothesis import strategies as st

from models.engine.noise import exponential, key_of

BINS = 32
# Chi squared of 31 degrees of freedom is above this once in a million.
LIMIT = 85.0


def chi_squared(noise: torch.Tensor) -> float:
    """Compute chi squared of the noise's quantiles over equal bins."""
    uniform = (-noise).exp()
    counts = torch.bincount((uniform * BINS).long().clamp_max(BINS - 1), minlength=BINS).double()
    expected = len(noise) / BINS
    return float(((counts - expected) ** 2 / expected).sum())


def keys(pairs: list[tuple[int, int]]) -> torch.Tensor:
    """Make keys [rows, 2] of seeds and positions."""
    return torch.tensor([key_of(*pair) for pair in pairs], dtype=torch.int32)


def test_noise_of_many_tokens_is_exponential() -> None:
    """Of one position."""
    noise = exponential(torch.arange(200_000, dtype=torch.int32), keys([(5, 17)]))[0]
    assert chi_squared(noise) < LIMIT
    assert noise.min() > 0
    assert abs(noise.mean() - 1) < 0.01


def test_noise_of_many_positions_is_exponential() -> None:
    """Of one token, at consecutive positions of one seed, and at one position of many seeds."""
    token = torch.tensor([7], dtype=torch.int32)
    for pairs in ([(3, each) for each in range(20_000)], [(each, 9) for each in range(20_000)]):
        assert chi_squared(exponential(token, keys(pairs))[:, 0]) < LIMIT


@given(st.integers(0, 2**63 - 1), st.integers(0, 2**20), st.lists(st.integers(0, 2**31 - 1)))
def test_a_tokens_noise_depends_on_nothing_beside_it(
    seed: int, position: int, tokens: list[int]
) -> None:
    """In any order of tokens, and with any other rows."""
    own, other = key_of(seed, position), key_of(seed + 1, position)
    words = torch.tensor([11, *tokens], dtype=torch.int32)
    both = torch.tensor([other, own], dtype=torch.int32)
    alone = exponential(words[:1], both[1:])
    assert exponential(words, both)[1, 0] == alone[0, 0]
    rows = torch.stack([words.flip(0), words.flip(0)])
    assert exponential(rows, both)[1, -1] == alone[0, 0]
