"""Steps of decoding, replayed from graphs that the device captured.

A step with one token for each sequence is padded to one of a few numbers of sequences. The first
step of that number runs as usual and is captured then; later ones are one copy of their numbers,
one update of the sequences' lengths and one replay. Padding is sequences of one token, whose keys
and values go to a spare block that is no sequence's.
"""

import logging
from collections.abc import Iterator
from dataclasses import dataclass, replace

from torch import Tensor

from models.architectures.qwen3 import Qwen3
from models.engine.expert_rows import ExpertRows
from models.ops.ops import Batch, GraphPool, KeyValues, StepGraph, StepInput
from models.ops.staging import restage, stage

SPARE_BLOCKS = 1  # at the end of the cache
MAX_REASON = 200  # letters of a line that says why a capture failed

log = logging.getLogger(__name__)


def bucket_sizes(max_sequences: int) -> Iterator[int]:
    """Yield the numbers of sequences that have a graph, as in vLLM, and last `max_sequences`."""
    for size in (1, 2, 4, *range(8, 256, 8), *range(256, max_sequences, 16)):
        if size < max_sequences:
            yield size
    yield max_sequences


@dataclass(frozen=True)
class CapturedStep:
    """A graph, the memory it reads its numbers from, and the logits [size, V] it writes."""

    step: StepInput
    graph: StepGraph
    logits: Tensor


class DecodeGraphs:
    """Graphs of one network and its cache, whose last block is spare."""

    def __init__(
        self,
        network: Qwen3,
        caches: list[KeyValues],
        rows: ExpertRows,
        pool: GraphPool,
        max_sequences: int,
    ) -> None:
        self._network = network
        self._caches = caches
        self._rows = rows
        self._pool: GraphPool | None = pool
        self._sizes = list(bucket_sizes(max_sequences))
        self._captured: dict[int, CapturedStep] = {}
        blocks, self._block_tokens = caches[0].keys.shape[:2]
        self._spare_block = blocks - SPARE_BLOCKS
        self._table_width = -(-len(network.cos) // self._block_tokens)

    def start(self) -> bool:
        """Capture the smallest size, with padding alone. Return whether the device can."""
        self._forward(Batch([], [], [], [], [], [], []), self._sizes[0])
        return bool(self._captured)

    def forward(self, batch: Batch) -> Tensor | None:
        """Compute logits [sequences, V], or None where the step is not one for graphs.

        The logits hold until the next step.
        """
        sequences = len(batch.query_tokens)
        if not sequences == len(batch.token_ids) == len(batch.wanted):
            return None
        size = next((size for size in self._sizes if size >= sequences), 0)
        if size not in self._captured and not (size and self._pool):
            return None
        return self._forward(batch, size)[:sequences]

    def _forward(self, batch: Batch, size: int) -> Tensor:
        padded = self._pad(batch, size)
        if (captured := self._captured.get(size)) is None:
            return self._run_and_capture(padded, size)
        captured.graph.update(padded.context_tokens)
        restage(padded, captured.step)
        captured.graph.replay()
        return captured.logits

    def _pad(self, batch: Batch, size: int) -> Batch:
        """Fill a batch up to `size` sequences."""
        missing = size - len(batch.token_ids)
        first = self._spare_block * self._block_tokens
        return Batch(
            token_ids=batch.token_ids + [0] * missing,
            positions=batch.positions + [0] * missing,
            # Slots of a step must differ, so there are at most as many as the block has tokens.
            slots=batch.slots + list(range(first, first + missing)),
            query_tokens=[1] * size,
            context_tokens=batch.context_tokens + [1] * missing,
            blocks=batch.blocks + [[self._spare_block]] * missing,
            wanted=list(range(size)),
        )

    def _run_and_capture(self, padded: Batch, size: int) -> Tensor:
        """Compute a step as usual, which a capture needs to have happened, then capture it."""
        device, dtype = self._network.embedding.device, self._network.ops.index_dtype
        step = stage(padded, self._block_tokens, device, dtype, self._table_width)
        logits = self._compute(step)
        if self._pool:
            try:
                self._captured[size] = self._capture(self._pool, step)
            except RuntimeError as reason:
                self._pool = None
                line = str(reason).partition("\n")[0][:MAX_REASON]
                log.warning("graphs: no more than %d, because %s", len(self._captured), line)
        return logits

    def _capture(self, pool: GraphPool, step: StepInput) -> CapturedStep:
        """Capture for the longest sequences. Each replay states their lengths."""
        longest = [self._table_width * self._block_tokens] * len(step.token_ids)
        recorded = replace(step, batch=replace(step.batch, context_tokens=longest))
        return CapturedStep(step, *pool.capture(lambda: self._compute(recorded)))

    def _compute(self, step: StepInput) -> Tensor:
        logits = self._network.compute(step, self._caches)
        self._rows.count(step.slots < self._spare_block * self._block_tokens)
        return logits
