"""Drafts by a small model in its own process, while the engine verifies the previous drafts.

At the start of each step the engine sends the draft process what it is about to verify. The process
prepares a draft for each likely outcome. If the step's outcome is one of them, its draft is there
at once; if not, n-grams propose one. If the process dies, the engine goes on with n-grams: tokens
come more slowly and stay the same.
"""

import logging
import multiprocessing
import signal
from multiprocessing.connection import Connection

import torch

from models.architectures.loader import ModelLoader
from models.config import EngineConfig
from models.engine.drafter import max_draft_length
from models.engine.memory import keep_freed_memory
from models.engine.sequence import ScheduledChunk, Sequence
from models.errors import EngineStopped, TierError
from models.spec_decode.branches import (
    MAX_BRANCHES,
    BranchDrafter,
    PendingStep,
    PreparedDrafts,
)
from models.spec_decode.draft_network import (
    BLOCK_TOKENS,
    SPARE_BLOCKS,
    draft_loader,
    open_draft_network,
)
from models.spec_decode.ngram import NgramDrafter

STOP_SECONDS = 5
BROKEN_PIPE = (EOFError, OSError)  # raised by a pipe whose other end is gone

log = logging.getLogger(__name__)


class AsyncDrafter:
    """The engine's side: it announces each step and fetches the prepared drafts."""

    def __init__(self, config: EngineConfig, target: ModelLoader, cache_tokens: int) -> None:
        self._draft_tokens = config.max_draft_tokens
        self._context_tokens = draft_loader(config, target).context_tokens
        self._ngrams = NgramDrafter(
            config.max_draft_tokens, target.context_tokens, config.draft_confidence_threshold
        )
        self._sent_tokens: dict[str, int] = {}  # tokens of a sequence that the process knows
        self._finished: list[str] = []
        self._awaited: list[str] = []
        context = multiprocessing.get_context("spawn")
        self._pipe, their_pipe = context.Pipe()
        self._process = context.Process(
            target=run_drafter,
            args=(config, target, cache_tokens, their_pipe),
            name="drafter",
            daemon=True,
        )
        self._process.start()
        their_pipe.close()
        self._wait_until_ready()

    def look_ahead(self, chunks: list[ScheduledChunk]) -> None:
        """Send the drafts that the step is about to verify."""
        self._receive()  # drafts of an earlier step that failed after this call
        pending = [self._pending_step(chunk) for chunk in chunks if chunk.is_complete]
        if not pending or self._pipe.closed:
            return
        try:
            self._pipe.send((self._finished, pending))
        except BROKEN_PIPE:
            self._give_up()
            return
        self._finished = []
        self._awaited = [step.name for step in pending]

    def draft(self, sequences: list[Sequence]) -> None:
        """Take the prepared drafts, and drafts from n-grams where there are none."""
        prepared = self._receive()
        for sequence in sequences:
            name = sequence.request.request_id
            length = max_draft_length(sequence, self._draft_tokens, self._context_tokens)
            if name in prepared and length:
                appended = tuple(sequence.tokens[self._sent_tokens[name] :])
                sequence.draft = prepared[name].get(appended, [])[:length]
        self._ngrams.draft(sequences)

    def forget(self, sequence: Sequence) -> None:
        """Drop a sequence here, and in the process with the next message."""
        self._ngrams.forget(sequence)
        if self._sent_tokens.pop(sequence.request.request_id, None):
            self._finished.append(sequence.request.request_id)

    def close(self) -> None:
        """Close the pipe, which ends the process."""
        self._pipe.close()
        self._process.join(STOP_SECONDS)
        if self._process.is_alive():
            self._process.kill()
            self._process.join(STOP_SECONDS)

    def _wait_until_ready(self) -> None:
        try:
            error: TierError | None = self._pipe.recv()
        except BROKEN_PIPE as broken:
            self.close()
            raise EngineStopped(
                f"The draft process ended with exit code {self._process.exitcode} at its start; "
                "its output has the reason."
            ) from broken
        if error:
            self.close()
            raise error

    def _pending_step(self, chunk: ScheduledChunk) -> PendingStep:
        sequence, name = chunk.sequence, chunk.sequence.request.request_id
        sent = self._sent_tokens.get(name, 0)
        self._sent_tokens[name] = len(sequence.tokens)
        new, draft = sequence.tokens[sent:], sequence.draft[: chunk.drafted]
        return PendingStep(name, new, draft, sequence.is_random)

    def _receive(self) -> dict[str, PreparedDrafts]:
        """Wait for the drafts of the announced step, if there is one."""
        awaited, self._awaited = self._awaited, []
        if not awaited:
            return {}
        try:
            return dict(zip(awaited, self._pipe.recv(), strict=True))
        except BROKEN_PIPE:
            self._give_up()
            return {}

    def _give_up(self) -> None:
        self.close()
        log.warning(
            "The draft process ended with exit code %s; only n-grams propose drafts until the "
            "engine is restarted.",
            self._process.exitcode,
        )


def run_drafter(
    config: EngineConfig, target: ModelLoader, cache_tokens: int, pipe: Connection
) -> None:
    """Prepare drafts in the draft process until the engine is gone."""
    # The engine decides when this process stops; Ctrl-C reaches the engine's owner.
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    keep_freed_memory()
    torch.set_num_threads(1)
    branch_blocks = MAX_BRANCHES * (1 + -(-config.max_draft_tokens // BLOCK_TOKENS))
    spare_blocks = SPARE_BLOCKS + branch_blocks
    try:
        network = open_draft_network(config, target, cache_tokens, spare_blocks)
    except TierError as error:
        pipe.send(error)
        return
    drafter = BranchDrafter(network, config.max_draft_tokens, config.draft_confidence_threshold)
    pipe.send(None)
    while True:
        try:
            finished, pending = pipe.recv()
            for name in finished:
                drafter.forget(name)
            pipe.send(drafter.prepare(pending))
        except BROKEN_PIPE:
            return
