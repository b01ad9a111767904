"""Guessing the next tokens, so that one step can check several. What is guessed changes how fast tokens come, never which."""

from typing import Protocol

from models.architectures.loader import ModelLoader
from models.config import EngineConfig
from models.engine.sequence import ScheduledChunk, Sequence
from models.spec_decode.async_draft import AsyncDrafter
from models.spec_decode.draft_model import DraftModelDrafter
from models.spec_decode.draft_network import open_draft_network
from models.spec_decode.ngram import NgramDrafter


class Drafter(Protocol):
    """Fills in `sequence.draft`."""

    def look_ahead(self, parts: list[ScheduledChunk]) -> None:
        """A step is about to check these; whoever drafts beside the step begins here."""

    def draft(self, sequences: list[Sequence]) -> None:
        """Guess for each of these what follows its tokens, as far as it may go on."""

    def forget(self, sequence: Sequence) -> None:
        """This one is over."""

    def close(self) -> None:
        """Give back what is held: memory, processes."""


class NoDrafter:
    """Nothing is guessed."""

    def look_ahead(self, parts: list[ScheduledChunk]) -> None:
        pass

    def draft(self, sequences: list[Sequence]) -> None:
        pass

    def forget(self, sequence: Sequence) -> None:
        pass

    def close(self) -> None:
        pass


def make_drafter(config: EngineConfig, target: ModelLoader, cache_tokens: int) -> Drafter:
    """The drafter that the configuration asks for; `cache_tokens` is how many tokens the target's cache has room for."""
    if config.speculation == "ngram":
        return NgramDrafter(config.draft_tokens, target.context_tokens)
    if config.speculation == "draft":
        return DraftModelDrafter(open_draft_network(config, target, cache_tokens), config.draft_tokens)
    if config.speculation == "async-draft":
        return AsyncDrafter(config, target, cache_tokens)
    return NoDrafter()
