"""Confidence of drafts: how long each draft is, by the chance that all of it is accepted.

A draft model knows how likely its guess is, an n-gram how long its match is. How often guesses like
it were right is counted from the tokens that came. So confidence is a chance, whatever the model
and the sampling: the likeliest token of a small model is often right where it is far from sure.
"""

from collections.abc import Iterable
from typing import NamedTuple

import torch
from torch import Tensor

from models.engine.sequence import Sequence

PRIOR_GUESSES = 4  # as if this many guesses of each level had been made before the first
LEVELS = 10  # of a draft model: tenths of the probability
# With this many sequences the threshold is half of what it is with many: a step of few rows takes
# much the same time with some more.
HALF_BATCH = 4


class Guess(NamedTuple):
    """A token that may follow, and the level of confidence in it."""

    token: int
    level: int


class AcceptanceTable:
    """Share of guesses of each level that were right so far, for greedy and for random requests."""

    def __init__(self, expected: Iterable[float]) -> None:
        right = [PRIOR_GUESSES * share for share in expected]
        self._right = {False: list(right), True: list(right)}
        self._made = {is_random: [PRIOR_GUESSES] * len(right) for is_random in (False, True)}
        # Guesses of each sequence, and the position of the first.
        self._last: dict[str, tuple[int, list[Guess]]] = {}

    def chance(self, guess: Guess, is_random: bool) -> float:
        """Return the share of guesses of its level that were right, 0 to 1."""
        return self._right[is_random][guess.level] / self._made[is_random][guess.level]

    def learn(
        self, guesses: list[Guess], read: list[int], came: list[int], is_random: bool
    ) -> None:
        """Count the guesses whose tokens are known by now.

        Each was made after the tokens `read` before it; those after a token that did not come say
        nothing.
        """
        for place, (guess, token) in enumerate(zip(guesses, came, strict=False)):
            self._made[is_random][guess.level] += 1
            self._right[is_random][guess.level] += guess.token == token
            if read[place : place + 1] != [token]:
                return

    def begin(self, sequence: Sequence) -> list[Guess]:
        """Count the last guesses of a sequence; return the list that takes its next ones."""
        first, guesses = self._last.get(sequence.request.request_id, (0, []))
        read = [guess.token for guess in guesses]
        self.learn(guesses, read, sequence.tokens[first:], sequence.is_random)
        made: list[Guess] = []
        self._last[sequence.request.request_id] = len(sequence.tokens), made
        return made

    def forget(self, sequence: Sequence) -> None:
        """Drop the guesses of a sequence that is over."""
        self._last.pop(sequence.request.request_id, None)

    def cut(self, guesses: list[Guess], is_random: bool, threshold: float) -> list[int]:
        """Return the tokens before the one with which the chance of all falls below a threshold."""
        tokens: list[int] = []
        confidence = 1.0
        for guess in guesses:
            confidence *= self.chance(guess, is_random)
            if confidence < threshold:
                break
            tokens.append(guess.token)
        return tokens


def draft_model_table() -> AcceptanceTable:
    """Return a table for guesses of a draft model: their probability, until more is known."""
    return AcceptanceTable((level + 0.5) / LEVELS for level in range(LEVELS))


def likeliest(logits: Tensor) -> list[Guess]:
    """Return the likeliest token of each row of logits [n, V], with one read of the device."""
    chances, tokens = logits.softmax(-1).max(-1)
    levels = (chances * LEVELS).long().clamp_(0, LEVELS - 1)
    return [Guess(*pair) for pair in torch.stack([tokens, levels], 1).tolist()]


def batch_threshold(threshold: float, sequences: int) -> float:
    """Return the threshold for a batch: the more sequences, the more a rejected token costs."""
    return threshold * sequences / (sequences + HALF_BATCH)
