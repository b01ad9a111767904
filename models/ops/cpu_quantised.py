"""Quantised weights on a CPU, with the kernels of stock torch.

W8A16 and W4A16 read small weights and compute in the activations' precision, which suits decoding,
limited by memory. W8A8 computes in integers, which suits prompts and large batches. The kernels are
private to torch, so only this file uses them.
"""

import torch
from torch import Tensor

from models.ops.ops import INT4_GROUP, QuantisedWeight, Scheme

INT8_MAX = 127
INT4_MAX = 7
INT4_ZERO = 8  # the kernel takes unsigned numbers


def pack(weight: Tensor, scheme: Scheme) -> QuantisedWeight:
    """Round a weight [.., M, K] and lay it out for the kernels."""
    if scheme == "w4a16":
        return _pack_int4(weight)
    rounded, scales = quantise_rows(weight)
    return QuantisedWeight(
        scheme, rounded, scales.to(torch.bfloat16) if scheme == "w8a16" else scales
    )


def quantise_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """Round rows [.., K] to INT8, with scales [..] in float32."""
    scales = _scales(x.float(), INT8_MAX)
    return (x / scales.unsqueeze(-1)).round().clamp(-INT8_MAX, INT8_MAX).to(torch.int8), scales


def weight_only_matmul(x: Tensor, weight: QuantisedWeight) -> Tensor:
    """Multiply x [T, K] by a weight-only quantised weight -> [T, M].

    The activations have 16 bits: the kernels are a hundred times slower for float32.
    """
    narrow = x.to(torch.bfloat16)
    packed, scales = weight.packed, weight.scales
    if weight.scheme == "w4a16":
        product = torch._weight_int4pack_mm_for_cpu(narrow, packed, INT4_GROUP, scales)
    else:
        product = torch._weight_int8pack_mm(narrow, packed, scales)
    return product.to(x.dtype)


def int8_matmul(x: Tensor, x_scales: Tensor, weight: QuantisedWeight, dtype: torch.dtype) -> Tensor:
    """Multiply INT8 x [T, K] by an INT8 weight -> [T, M], summed in INT32."""
    summed = torch._int_mm(x, weight.packed.T)
    return (summed * x_scales.unsqueeze(-1) * weight.scales).to(dtype)


def _scales(rows: Tensor, largest: int) -> Tensor:
    return rows.abs().amax(-1).clamp_min(torch.finfo(torch.float32).tiny) / largest


def _pack_int4(weight: Tensor) -> QuantisedWeight:
    if weight.ndim == 3:
        experts = [_pack_int4(expert) for expert in weight]
        packed = torch.stack([each.packed for each in experts])
        return QuantisedWeight("w4a16", packed, torch.stack([each.scales for each in experts]))
    groups = weight.float().unflatten(-1, (-1, INT4_GROUP))
    scales = _scales(groups, INT4_MAX)
    rounded = (groups / scales.unsqueeze(-1)).round().clamp(-INT4_MAX, INT4_MAX)
    unsigned = (rounded.to(torch.int32) + INT4_ZERO).flatten(-2)
    packed = torch._convert_weight_to_int4pack_for_cpu(unsigned, 2)
    # The kernel wants [K / group, M, 2]: a scale and the middle, which is 0 for symmetric numbers.
    pairs = torch.stack([scales, torch.zeros_like(scales)], -1).transpose(0, 1)
    return QuantisedWeight("w4a16", packed, pairs.to(torch.bfloat16).contiguous())
