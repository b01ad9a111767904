"""Sampling: greedy and random tokens, limits of the choice, logprobs."""

from collections import Counter
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from models.engine.sampler import CANDIDATES, SamplingPosition, sample
from models.protocol import SamplingParams

LOGITS = torch.tensor([2.0, 0.0, 1.0, -1.0, 0.5])
PROBABILITIES = LOGITS.softmax(-1)


def position(number: int = 0, seed: int = 1, **sampling: Any) -> SamplingPosition:
    """Make a position to sample."""
    return SamplingPosition(SamplingParams(1, **sampling), seed, number)


def draws(count: int, **sampling: Any) -> Counter[int]:
    """Sample the same logits at many positions."""
    positions = [position(number, **sampling) for number in range(count)]
    return Counter(sample(LOGITS.expand(count, -1), positions).tokens)


def test_temperature_0_takes_the_likeliest_token() -> None:
    """Any seed gives the same."""
    positions = [position(seed=seed, temperature=0) for seed in range(20)]
    assert sample(LOGITS.expand(20, -1), positions).tokens == [0] * 20


def test_random_tokens_have_their_probabilities() -> None:
    """Over many positions of one seed."""
    counts = draws(6000)
    for token, probability in enumerate(PROBABILITIES.tolist()):
        assert counts[token] / 6000 == pytest.approx(probability, abs=0.025)


def test_a_high_temperature_flattens_and_a_low_one_sharpens() -> None:
    """The likeliest token comes more often at low temperature."""
    low, high = draws(2000, temperature=0.5)[0], draws(2000, temperature=2.0)[0]
    assert low > draws(2000)[0] > high


def test_top_k_excludes_all_but_the_likeliest() -> None:
    """Two tokens of five are left."""
    assert set(draws(500, top_k=2)) == {0, 2}


def test_top_p_keeps_the_smallest_sufficient_set() -> None:
    """The first two tokens have 0.75 of the probability, the first alone 0.55."""
    assert set(draws(500, top_p=0.7)) == {0, 2}
    assert set(draws(100, top_p=0.5)) == {0}


def test_the_likeliest_token_always_stays() -> None:
    """Even for a tiny top_p."""
    assert set(draws(50, top_p=1e-9)) == {0}


@settings(deadline=None)
@given(st.integers(0, 2**63 - 1), st.integers(0, 5000), st.integers(1, 6))
def test_a_token_depends_on_seed_and_position_alone(seed: int, number: int, others: int) -> None:
    """The rest of the batch does not matter."""
    wanted = position(number, seed)
    alone = sample(LOGITS.unsqueeze(0), [wanted]).tokens
    batch = [position(each, seed + 1) for each in range(others)]
    together = sample(LOGITS.expand(others + 1, -1), [*batch, wanted]).tokens
    assert together[-1:] == alone


FLAT = torch.randn(3000, generator=torch.Generator().manual_seed(2)) / 4


def test_a_large_nucleus_is_found_among_all_words() -> None:
    """Its words are more than the candidates, so all are sorted; the set is that of a full sort."""
    positions = [position(number, top_p=0.5) for number in range(400)]
    tokens = sample(FLAT.expand(400, -1), positions).tokens
    ordered, words = FLAT.softmax(-1).sort(descending=True)
    nucleus = words[: int((ordered.cumsum(0) < 0.5).sum()) + 1].tolist()
    assert len(nucleus) > CANDIDATES
    assert set(tokens) <= set(nucleus)
    assert not set(tokens) <= set(words[:CANDIDATES].tolist())


def test_limits_of_one_row_leave_the_others_alone() -> None:
    """A row's token is the same beside rows that need a partial sort, a full one or none."""
    kinds: list[dict[str, Any]] = [
        {},
        {"top_p": 0.9},
        {"top_p": 0.05},
        {"top_k": 5},
        {"top_k": 900, "top_p": 0.9},
        {"temperature": 0},
    ]
    positions = [position(each, **kind) for each, kind in enumerate(kinds * 4)]
    alone = [sample(FLAT.unsqueeze(0), [each]).tokens[0] for each in positions]
    assert sample(FLAT.expand(len(positions), -1), positions).tokens == alone


def test_seeds_differ() -> None:
    """Another seed gives another text."""
    texts = {
        tuple(sample(LOGITS.expand(30, -1), [position(each, seed) for each in range(30)]).tokens)
        for seed in range(20)
    }
    assert len(texts) == 20


def test_greedy_and_random_rows_share_a_batch() -> None:
    """Each row follows its own parameters."""
    positions = [position(temperature=0), position(top_k=1), position(temperature=0)]
    logits = torch.stack([LOGITS, LOGITS.flip(0), -LOGITS])
    assert sample(logits, positions).tokens == [0, 4, 3]


def test_logprobs_are_those_of_the_raw_logits() -> None:
    """Temperature, top-k and top-p do not change them; rows without a request have none."""
    positions = [position(temperature=0.1, top_k=1, logprobs=2), position(temperature=0)]
    sampled = sample(LOGITS.expand(2, -1), positions)
    [reported, nothing] = sampled.logprobs
    expected = LOGITS.log_softmax(-1)
    assert nothing is None
    assert reported is not None
    assert reported.chosen == pytest.approx(expected[0].item())
    assert list(reported.top) == [0, 2]
    assert list(reported.top.values()) == pytest.approx(expected[[0, 2]].tolist())


def test_no_alternatives_still_report_the_chosen_token() -> None:
    """logprobs=0 asks for the chosen token's logprob only."""
    [reported] = sample(LOGITS.unsqueeze(0), [position(temperature=0, logprobs=0)]).logprobs
    assert reported is not None
    assert reported.top == {}
    assert reported.chosen < 0


def test_more_alternatives_than_tokens_are_all_of_them() -> None:
    """A small vocabulary is reported whole."""
    [reported] = sample(LOGITS.unsqueeze(0), [position(temperature=0, logprobs=20)]).logprobs
    assert reported is not None
    assert set(reported.top) == {0, 1, 2, 3, 4}
