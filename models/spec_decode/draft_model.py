"""Drafts by a small model in the engine's process, between its steps."""

from dataclasses import dataclass

from models.engine.drafter import max_draft_length
from models.engine.sequence import ScheduledChunk, Sequence
from models.spec_decode.confidence import Guess, batch_threshold, draft_model_table, likeliest
from models.spec_decode.draft_network import DraftCache, DraftInput, DraftNetwork

# Mean confidence in the drafts from which one more pass of the small model is worth its time.
MIN_MEAN_CONFIDENCE = 0.5


@dataclass(eq=False)
class SequenceDraft:
    """Guesses after the tokens of a sequence, of which the first become its draft."""

    sequence: Sequence
    cache: DraftCache
    length: int  # maximum
    guesses: list[Guess]
    confidence: float = 1.0  # chance that all guesses are accepted

    @property
    def input(self) -> DraftInput:
        """The sequence's tokens and its draft so far."""
        return DraftInput(self.cache, self.sequence.tokens + self.sequence.draft, 1)


class DraftModelDrafter:
    """Drafter that takes the small model's likeliest tokens, while they are likely enough.

    Each draft token costs one forward pass over the sequences that still draft, so with a threshold
    it ends for all when they are too few or too unsure.
    """

    def __init__(self, network: DraftNetwork, draft_tokens: int, threshold: float = 0.0) -> None:
        self._network = network
        self._draft_tokens = draft_tokens
        self._threshold = threshold
        self._table = draft_model_table()
        self._caches: dict[str, DraftCache] = {}

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Prepare nothing: the small model waits for the tokens that the step samples."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose the likeliest tokens, one position of all sequences at a time."""
        drafts = [draft for sequence in sequences if (draft := self._begin(sequence))]
        threshold = batch_threshold(self._threshold, len(sequences))
        least = MIN_MEAN_CONFIDENCE * len(drafts) if threshold else 0.0
        while drafts and sum(draft.confidence for draft in drafts) >= least:
            guesses = likeliest(self._network.read([draft.input for draft in drafts]))
            drafts = [
                draft
                for draft, guess in zip(drafts, guesses, strict=True)
                if self._extend(draft, guess, threshold)
            ]

    def forget(self, sequence: Sequence) -> None:
        """Release the sequence's blocks in the draft cache."""
        self._table.forget(sequence)
        if cache := self._caches.pop(sequence.request.request_id, None):
            self._network.release(cache)

    def close(self) -> None:
        """Drop all caches."""
        self._caches.clear()

    def _begin(self, sequence: Sequence) -> SequenceDraft | None:
        length = max_draft_length(sequence, self._draft_tokens, self._network.context_tokens)
        cache = self._caches.setdefault(sequence.request.request_id, DraftCache())
        if not length:
            return None
        self._network.adopt(cache, sequence.tokens)
        if not self._network.reserve(cache, len(sequence.tokens) + length):
            return None
        cache.rewind(sequence.tokens)
        return SequenceDraft(sequence, cache, length, self._table.begin(sequence))

    def _extend(self, draft: SequenceDraft, guess: Guess, threshold: float) -> bool:
        """Append a guess if it is likely enough. Return whether the draft goes on."""
        draft.guesses.append(guess)
        draft.confidence *= self._table.chance(guess, draft.sequence.is_random)
        if draft.confidence < threshold:
            return False
        draft.sequence.draft.append(guess.token)
        return len(draft.sequence.draft) < draft.length
