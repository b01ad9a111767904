"""Weights of few bits on an Ascend NPU, and the one grouped matrix multiplication that all experts go through.

INT8 weights are kept as the checkpoint has them, [M, K], and handed over transposed, which the kernels prefer. INT4 weights are kept
[K, M / 8], eight of an output's neighbours in one INT32; how they lie in it is the business of the kernel that packs them.
"""

from functools import cache
from typing import Any

import torch
import torch_npu
from torch import Tensor

from models.ops.ops import INT4_GROUP, QuantisedWeight, Scheme

INT4_MAX = 7


def quantise_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """INT8 rows [.., K] and their scales [..] in float32."""
    rounded, scales = torch_npu.npu_dynamic_quant(x)
    return rounded, scales


def pack(weight: Tensor, scheme: Scheme) -> QuantisedWeight:
    """A weight [.., M, K], rounded and laid out for the kernels."""
    if scheme == "w4a16":
        return _pack_int4(weight)
    rounded, scales = quantise_rows(weight)
    # Experts of W8A8 give BF16 only for BF16 scales; a single weight takes either, so its scales stay exact.
    return QuantisedWeight(
        scheme,
        rounded,
        scales if scheme == "w8a8" and weight.ndim == 2 else scales.to(weight.dtype),
    )


def matmul(x: Tensor, weight: QuantisedWeight) -> Tensor:
    """x [T, K] -> [T, M]."""
    if weight.scheme == "w8a8":
        rounded, scales = quantise_rows(x)
        product: Tensor = torch_npu.npu_quant_matmul(
            rounded, weight.packed.T, weight.scales, pertoken_scale=scales, output_dtype=x.dtype
        )
    elif weight.scheme == "w8a16":
        product = torch_npu.npu_weight_quant_batchmatmul(x, weight.packed.T, weight.scales)
    else:
        product = torch_npu.npu_weight_quant_batchmatmul(
            x, weight.packed, weight.scales, antiquant_group_size=INT4_GROUP
        )
    return product


def grouped_matmul(rows: Tensor, weight: QuantisedWeight, counts: Tensor) -> Tensor:
    """Rows [N, K] sorted by expert -> [N, M]; the kernels for few bits refuse a wave that brings no rows."""
    if not len(rows):
        return rows.new_empty(0, weight.scales.shape[-1])
    if weight.scheme == "w8a8":
        rounded, scales = quantise_rows(rows)
        return grouped(
            rounded,
            weight.packed.transpose(1, 2),
            counts,
            rows.dtype,
            scale=[weight.scales],
            per_token_scale=[scales],
        )
    packed = weight.packed if weight.scheme == "w4a16" else weight.packed.transpose(1, 2)
    offset = _no_offset(weight.scales.shape, weight.scales.dtype, weight.scales.device)
    return grouped(
        rows, packed, counts, rows.dtype, antiquant_scale=[weight.scales], antiquant_offset=[offset]
    )


def grouped(
    rows: Tensor, weight: Tensor, counts: Tensor, dtype: torch.dtype, **scales: Any
) -> Tensor:
    """Each expert's rows times its weight: rows [N, K], weight [E, K, M] or packed INT4 [E, K, M / 8], counts [E] -> [N, M]."""
    # Counts may not be given for a single expert; there they are what a running sum would be.
    product: list[Tensor] = torch_npu.npu_grouped_matmul(
        [rows],
        [weight],
        group_list=counts,
        group_list_type=int(len(counts) > 1),
        group_type=0,  # the rows are what is divided
        split_item=2,  # into one tensor
        output_dtype=dtype,
        **scales,
    )
    return product[0]


def _pack_int4(weight: Tensor) -> QuantisedWeight:
    groups = weight.float().unflatten(-1, (-1, INT4_GROUP))
    scales = groups.abs().amax(-1).clamp_min(torch.finfo(torch.float32).tiny) / INT4_MAX
    rounded = (
        (groups / scales.unsqueeze(-1))
        .round()
        .clamp(-INT4_MAX, INT4_MAX)
        .to(torch.int32)
        .flatten(-2)
    )
    columns = rounded.transpose(-1, -2).contiguous()
    # The kernel takes two dimensions and packs along the last, so all experts are packed at once.
    packed: Tensor = torch_npu.npu_convert_weight_to_int4pack(columns.flatten(0, -2))
    return QuantisedWeight(
        "w4a16",
        packed.view(*columns.shape[:-1], -1),
        scales.transpose(-1, -2).to(weight.dtype).contiguous(),
    )


@cache
def _no_offset(shape: torch.Size, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Experts' weights may not be given without an offset. Ours are symmetric, so it is 0, and one tensor serves all layers."""
    return torch.zeros(shape, dtype=dtype, device=device)
