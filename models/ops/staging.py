"""Inputs of a step: all numbers in one buffer, which is copied to the device once."""

from array import array
from itertools import chain

import torch
from torch import Tensor

from models.ops.ops import Batch, StepInput

TYPE_CODES = {torch.int32: "i", torch.int64: "q"}


def stage(
    batch: Batch,
    block_tokens: int,
    device: torch.device,
    dtype: torch.dtype,
    width: int | None = None,
) -> StepInput:
    """Copy a batch's numbers to the device, as `dtype` (int32 or int64), in one transfer.

    The table of blocks has `width` columns, or as many as the longest sequence has blocks.
    """
    width = width or -(-max(batch.context_tokens) // block_tokens)
    numbers = _on_host(batch, width, device, dtype).to(device, non_blocking=True)
    lengths = [len(part) for part in _lists(batch)]
    token_ids, positions, slots, wanted, table = numbers.split(
        [*lengths, len(batch.blocks) * width]
    )
    blocks = table.view(-1, width)
    return StepInput(batch, block_tokens, token_ids, positions, slots, wanted, blocks, numbers)


def restage(batch: Batch, step: StepInput) -> None:
    """Copy a batch of the same shape into the memory of an earlier one."""
    numbers, width = step.numbers, step.blocks.shape[1]
    numbers.copy_(_on_host(batch, width, numbers.device, numbers.dtype), non_blocking=True)


def _on_host(batch: Batch, width: int, device: torch.device, dtype: torch.dtype) -> Tensor:
    """Join the numbers. They are pinned where the device is no CPU, so that no copy waits."""
    numbers = array(TYPE_CODES[dtype], chain(*_lists(batch)))
    for row in batch.blocks:
        numbers.extend(row[:width])
        numbers.frombytes(bytes(numbers.itemsize * max(width - len(row), 0)))
    buffer = torch.frombuffer(numbers, dtype=dtype)
    return buffer.pin_memory() if device.type not in ("cpu", "meta") else buffer


def _lists(batch: Batch) -> tuple[list[int], ...]:
    return batch.token_ids, batch.positions, batch.slots, batch.wanted
