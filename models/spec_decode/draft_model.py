"""Guessing by a small model in the engine's process, between its steps."""

from dataclasses import dataclass

from models.engine.sequence import Part, Sequence
from models.spec_decode.draft_network import DraftNetwork, Text, Track
from models.spec_decode.limits import room


@dataclass(frozen=True)
class Guess:
    """One sequence that is being guessed for."""

    sequence: Sequence
    track: Track
    tokens: int  # to guess

    @property
    def text(self) -> Text:
        """What is known and guessed so far."""
        return Text(self.track, self.sequence.tokens + self.sequence.draft, 1)

    @property
    def is_done(self) -> bool:
        return len(self.sequence.draft) == self.tokens


class ModelDrafter:
    """The likeliest tokens of a small model, one forward pass for each guessed token of all sequences."""

    def __init__(self, network: DraftNetwork, draft_tokens: int) -> None:
        self._network = network
        self._draft_tokens = draft_tokens
        self._tracks: dict[str, Track] = {}

    def look_ahead(self, parts: list[Part]) -> None:
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

    def _begin(self, sequence: Sequence) -> Guess | None:
        tokens = room(sequence, self._draft_tokens, self._network.context_tokens)
        track = self._tracks.setdefault(sequence.request.request_id, Track())
        if not tokens or not self._network.reserve(track, len(sequence.tokens) + tokens):
            return None
        track.settle(sequence.tokens)
        return Guess(sequence, track, tokens)
