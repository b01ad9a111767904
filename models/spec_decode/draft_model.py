"""Guessing by a small model in the engine's process, between its steps."""

from dataclasses import dataclass

from models.engine.sequence import ScheduledChunk, Sequence
from models.spec_decode.draft_network import DraftNetwork, DraftInput, DraftCache
from models.spec_decode.limits import max_draft_tokens


@dataclass(frozen=True)
class DraftInProgress:
    """One sequence that is being guessed for."""

    sequence: Sequence
    track: DraftCache
    tokens: int  # to guess

    @property
    def text(self) -> DraftInput:
        """What is known and guessed so far."""
        return DraftInput(self.track, self.sequence.tokens + self.sequence.draft, 1)

    @property
    def is_done(self) -> bool:
        return len(self.sequence.draft) == self.tokens


class DraftModelDrafter:
    """The likeliest tokens of a small model, one forward pass for each guessed token of all sequences."""

    def __init__(self, network: DraftNetwork, draft_tokens: int) -> None:
        self._network = network
        self._draft_tokens = draft_tokens
        self._tracks: dict[str, DraftCache] = {}

    def look_ahead(self, parts: list[ScheduledChunk]) -> None:
        """Nothing is prepared: the small model has to wait for what the step chooses."""

    def draft(self, sequences: list[Sequence]) -> None:
        guesses = [guess for sequence in sequences if (guess := self._begin(sequence))]
        while guesses:
            tokens = self._network.read([guess.text for guess in guesses]).argmax(-1).tolist()
            for guess, token in zip(guesses, tokens, strict=True):
                guess.sequence.draft.append(token)
            guesses = [guess for guess in guesses if not guess.is_done]

    def forget(self, sequence: Sequence) -> None:
        if track := self._tracks.pop(sequence.request.request_id, None):
            self._network.drop(track)

    def close(self) -> None:
        self._tracks.clear()

    def _begin(self, sequence: Sequence) -> DraftInProgress | None:
        tokens = max_draft_tokens(sequence, self._draft_tokens, self._network.context_tokens)
        track = self._tracks.setdefault(sequence.request.request_id, DraftCache())
        if not tokens or not self._network.reserve(track, len(sequence.tokens) + tokens):
            return None
        track.settle(sequence.tokens)
        return DraftInProgress(sequence, track, tokens)
