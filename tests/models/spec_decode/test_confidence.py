"""Confidence of drafts: chances that are learned, and lengths that follow from them."""

import pytest
import torch
from hypothesis import given
from hypothesis import strategies as st

from models.engine.sequence import Sequence
from models.protocol import EngineRequest, SamplingParams
from models.spec_decode.confidence import (
    LEVELS,
    PRIOR_GUESSES,
    AcceptanceTable,
    Guess,
    batch_threshold,
    draft_model_table,
    likeliest,
)

CHANCES = [0.5, 0.9, 0.99]


def sequence(tokens: list[int], temperature: float = 0.0) -> Sequence:
    """Make a sequence with these tokens."""
    request = EngineRequest("one", tokens[:1], SamplingParams(50, temperature=temperature))
    return Sequence(request, 0, list(tokens))


def test_the_likeliest_token_has_the_tenth_of_its_probability() -> None:
    """A sure token is in the last tenth."""
    logits = torch.tensor([[0.5, 0.25, 0.25], [0.01, 0.05, 0.94], [1e-9, 1.0, 1e-9]]).log()
    assert likeliest(logits) == [Guess(0, 5), Guess(2, 9), Guess(1, LEVELS - 1)]


def test_before_the_first_guess_a_chance_is_what_the_drafter_says() -> None:
    """The middle of its tenth."""
    table = draft_model_table()
    chances = [table.chance(Guess(7, level), is_random=False) for level in (0, 5, 9)]
    assert chances == pytest.approx([0.05, 0.55, 0.95])


def test_chances_become_the_shares_that_came() -> None:
    """Levels, and greedy and random requests, are counted apart."""
    table = AcceptanceTable([0.5, 0.5])
    for token in [1] * 30 + [2] * 10:
        table.learn([Guess(1, 0)], [], [token], is_random=False)
    expected = (30 + PRIOR_GUESSES * 0.5) / (40 + PRIOR_GUESSES)
    assert table.chance(Guess(5, 0), is_random=False) == pytest.approx(expected)
    assert table.chance(Guess(5, 0), is_random=True) == 0.5
    assert table.chance(Guess(5, 1), is_random=False) == 0.5


def test_guesses_after_a_wrong_token_say_nothing() -> None:
    """They followed another text; those whose tokens have not come yet are unknown."""
    table = AcceptanceTable([0.5] * 4)
    guesses = [Guess(10 + level, level) for level in range(4)]
    table.learn(guesses, [10, 11, 12, 13], [10, 99, 12], is_random=False)
    chances = [table.chance(Guess(0, level), is_random=False) for level in range(4)]
    assert chances[0] > 0.5 > chances[1]
    assert chances[2:] == [0.5, 0.5]


def test_a_sequence_is_learned_from_when_it_drafts_again() -> None:
    """Also the guess that was too unsure to be in the draft; a forgotten one no more."""
    table, one = AcceptanceTable([0.5]), sequence([1, 2])
    table.begin(one).append(Guess(3, 0))
    one.tokens.append(3)
    made = table.begin(one)
    learned = table.chance(Guess(3, 0), is_random=False)
    assert learned > 0.5
    made.append(Guess(9, 0))
    table.forget(one)
    one.tokens.append(4)
    table.begin(one)
    assert table.chance(Guess(3, 0), is_random=False) == learned


@given(st.lists(st.integers(0, 2), max_size=8), st.floats(0, 0.99), st.booleans())
def test_a_draft_is_the_longest_beginning_that_is_sure_enough(
    levels: list[int], threshold: float, is_random: bool
) -> None:
    """All of it for a threshold of 0."""
    table = AcceptanceTable(CHANCES)
    guesses = [Guess(token, level) for token, level in enumerate(levels)]
    draft = table.cut(guesses, is_random, threshold)
    assert draft == list(range(len(draft)))
    chances = torch.tensor([CHANCES[level] for level in levels], dtype=torch.float64).cumprod(0)
    sure = [chance >= threshold for chance in chances.tolist()]
    assert len(draft) == (sure.index(False) if False in sure else len(sure))


def test_many_sequences_need_more_confidence() -> None:
    """A threshold of 0 stays 0: every draft has its full length."""
    thresholds = [batch_threshold(0.4, sequences) for sequences in (1, 4, 32, 1000)]
    assert thresholds == pytest.approx([0.08, 0.2, 0.3556, 0.3984], abs=1e-4)
    assert batch_threshold(0.0, 32) == 0
