"""Drafts from n-grams (prompt lookup): tokens that followed the last few earlier in the text."""

from models.engine.drafter import max_draft_length
from models.engine.sequence import ScheduledChunk, Sequence
from models.spec_decode.confidence import AcceptanceTable, Guess, batch_threshold

MIN_NGRAM = 2  # tokens that must have occurred before
MAX_NGRAM = 4
# Shares of right guesses by the length of the match, until more is known.
EXPECTED = [0.0, 0.0, 0.6, 0.7, 0.8]


class NgramIndex:
    """Last occurrence of each n-gram in one growing sequence.

    Each token is indexed once, however often the index is asked.
    """

    def __init__(self, shortest: int = MIN_NGRAM, longest: int = MAX_NGRAM) -> None:
        self._lengths = range(longest, shortest - 1, -1)
        # n-gram -> the position after its last occurrence
        self._follows: dict[tuple[int, ...], int] = {}
        self._indexed = 0

    def propose(self, tokens: list[int], count: int) -> list[Guess]:
        """Propose `count` tokens after `tokens`, or none. `tokens` may only grow between calls.

        The level of a guess is the length of its match, which each right token makes longer by one.

        Where the earlier text reaches the end of the sequence, the draft itself continues it, so
        that a repetition goes on.
        """
        self._extend(tokens)
        start, length = self._longest_match(tokens)
        if not length:
            return []
        guesses: list[Guess] = []
        for position in range(start, start + count):
            offset = position - len(tokens)
            token = tokens[position] if offset < 0 else guesses[offset].token
            guesses.append(Guess(token, min(length + position - start, self._lengths[0])))
        return guesses

    def _longest_match(self, tokens: list[int]) -> tuple[int, int]:
        """Return the position after the last occurrence, and the length; 0 without a match."""
        for length in self._lengths:
            if position := self._follows.get(tuple(tokens[-length:])):
                return position, length
        return 0, 0

    def _extend(self, tokens: list[int]) -> None:
        """Index the n-grams that something follows. The sequence's own end is the search term."""
        for end in range(max(self._indexed, 1), len(tokens)):
            for length in self._lengths:
                if length <= end:
                    self._follows[tuple(tokens[end - length : end])] = end
        self._indexed = len(tokens)


class NgramDrafter:
    """Drafter with one n-gram index for each sequence."""

    def __init__(self, draft_tokens: int, context_tokens: int, threshold: float = 0.0) -> None:
        self._draft_tokens = draft_tokens
        self._context_tokens = context_tokens
        self._threshold = threshold
        self._table = AcceptanceTable(EXPECTED)
        self._indices: dict[str, NgramIndex] = {}

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Prepare nothing: a lookup takes no time."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose the tokens that followed the last n-gram before, while they are likely enough."""
        threshold = batch_threshold(self._threshold, len(sequences))
        for sequence in sequences:
            if count := max_draft_length(sequence, self._draft_tokens, self._context_tokens):
                index = self._indices.setdefault(sequence.request.request_id, NgramIndex())
                guesses = self._table.begin(sequence)
                guesses += index.propose(sequence.tokens, count)
                sequence.draft = self._table.cut(guesses, sequence.is_random, threshold)

    def forget(self, sequence: Sequence) -> None:
        """Drop the sequence's index."""
        self._table.forget(sequence)
        self._indices.pop(sequence.request.request_id, None)

    def close(self) -> None:
        """Drop all indices."""
        self._indices.clear()
