"""Guessing the next tokens, so that one step can check several. What is guessed changes how fast tokens come, never which."""

from typing import Protocol

from models.engine.sequence import Part, Sequence


class Drafter(Protocol):
    """Fills in `sequence.draft`."""

    def look_ahead(self, parts: list[Part]) -> None:
        """A step is about to check these; whoever drafts beside the step begins here."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Guess for each of these what follows its tokens, as far as it may go on."""

    def forget(self, sequence: Sequence) -> None:
        """This one is over."""

    def close(self) -> None:
        """Give back what is held: memory, processes."""


class NoDrafter:
    """Nothing is guessed."""

    def look_ahead(self, parts: list[Part]) -> None:
        pass

    def draft(self, sequences: list[Sequence]) -> None:
        pass

    def forget(self, sequence: Sequence) -> None:
        pass

    def close(self) -> None:
        pass
