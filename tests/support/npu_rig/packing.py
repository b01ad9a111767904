"""Packing of eight INT4 in one INT32.

Only the operations that pack and unpack know the order.
"""

import torch
from support.npu_rig.registry import kernel, must, must_be_contiguous
from torch import Tensor

SHIFTS = torch.arange(8, dtype=torch.int32) * 4


@kernel
def npu_convert_weight_to_int4pack(weight: Tensor, inner_k_tiles: int = 0) -> Tensor:
    """Pack [a, b] INT32 in -8..7 -> [a, b / 8]."""
    must_be_contiguous(weight=weight)
    must(
        weight.ndim == 2 and weight.dtype == torch.int32, "the weight has 2 dimensions and is INT32"
    )
    must(weight.shape[1] % 8 == 0, "the last dimension is a multiple of 8")
    must(int(weight.min()) >= -8 and int(weight.max()) <= 7, "values lie in -8..7")
    return ((weight & 15).unflatten(1, (-1, 8)) << SHIFTS).sum(2).int()


def unpack(packed: Tensor) -> Tensor:
    """Unpack [.., b / 8] -> [.., b] in float64."""
    must_be_contiguous(packed=packed)
    must(packed.dtype == torch.int32, "packed INT4 is carried by INT32")
    nibbles = (packed.unsqueeze(-1) >> SHIFTS) & 15
    return torch.where(nibbles > 7, nibbles - 16, nibbles).flatten(-2).double()
