"""Execution of the network on the chunks of a step, on one device."""

from typing import Protocol

import torch
from torch import Tensor

from models.architectures.qwen3 import Qwen3
from models.config import KvCacheDtype
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
    ) -> None:
        self._network = network
        self.caches = network.new_caches(blocks, block_tokens, kv_cache_dtype)
        self._sparse = network.sparse_layers
        self._expert_rows = torch.zeros(
            len(self._sparse) * network.config.num_experts,
            dtype=torch.long,
            device=network.embedding.device,
        )
        starts = range(0, len(self._expert_rows), max(network.config.num_experts, 1))
        self._first_experts = torch.tensor(starts, device=network.embedding.device).unsqueeze(1)

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Tensor:
        """Compute logits, and count the rows of each expert."""
        logits = self._network.forward(batch, self.caches)
        self._count_expert_rows()
        return logits

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights, scales included."""
        return self._network.weight_bytes

    def expert_tokens(self) -> list[list[int]]:
        """Return rows by [sparse layer][expert] since the last call."""
        if not self._sparse:
            return []
        tallies = torch.stack([layer.tally for layer in self._sparse])
        rows: list[list[int]] = (self._expert_rows.cpu().view_as(tallies) + tallies).tolist()
        self._expert_rows.zero_()
        for layer in self._sparse:
            layer.tally.zero_()
        return rows

    def layer_times(self) -> LayerTimes | None:
        """Return None: nothing is exchanged with other ranks."""
        return None

    def close(self) -> None:
        """Release the cache."""
        self.caches = []

    def _count_expert_rows(self) -> None:
        """Count all layers at once: the experts of layer l are numbered from l * E.

        Nothing is read from the device here.
        """
        chosen = [layer.chosen for layer in self._sparse if layer.chosen is not None]
        if not chosen:
            return
        numbered = torch.stack(chosen).flatten(1).long() + self._first_experts
        ones = torch.ones((), dtype=torch.long, device=numbered.device).expand(numbered.numel())
        self._expert_rows.scatter_add_(0, numbered.flatten(), ones)


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
