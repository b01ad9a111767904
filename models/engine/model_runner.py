"""Execution of the network on the chunks of a step, on one device."""

from typing import Protocol

import torch
from torch import Tensor

from models.architectures.qwen3 import Qwen3
from models.config import KvCacheDtype
from models.engine.decode_graphs import SPARE_BLOCKS, DecodeGraphs
from models.engine.expert_rows import ExpertRows
from models.engine.sequence import ScheduledChunk
from models.ops.ops import Batch
from models.protocol import LayerTimes


class ModelRunner(Protocol):
    """Executor of the network."""

    def forward(self, batch: Batch) -> Tensor:
        """Compute logits [wanted rows, V] in float32."""

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights in this process, scales included."""

    def expert_tokens(self) -> list[list[int]]:
        """Return rows by [sparse layer][expert] since the last call."""

    def layer_times(self) -> LayerTimes | None:
        """Return the last step's times of expert parallelism, or None without it."""

    def close(self) -> None:
        """Release memory and processes."""


class LocalRunner:
    """Runner of a network that is whole in this process."""

    def __init__(
        self,
        network: Qwen3,
        blocks: int,
        block_tokens: int,
        kv_cache_dtype: KvCacheDtype = "auto",
        graph_sequences: int = 0,
    ) -> None:
        """Make the cache. Steps of at most `graph_sequences` may be replayed from graphs."""
        self._network = network
        pool = network.ops.graph_pool() if graph_sequences else None
        blocks += SPARE_BLOCKS if pool else 0
        self.caches = network.new_caches(blocks, block_tokens, kv_cache_dtype)
        self._rows = ExpertRows(network)
        self._graphs: DecodeGraphs | None = None
        if pool:
            self._graphs = DecodeGraphs(network, self.caches, self._rows, pool, graph_sequences)
            self._start_graphs(self._graphs)

    @property
    def has_graphs(self) -> bool:
        """True if steps of decoding are replayed from graphs."""
        return self._graphs is not None

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Tensor:
        """Compute logits, and count the rows of each expert."""
        if self._graphs and (replayed := self._graphs.forward(batch)) is not None:
            return replayed
        logits = self._network.forward(batch, self.caches)
        self._rows.count()
        return logits

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights, scales included."""
        return self._network.weight_bytes

    def expert_tokens(self) -> list[list[int]]:
        """Return rows by [sparse layer][expert] since the last call."""
        return self._rows.take()

    def layer_times(self) -> LayerTimes | None:
        """Return None: nothing is exchanged with other ranks."""
        return None

    def close(self) -> None:
        """Release the cache and the graphs."""
        self.caches, self._graphs = [], None

    @torch.inference_mode()
    def _start_graphs(self, graphs: DecodeGraphs) -> None:
        """Do without graphs where not even the first can be captured."""
        if not graphs.start():
            self._graphs = None


def make_batch(chunks: list[ScheduledChunk], block_tokens: int) -> Batch:
    """Join the chunks into one batch."""
    batch = Batch([], [], [], [], [], [], [])
    for chunk in chunks:
        sequence, first = chunk.sequence, chunk.sequence.computed_tokens
        positions = range(first, first + chunk.tokens)
        row = len(batch.token_ids)
        batch.token_ids.extend(chunk.token_ids)
        batch.positions.extend(positions)
        batch.slots.extend(
            sequence.blocks[position // block_tokens] * block_tokens + position % block_tokens
            for position in positions
        )
        batch.query_tokens.append(chunk.tokens)
        batch.context_tokens.append(first + chunk.tokens)
        batch.blocks.append(sequence.blocks)
        if chunk.is_complete:
            batch.wanted.extend(range(row + chunk.known - 1, row + chunk.tokens))
    return batch
