"""Guessing by a small model in a process of its own, while the engine checks the guesses before.

As a step begins the other process is told what is checked, and prepares a draft for each likely outcome. What the step then chooses
is one of them, and its draft is there at once, or it is not, and what followed such tokens before is the guess. Should the process die,
the engine goes on with those guesses alone: tokens come slower, and are the same.
"""

import logging
import multiprocessing
import signal
from multiprocessing.connection import Connection

import torch

from models.architectures.loader import ModelLoader
from models.config import EngineConfig
from models.engine.memory import keep_freed_memory
from models.engine.sequence import ScheduledChunk, Sequence
from models.errors import EngineStopped, TierError
from models.spec_decode.branches import MAX_BRANCHES, PendingStep, BranchDrafter, PreparedDrafts
from models.spec_decode.draft_network import BLOCK_TOKENS, SPARE_BLOCKS, draft_loader, open_draft_network
from models.spec_decode.limits import max_draft_tokens
from models.spec_decode.ngram import NgramDrafter

STOP_SECONDS = 5
BROKEN = (EOFError, OSError)  # what a pipe says whose other end is gone

log = logging.getLogger(__name__)


class AsyncDrafter:
    """The engine's side: tells what is checked, takes what was prepared."""

    def __init__(self, config: EngineConfig, target: ModelLoader, cache_tokens: int) -> None:
        self._draft_tokens = config.draft_tokens
        self._context_tokens = draft_loader(config, target).context_tokens
        self._memory = NgramDrafter(config.draft_tokens, target.context_tokens)
        self._told: dict[str, int] = {}  # how many of a sequence's tokens the process knows
        self._gone: list[str] = []
        self._asked: list[str] = []
        context = multiprocessing.get_context("spawn")
        self._pipe, theirs = context.Pipe()
        self._process = context.Process(
            target=run_drafter, args=(config, target, cache_tokens, theirs), name="drafter", daemon=True
        )
        self._process.start()
        theirs.close()
        self._wait_until_ready()

    def look_ahead(self, parts: list[ScheduledChunk]) -> None:
        self._answers()  # of a step that failed after it was told of
        aheads = [self._ahead(part) for part in parts if part.is_complete]
        if not aheads or self._pipe.closed:
            return
        try:
            self._pipe.send((self._gone, aheads))
        except BROKEN:
            self._give_up()
            return
        self._gone = []
        self._asked = [ahead.name for ahead in aheads]

    def draft(self, sequences: list[Sequence]) -> None:
        prepared = self._answers()
        for sequence in sequences:
            name = sequence.request.request_id
            if name in prepared and (
                count := max_draft_tokens(sequence, self._draft_tokens, self._context_tokens)
            ):
                came = tuple(sequence.tokens[self._told[name] :])
                sequence.draft = prepared[name].get(came, [])[:count]
        self._memory.draft(sequences)

    def forget(self, sequence: Sequence) -> None:
        self._memory.forget(sequence)
        if self._told.pop(sequence.request.request_id, None):
            self._gone.append(sequence.request.request_id)

    def close(self) -> None:
        """The process ends when its pipe does."""
        self._pipe.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(STOP_SECONDS)

    def _wait_until_ready(self) -> None:
        try:
            error: TierError | None = self._pipe.recv()
        except BROKEN as broken:
            self.close()
            raise EngineStopped(
                f"The draft process ended with {self._process.exitcode} as it started; its output says why."
            ) from broken
        if error:
            self.close()
            raise error

    def _ahead(self, part: ScheduledChunk) -> PendingStep:
        sequence = part.sequence
        name, told = sequence.request.request_id, self._told.get(sequence.request.request_id, 0)
        self._told[name] = len(sequence.tokens)
        return PendingStep(name, sequence.tokens[told:], sequence.draft[: part.drafted])

    def _answers(self) -> dict[str, PreparedDrafts]:
        """What was prepared for the step of which it was told; waits for it."""
        asked, self._asked = self._asked, []
        if not asked:
            return {}
        try:
            return dict(zip(asked, self._pipe.recv(), strict=True))
        except BROKEN:
            self._give_up()
            return {}

    def _give_up(self) -> None:
        self.close()
        log.warning(
            "The draft process ended with %s; only n-grams are guessed until the engine is restarted.",
            self._process.exitcode,
        )


def run_drafter(config: EngineConfig, target: ModelLoader, cache_tokens: int, pipe: Connection) -> None:
    """The other process: prepares drafts until the engine is gone."""
    signal.signal(
        signal.SIGINT, signal.SIG_IGN
    )  # the engine decides when to stop, and hears of it from whoever started it
    keep_freed_memory()
    torch.set_num_threads(1)
    own_blocks = MAX_BRANCHES * (1 + -(-config.draft_tokens // BLOCK_TOKENS))
    try:
        drafter = BranchDrafter(
            open_draft_network(config, target, cache_tokens, SPARE_BLOCKS + own_blocks), config.draft_tokens
        )
    except TierError as error:
        pipe.send(error)
        return
    pipe.send(None)
    while True:
        try:
            gone, aheads = pipe.recv()
            for name in gone:
                drafter.forget(name)
            pipe.send(drafter.prepare(aheads))
        except BROKEN:
            return
