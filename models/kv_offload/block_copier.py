"""Copies of whole cache blocks between the device and host memory, as plain bytes."""

from collections.abc import Sequence

import torch
from torch import Tensor

from models.ops.ops import KeyValues


class BlockCopier:
    """Reader and writer of blocks in the caches of all layers.

    The bytes of a block are those of layer 0's keys, layer 0's values, layer 1's keys and so on.
    """

    def __init__(self, caches: Sequence[KeyValues]) -> None:
        self._parts = [tensor.flatten(1) for cache in caches for tensor in cache]
        self._device = self._parts[0].device
        self._part_bytes = [part[0].nbytes for part in self._parts]
        self.block_bytes = sum(self._part_bytes)

    @property
    def layout(self) -> str:
        """Meaning of a block's bytes: each part's length and data type."""
        return ", ".join(f"{part.shape[1]} {part.dtype}" for part in self._parts)

    @torch.inference_mode()
    def read(self, blocks: list[int]) -> Tensor:
        """Copy blocks to host memory: uint8 [blocks, block bytes]."""
        chosen = torch.tensor(blocks, device=self._device)
        rows = [part.index_select(0, chosen).view(torch.uint8) for part in self._parts]
        return torch.cat(rows, 1).cpu()

    @torch.inference_mode()
    def write(self, blocks: list[int], content: Tensor) -> None:
        """Write blocks on the device from uint8 [blocks, block bytes]."""
        chosen = torch.tensor(blocks, device=self._device)
        rows = content.to(self._device).split(self._part_bytes, 1)
        for part, each in zip(self._parts, rows, strict=True):
            part.index_copy_(0, chosen, each.contiguous().view(part.dtype))
