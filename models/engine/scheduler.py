"""Which tokens a step computes: continuous batching with chunked prefill, and preemption by recomputation when the cache is full."""

from collections import deque
from dataclasses import dataclass
from time import time

from models.engine.block_manager import ROOT, BlockManager, block_digest
from models.engine.sequence import ScheduledChunk, Sequence


@dataclass
class SchedulerCounts:
    """What happened since it was last asked."""

    prefix_queries: int = 0  # prompt tokens looked up
    prefix_hits: int = 0
    preemptions: int = 0


class Scheduler:
    """The queue, who runs, and the blocks they hold."""

    def __init__(self, pool: BlockManager, max_sequences: int, max_batch_tokens: int) -> None:
        self.pool = pool
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []
        self.counts = SchedulerCounts()
        self._max_sequences = max_sequences
        self._max_batch_tokens = max_batch_tokens

    def next_parts(self) -> list[ScheduledChunk]:
        """What runs goes first, in order of arrival; then whoever waits, as long as tokens and blocks suffice."""
        parts: list[ScheduledChunk] = []
        budget = self._max_batch_tokens
        for sequence in list(self.running):
            # Making room for an earlier one may have preempted it.
            if budget and sequence in self.running and (part := self._continued(sequence, budget)):
                parts.append(part)
                budget -= part.tokens
        while (
            budget
            and self.waiting
            and len(self.running) < self._max_sequences
            and (part := self._admitted(self.waiting[0], budget))
        ):
            parts.append(part)
            budget -= part.tokens
        return parts

    def computed(self, part: ScheduledChunk, tokens: int) -> None:
        """So many tokens of the sequence are in the cache now; blocks that became full may be shared."""
        sequence, size = part.sequence, self.pool.block_tokens
        sequence.computed = tokens
        while len(sequence.digests) < tokens // size:
            first = len(sequence.digests) * size
            parent = sequence.digests[-1] if sequence.digests else ROOT
            sequence.digests.append(block_digest(parent, sequence.tokens[first : first + size]))
            self.pool.share(sequence.blocks[len(sequence.digests) - 1], sequence.digests[-1])

    def remove(self, sequence: Sequence) -> None:
        """It is over, wherever it stood."""
        if sequence in self.running:
            self.running.remove(sequence)
            self._release(sequence)
        else:
            self.waiting.remove(sequence)

    def _continued(self, sequence: Sequence, budget: int) -> ScheduledChunk | None:
        known = len(sequence.tokens) - sequence.computed
        # A guess takes blocks that are free, never those of another sequence.
        places = (
            len(sequence.blocks) + self.pool.free
        ) * self.pool.block_tokens - sequence.computed
        drafted = min(len(sequence.draft), max(min(budget, places) - known, 0))
        tokens = min(known, budget) + drafted
        if not self._make_room(sequence, tokens):
            return None
        return ScheduledChunk(
            sequence, tokens, drafted, is_prefill=known > 1 or not sequence.generated_tokens
        )

    def _make_room(self, sequence: Sequence, tokens: int) -> bool:
        """Blocks for so many more tokens, if need be those of whoever came last; False if that was the sequence itself."""
        missing = self.pool.needed(sequence.computed + tokens) - len(sequence.blocks)
        while missing > self.pool.free:
            last = self.running[-1]
            self._preempt(last)
            if last is sequence:
                return False
        sequence.blocks += self.pool.take(max(missing, 0))
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Its tokens stay, its keys and values do not: it is first in the queue, to be computed again."""
        self.running.remove(sequence)
        self._release(sequence)
        sequence.computed = 0
        sequence.draft = []
        sequence.preemptions += 1
        self.counts.preemptions += 1
        self.waiting.appendleft(sequence)

    def _release(self, sequence: Sequence) -> None:
        self.pool.release(sequence.blocks)
        sequence.blocks = []
        sequence.digests = []

    def _admitted(self, sequence: Sequence, budget: int) -> ScheduledChunk | None:
        """The first in the queue starts once there is room for all of its tokens, so that it is not preempted at once."""
        blocks, digests = self.pool.find(sequence.tokens)
        fresh = self.pool.needed(len(sequence.tokens)) - len(blocks)
        if fresh > self.pool.free_beside(blocks):
            return None
        self.waiting.popleft()
        self.running.append(sequence)
        self.pool.hold(blocks)
        sequence.digests = digests
        sequence.computed = len(blocks) * self.pool.block_tokens
        self._note_admission(sequence)
        tokens = min(len(sequence.tokens) - sequence.computed, budget)
        sequence.blocks = blocks + self.pool.take(fresh)
        return ScheduledChunk(sequence, tokens, 0, is_prefill=True)

    def _note_admission(self, sequence: Sequence) -> None:
        """Only the first admission counts: computing again after a preemption is not a new prompt."""
        if sequence.cached_tokens is None:
            sequence.scheduled_at = time()
            sequence.cached_tokens = sequence.computed
            self.counts.prefix_queries += sequence.prompt_tokens
            self.counts.prefix_hits += sequence.computed
