"""Guessing by memory: what followed the last few tokens when they occurred before in the same sequence (prompt lookup)."""

from models.engine.sequence import ScheduledChunk, Sequence
from models.spec_decode.limits import max_draft_tokens

MAX_NGRAM = 4  # tokens that must occur before, at most and at least
MIN_NGRAM = 2


class NgramIndex:
    """Where each n-gram of one growing sequence last occurred. Each token is looked at once, however often it is asked."""

    def __init__(self, shortest: int = MIN_NGRAM, longest: int = MAX_NGRAM) -> None:
        self._lengths = range(longest, shortest - 1, -1)
        self._follows: dict[
            tuple[int, ...], int
        ] = {}  # n-gram -> the place after its last occurrence
        self._indexed = 0

    def guess(self, tokens: list[int], count: int) -> list[int]:
        """`count` tokens after `tokens`, or none; `tokens` is what it was the last time, or longer.

        What followed may reach the end of the sequence; then it goes on with the guess itself, so that a repetition is continued.
        """
        self._extend(tokens)
        place = next(
            (
                found
                for length in self._lengths
                if (found := self._follows.get(tuple(tokens[-length:])))
            ),
            None,
        )
        if place is None:
            return []
        guessed: list[int] = []
        for each in range(place, place + count):
            guessed.append(tokens[each] if each < len(tokens) else guessed[each - len(tokens)])
        return guessed

    def _extend(self, tokens: list[int]) -> None:
        """Only n-grams that something follows: the sequence's own end is what is looked for."""
        for end in range(max(self._indexed, 1), len(tokens)):
            for length in self._lengths:
                if length <= end:
                    self._follows[tuple(tokens[end - length : end])] = end
        self._indexed = len(tokens)


class NgramDrafter:
    """An index for each sequence."""

    def __init__(self, draft_tokens: int, context_tokens: int) -> None:
        self._draft_tokens = draft_tokens
        self._context_tokens = context_tokens
        self._indices: dict[str, NgramIndex] = {}

    def look_ahead(self, parts: list[ScheduledChunk]) -> None:
        """Nothing is prepared: a look into an index takes no time."""

    def draft(self, sequences: list[Sequence]) -> None:
        for sequence in sequences:
            if count := max_draft_tokens(sequence, self._draft_tokens, self._context_tokens):
                index = self._indices.setdefault(sequence.request.request_id, NgramIndex())
                sequence.draft = index.guess(sequence.tokens, count)

    def forget(self, sequence: Sequence) -> None:
        self._indices.pop(sequence.request.request_id, None)

    def close(self) -> None:
        self._indices.clear()
