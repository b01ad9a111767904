"""Inputs of a step: all numbers in one buffer, which is copied to the device once."""

from array import array
from itertools import chain

import torch

from models.ops.ops import Batch, StepInput

TYPE_CODES = {torch.int32: "i", torch.int64: "q"}


def stage(batch: Batch, block_tokens: int, device: torch.device, dtype: torch.dtype) -> StepInput:
    """Copy a batch's numbers to the device, as `dtype` (int32 or int64), in one transfer.

    The buffer is pinned where the device is not a CPU, so that the copy does not wait.
    """
    width = -(-max(batch.context_tokens) // block_tokens)
    rows = (row[:width] + [0] * (width - len(row)) for row in batch.blocks)
    parts = (batch.token_ids, batch.positions, batch.slots, batch.wanted, list(chain(*rows)))
    numbers = array(TYPE_CODES[dtype], chain.from_iterable(parts))
    buffer = torch.frombuffer(numbers, dtype=dtype)
    if device.type not in ("cpu", "meta"):
        buffer = buffer.pin_memory()
    placed = buffer.to(device, non_blocking=True)
    token_ids, positions, slots, wanted, table = placed.split([len(part) for part in parts])
    blocks = table.view(-1, width)
    return StepInput(batch, block_tokens, token_ids, positions, slots, wanted, blocks)
