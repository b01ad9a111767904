"""Runs the network over the parts of a step, on one device."""

from typing import Protocol

import torch
from torch import Tensor

from models.architectures.qwen3 import Qwen3
from models.engine.sequence import ScheduledChunk
from models.ops.ops import Batch
from models.protocol import LayerTimes


class ModelRunner(Protocol):
    """Logits for the parts of a step."""

    def forward(self, batch: Batch) -> Tensor:
        """Logits [rows wanted, V], float32."""

    @property
    def weight_bytes(self) -> int:
        """What the weights in this process occupy, scales included."""

    def expert_tokens(self) -> list[list[int]]:
        """[layers with experts][experts] rows since it was last asked."""

    def layer_times(self) -> LayerTimes | None:
        """How the last step's experts spent their time, where they are spread over ranks."""

    def close(self) -> None:
        """Give back what is held: memory, processes."""


class LocalRunner:
    """The whole network is in this process."""

    def __init__(self, network: Qwen3, blocks: int, block_tokens: int) -> None:
        self._network = network
        self._caches = network.new_caches(blocks, block_tokens)
        self._tally = torch.zeros(
            len(network.sparse_layers), network.shape.num_experts, dtype=torch.long
        )

    @torch.inference_mode()
    def forward(self, batch: Batch) -> Tensor:
        logits = self._network.forward(batch, self._caches)
        self._count_experts()
        return logits

    @property
    def weight_bytes(self) -> int:
        return self._network.weight_bytes

    def expert_tokens(self) -> list[list[int]]:
        counted: list[list[int]] = self._tally.tolist()
        self._tally = torch.zeros_like(self._tally)
        return counted

    def layer_times(self) -> LayerTimes | None:
        return None

    def close(self) -> None:
        self._caches = []

    def _count_experts(self) -> None:
        """One count for all layers: layer l's experts are numbered from l * E."""
        chosen = [layer.chosen for layer in self._network.sparse_layers if layer.chosen is not None]
        if chosen:
            layers, experts = self._tally.shape
            numbered = (
                torch.stack(chosen).flatten(1).cpu() + torch.arange(layers).unsqueeze(1) * experts
            )
            self._tally += torch.bincount(numbered.flatten(), minlength=layers * experts).view(
                layers, experts
            )


def make_batch(parts: list[ScheduledChunk], block_tokens: int) -> Batch:
    """The parts side by side, as the network wants them."""
    batch = Batch([], [], [], [], [], [], [])
    for part in parts:
        sequence, first = part.sequence, part.sequence.computed
        positions = range(first, first + part.tokens)
        row = len(batch.token_ids)
        batch.token_ids.extend(part.token_ids)
        batch.positions.extend(positions)
        batch.slots.extend(
            sequence.blocks[place // block_tokens] * block_tokens + place % block_tokens
            for place in positions
        )
        batch.query_tokens.append(part.tokens)
        batch.context_tokens.append(first + part.tokens)
        batch.blocks.append(sequence.blocks)
        if part.is_complete:
            batch.wanted.extend(range(row + part.known - 1, row + part.tokens))
    return batch
