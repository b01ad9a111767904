"""Drafts by a small model in the engine's process, between its steps."""

from dataclasses import dataclass

from models.engine.drafter import max_draft_length
from models.engine.sequence import ScheduledChunk, Sequence
from models.spec_decode.draft_network import DraftCache, DraftInput, DraftNetwork


@dataclass(frozen=True)
class DraftInProgress:
    """A sequence and the draft tokens that it still needs."""

    sequence: Sequence
    cache: DraftCache
    length: int

    @property
    def input(self) -> DraftInput:
        """The sequence's tokens and its draft so far."""
        return DraftInput(self.cache, self.sequence.tokens + self.sequence.draft, 1)

    @property
    def is_done(self) -> bool:
        """True if the draft has its full length."""
        return len(self.sequence.draft) == self.length


class DraftModelDrafter:
    """Drafter that takes the small model's likeliest tokens.

    Each draft token costs one forward pass over all sequences.
    """

    def __init__(self, network: DraftNetwork, draft_tokens: int) -> None:
        self._network = network
        self._draft_tokens = draft_tokens
        self._caches: dict[str, DraftCache] = {}

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Prepare nothing: the small model waits for the tokens that the step samples."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose the likeliest tokens, one position of all sequences at a time."""
        drafts = [draft for sequence in sequences if (draft := self._begin(sequence))]
        while drafts:
            logits = self._network.read([draft.input for draft in drafts])
            for draft, token in zip(drafts, logits.argmax(-1).tolist(), strict=True):
                draft.sequence.draft.append(token)
            drafts = [draft for draft in drafts if not draft.is_done]

    def forget(self, sequence: Sequence) -> None:
        """Release the sequence's blocks in the draft cache."""
        if cache := self._caches.pop(sequence.request.request_id, None):
            self._network.release(cache)

    def close(self) -> None:
        """Drop all caches."""
        self._caches.clear()

    def _begin(self, sequence: Sequence) -> DraftInProgress | None:
        length = max_draft_length(sequence, self._draft_tokens, self._network.context_tokens)
        cache = self._caches.setdefault(sequence.request.request_id, DraftCache())
        if not length or not self._network.reserve(cache, len(sequence.tokens) + length):
            return None
        cache.rewind(sequence.tokens)
        return DraftInProgress(sequence, cache, length)
