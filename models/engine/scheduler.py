"""Choice of the tokens of a step: continuous batching with chunked prefill.

When the cache is full, the latest sequence is preempted and computed again later.
"""

from collections import deque
from dataclasses import dataclass
from time import time

from models.engine.block_manager import ROOT, BlockManager, block_digest, prefix_digests
from models.engine.sequence import ScheduledChunk, Sequence
from models.kv_offload.kv_offload import KvOffload, Restore


@dataclass
class SchedulerCounts:
    """Events since the last step."""

    prefix_queries: int = 0  # prompt tokens looked up
    prefix_hits: int = 0
    preemptions: int = 0


class Scheduler:
    """Queue of waiting sequences, the running ones, and the blocks that they hold."""

    def __init__(
        self,
        block_manager: BlockManager,
        max_sequences: int,
        max_batch_tokens: int,
        offload: KvOffload | None = None,
    ) -> None:
        self.block_manager = block_manager
        self._offload = offload
        self.waiting: deque[Sequence] = deque()
        self.running: list[Sequence] = []
        self.counts = SchedulerCounts()
        self._max_sequences = max_sequences
        self._max_batch_tokens = max_batch_tokens

    def schedule(self) -> list[ScheduledChunk]:
        """Choose the chunks of the next step.

        Running sequences come first, in order of arrival; then waiting ones, while tokens and
        blocks last.
        """
        chunks: list[ScheduledChunk] = []
        budget = self._max_batch_tokens
        for sequence in list(self.running):
            # One that an earlier sequence preempted to make room has no blocks.
            if budget and sequence.blocks and (chunk := self._continue(sequence, budget)):
                chunks.append(chunk)
                budget -= chunk.tokens
        while (
            budget
            and self.waiting
            and len(self.running) < self._max_sequences
            and self._admit(sequence := self.waiting[0])
        ):
            if not sequence.restore:
                tokens = min(len(sequence.tokens) - sequence.computed_tokens, budget)
                chunks.append(ScheduledChunk(sequence, tokens, drafted=0))
                budget -= tokens
        return chunks

    def end_restores(self) -> None:
        """Let sequences be computed whose blocks are back from slower tiers."""
        for sequence in self.running:
            if (restore := sequence.restore) and restore.is_over:
                sequence.restore = None
                restored = restore.digests[: restore.done]
                for block, digest in zip(restore.blocks, restored, strict=False):
                    self.block_manager.register(block, digest)
                sequence.digests += restored
                sequence.computed_tokens = len(sequence.digests) * self.block_manager.block_tokens
                self._count_admission(sequence, restore)

    def mark_computed(self, sequence: Sequence, tokens: int) -> None:
        """Record that this many tokens are in the cache. Full blocks may be shared from now on."""
        size = self.block_manager.block_tokens
        sequence.computed_tokens = tokens
        while len(sequence.digests) < tokens // size:
            first = len(sequence.digests) * size
            parent = sequence.digests[-1] if sequence.digests else ROOT
            sequence.digests.append(block_digest(parent, sequence.tokens[first : first + size]))
            block, digest = sequence.blocks[len(sequence.digests) - 1], sequence.digests[-1]
            if self.block_manager.register(block, digest) and self._offload:
                self._offload.add_filled(block, digest)

    def remove(self, sequence: Sequence) -> None:
        """Remove a sequence that is over, running or waiting."""
        if sequence in self.running:
            self.running.remove(sequence)
            self._release(sequence)
        else:
            self.waiting.remove(sequence)

    def _continue(self, sequence: Sequence, budget: int) -> ScheduledChunk | None:
        if sequence.restore:
            return None
        known = len(sequence.tokens) - sequence.computed_tokens
        # Draft tokens may use free blocks, never those of another sequence.
        blocks = len(sequence.blocks) + self.block_manager.free_blocks
        room = blocks * self.block_manager.block_tokens - sequence.computed_tokens
        drafted = min(len(sequence.draft), max(min(budget, room) - known, 0))
        tokens = min(known, budget) + drafted
        if not self._make_room(sequence, tokens):
            return None
        return ScheduledChunk(sequence, tokens, drafted)

    def _make_room(self, sequence: Sequence, tokens: int) -> bool:
        """Allocate blocks for this many more tokens, preempting the latest sequences if needed.

        Return False if the sequence itself was preempted.
        """
        end = sequence.computed_tokens + tokens
        missing = self.block_manager.blocks_needed(end) - len(sequence.blocks)
        while missing > self.block_manager.free_blocks:
            latest = self.running[-1]
            self._preempt(latest)
            if latest is sequence:
                return False
        sequence.blocks += self.block_manager.allocate(max(missing, 0))
        return True

    def _preempt(self, sequence: Sequence) -> None:
        """Move a sequence to the front of the queue. Keys and values are lost, tokens are kept."""
        self.running.remove(sequence)
        self._release(sequence)
        sequence.computed_tokens = 0
        sequence.draft = []
        sequence.preemptions += 1
        self.counts.preemptions += 1
        self.waiting.appendleft(sequence)

    def _release(self, sequence: Sequence) -> None:
        if self._offload:
            self._offload.touch(sequence.digests)
        sequence.restore = None
        self.block_manager.release(sequence.blocks)
        sequence.blocks = []
        sequence.digests = []

    def _admit(self, sequence: Sequence) -> bool:
        """Start the first waiting sequence if all its tokens fit.

        A sequence that starts without enough blocks would be preempted at once.
        """
        blocks, digests = self.block_manager.find_prefix(sequence.tokens)
        missing = self.block_manager.blocks_needed(len(sequence.tokens)) - len(blocks)
        if missing > self.block_manager.free_excluding(blocks):
            return False
        self.waiting.popleft()
        self.running.append(sequence)
        self.block_manager.hold(blocks)
        sequence.digests = digests
        sequence.computed_tokens = len(blocks) * self.block_manager.block_tokens
        sequence.blocks = blocks + self.block_manager.allocate(missing)
        sequence.scheduled_at = sequence.scheduled_at or time()
        sequence.restore = self._find_restore(sequence)
        if not sequence.restore:
            self._count_admission(sequence, None)
        return True

    def _find_restore(self, sequence: Sequence) -> Restore | None:
        """Look up in slower tiers what the device lacks of a prefix."""
        if not self._offload:
            return None
        size, known = self.block_manager.block_tokens, sequence.digests
        found = self._offload.find(prefix_digests(sequence.tokens, size, known))
        return Restore(sequence.blocks[len(known) :], found) if found else None

    def _count_admission(self, sequence: Sequence, restore: Restore | None) -> None:
        """Count the first admission only: a preempted sequence is not a new prompt."""
        if sequence.cached_tokens is not None:
            return
        size = self.block_manager.block_tokens
        if restore:
            sequence.disk_tokens = restore.from_disk * size
            sequence.host_tokens = restore.done * size - sequence.disk_tokens
        slower = sequence.host_tokens + sequence.disk_tokens
        sequence.cached_tokens = sequence.computed_tokens
        on_device = sequence.computed_tokens - slower
        self.counts.prefix_queries += sequence.prompt_tokens
        self.counts.prefix_hits += on_device
        if self._offload:
            missed = sequence.prompt_tokens - on_device
            self._offload.count(missed, sequence.host_tokens, sequence.disk_tokens)
