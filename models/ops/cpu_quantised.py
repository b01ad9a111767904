"""Weights of few bits on a CPU, by the kernels that stock torch has for them.

W8A16 and W4A16 read small weights and compute in the activation's precision: fit for decoding, which waits for memory. W8A8 computes in
integers: fit for prompts and large batches. The kernels are private to torch, so they are used in this file only.
"""

import torch
from torch import Tensor

from models.ops.ops import INT4_GROUP, QuantisedWeight, Scheme

INT8_MAX = 127
INT4_MAX = 7
INT4_ZERO = 8  # the kernel's numbers are unsigned


def pack(weight: Tensor, scheme: Scheme) -> QuantisedWeight:
    """A weight [.., M, K], rounded and laid out for the kernels."""
    if scheme == "w4a16":
        return _pack_int4(weight)
    rounded, scales = quantise_rows(weight)
    return QuantisedWeight(scheme, rounded, scales.to(torch.bfloat16) if scheme == "w8a16" else scales)


def quantise_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """INT8 rows [.., K] and their scales [..] in float32."""
    scales = _scales(x.float(), INT8_MAX)
    return (x / scales.unsqueeze(-1)).round().clamp(-INT8_MAX, INT8_MAX).to(torch.int8), scales


def weight_only_matmul(x: Tensor, weight: QuantisedWeight) -> Tensor:
    """x [T, K] -> [T, M]. The activations are of 16 bits, as the names say; the kernels' way for float32 is a hundred times slower."""
    narrow = x.to(torch.bfloat16)
    if weight.scheme == "w4a16":
        return torch._weight_int4pack_mm_for_cpu(
            narrow, weight.packed, INT4_GROUP, weight.scales
        ).to(x.dtype)
    return torch._weight_int8pack_mm(narrow, weight.packed, weight.scales).to(x.dtype)


def int8_matmul(x: Tensor, x_scales: Tensor, weight: QuantisedWeight, dtype: torch.dtype) -> Tensor:
    """INT8 x [T, K] -> [T, M], summed in INT32."""
    summed = torch._int_mm(x, weight.packed.T)
    return (summed * x_scales.unsqueeze(-1) * weight.scales).to(dtype)


def _scales(rows: Tensor, most: int) -> Tensor:
    return rows.abs().amax(-1).clamp_min(torch.finfo(torch.float32).tiny) / most


def _pack_int4(weight: Tensor) -> QuantisedWeight:
    if weight.ndim == 3:
        each = [_pack_int4(expert) for expert in weight]
        return QuantisedWeight(
            "w4a16",
            torch.stack([one.packed for one in each]),
            torch.stack([one.scales for one in each]),
        )
    groups = weight.float().unflatten(-1, (-1, INT4_GROUP))
    scales = _scales(groups, INT4_MAX)
    rounded = (groups / scales.unsqueeze(-1)).round().clamp(-INT4_MAX, INT4_MAX).to(
        torch.int32
    ) + INT4_ZERO
    packed = torch._convert_weight_to_int4pack_for_cpu(rounded.flatten(-2), 2)
    # The kernel wants [K / group, M, 2]: a scale and what lies in the middle, which is 0 for symmetric numbers.
    return QuantisedWeight(
        "w4a16",
        packed,
        torch.stack([scales, torch.zeros_like(scales)], -1)
        .transpose(0, 1)
        .to(torch.bfloat16)
        .contiguous(),
    )
