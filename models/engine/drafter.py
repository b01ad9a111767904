"""The interface of speculative decoding to the engine, and the limit that every drafter keeps.

Draft tokens change how fast tokens come, never which. The drafters themselves are in
`models.spec_decode`.
"""

from typing import Protocol

from models.engine.sequence import ScheduledChunk, Sequence


class Drafter(Protocol):
    """Proposer of draft tokens, which it stores in `sequence.draft`."""

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Prepare for a step that is about to verify these chunks."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose the next tokens of each sequence, as far as it may go on."""

    def forget(self, sequence: Sequence) -> None:
        """Drop all state of a sequence that is over."""

    def close(self) -> None:
        """Release memory and processes."""


class NoDrafter:
    """A drafter that proposes nothing."""

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Prepare nothing."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose nothing."""

    def forget(self, sequence: Sequence) -> None:
        """Drop nothing."""

    def close(self) -> None:
        """Release nothing."""


def max_draft_length(sequence: Sequence, draft_tokens: int, context_tokens: int) -> int:
    """Return how many draft tokens a sequence may have now.

    None while a draft waits to be verified or some of the sequence's tokens are not computed yet. A
    step that verifies n draft tokens gives up to n + 1 tokens, so the last token that the sequence
    may generate is never drafted.
    """
    if sequence.draft or len(sequence.tokens) - sequence.computed_tokens != 1:
        return 0
    room = context_tokens - len(sequence.tokens) - 1
    return max(min(draft_tokens, sequence.remaining_tokens - 1, room), 0)
