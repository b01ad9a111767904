"""Quantised weights on an Ascend NPU, and the grouped product that all experts use.

INT8 weights are stored as in the checkpoint, [M, K], and passed transposed, which the kernels
prefer. INT4 weights are stored as [K, M / 8], eight neighbouring outputs in one INT32. Only the
kernel that packs them knows their order.
"""

from functools import cache
from typing import Any

import torch
import torch_npu
from torch import Tensor

from models.ops.ops import INT4_GROUP, QuantisedWeight, Scheme

INT4_MAX = 7


def quantise_rows(x: Tensor) -> tuple[Tensor, Tensor]:
    """Round rows [.., K] to INT8, with scales [..] in float32."""
    rounded, scales = torch_npu.npu_dynamic_quant(x)
    return rounded, scales


def pack(weight: Tensor, scheme: Scheme) -> QuantisedWeight:
    """Round a weight [.., M, K] and lay it out for the kernels."""
    if scheme == "w4a16":
        return _pack_int4(weight)
    rounded, scales = quantise_rows(weight)
    # Experts of W8A8 return BF16 only with BF16 scales. A single weight takes either kind, so its
    # scales stay exact.
    is_exact = scheme == "w8a8" and weight.ndim == 2
    return QuantisedWeight(scheme, rounded, scales if is_exact else scales.to(weight.dtype))


def matmul(x: Tensor, weight: QuantisedWeight) -> Tensor:
    """Multiply x [T, K] by a quantised weight -> [T, M]."""
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
    """Multiply rows [N, K] sorted by expert by quantised weights -> [N, M].

    The kernels refuse a wave without rows.
    """
    if not len(rows):
        return rows.new_empty(0, weight.scales.shape[-1])
    if weight.scheme == "w8a8":
        rounded, scales = quantise_rows(rows)
        return grouped_product(
            rounded,
            weight.packed.transpose(1, 2),
            counts,
            rows.dtype,
            scale=[weight.scales],
            per_token_scale=[scales],
        )
    packed = weight.packed if weight.scheme == "w4a16" else weight.packed.transpose(1, 2)
    offset = _no_offset(weight.scales.shape, weight.scales.dtype, weight.scales.device)
    return grouped_product(
        rows, packed, counts, rows.dtype, antiquant_scale=[weight.scales], antiquant_offset=[offset]
    )


def grouped_product(
    rows: Tensor, weight: Tensor, counts: Tensor, dtype: torch.dtype, **scales: Any
) -> Tensor:
    """Multiply each expert's rows by its weight.

    Rows [N, K], weight [E, K, M] or packed INT4 [E, K, M / 8], counts [E] -> [N, M].
    """
    # The kernel refuses counts for a single expert, where the running sum is equal to them.
    product: list[Tensor] = torch_npu.npu_grouped_matmul(
        [rows],
        [weight],
        group_list=counts,
        group_list_type=int(len(counts) > 1),
        group_type=0,  # divide the rows
        split_item=2,  # return one tensor
        output_dtype=dtype,
        **scales,
    )
    return product[0]


def _pack_int4(weight: Tensor) -> QuantisedWeight:
    groups = weight.float().unflatten(-1, (-1, INT4_GROUP))
    scales = groups.abs().amax(-1).clamp_min(torch.finfo(torch.float32).tiny) / INT4_MAX
    rounded = (groups / scales.unsqueeze(-1)).round().clamp(-INT4_MAX, INT4_MAX)
    columns = rounded.to(torch.int32).flatten(-2).transpose(-1, -2).contiguous()
    # The kernel takes two dimensions and packs along the last, so all experts are packed at once.
    packed: Tensor = torch_npu.npu_convert_weight_to_int4pack(columns.flatten(0, -2))
    by_column = scales.transpose(-1, -2).to(weight.dtype).contiguous()
    return QuantisedWeight("w4a16", packed.view(*columns.shape[:-1], -1), by_column)


@cache
def _no_offset(shape: torch.Size, dtype: torch.dtype, device: torch.device) -> Tensor:
    """Make the offset that the kernel requires: 0 for symmetric weights, once for all layers."""
    return torch.zeros(shape, dtype=dtype, device=device)
