"""Rounding of rows and products with quantised weights, as torch_npu documents them."""

import torch
from support.npu_rig.packing import unpack
from support.npu_rig.registry import HALF, kernel, must
from torch import Tensor


@kernel
def npu_dynamic_quant(x: Tensor) -> tuple[Tensor, Tensor]:
    """Compute scale = the largest of a row / 127 and y = round(x / scale)."""
    must(x.dtype in HALF and x.ndim > 1, "the input is of 16 bits and has more than one dimension")
    must(x.numel() > 0, "the input is not empty")
    scale = x.float().abs().amax(-1) / 127
    return (x.float() / scale.unsqueeze(-1)).round().to(torch.int8), scale


@kernel
def npu_quant_matmul(
    x1: Tensor,
    x2: Tensor,
    scale: Tensor,
    *,
    pertoken_scale: Tensor | None = None,
    output_dtype: int | torch.dtype | None = None,
) -> Tensor:
    """Compute x1 [m, k] @ x2 [k, n] in INT32, times scale [n] and pertoken_scale [m]."""
    must(
        x1.dtype == x2.dtype == torch.int8 and x1.numel() > 0, "both factors are INT8 and not empty"
    )
    must(
        pertoken_scale is not None and pertoken_scale.dtype == torch.float32,
        "this kernel needs a FLOAT32 scale for each token",
    )
    must(
        scale.dtype in (torch.float32, torch.bfloat16) and scale.shape == x2.shape[1:],
        "scale is [n], FLOAT32 or BFLOAT16",
    )
    must(output_dtype is not None, "without output_dtype the result would be INT8")
    assert pertoken_scale is not None
    summed = x1.int() @ x2.int()
    return (summed.double() * scale.double() * pertoken_scale.double().unsqueeze(1)).to(
        torch.bfloat16
    )


@kernel
def npu_weight_quant_batchmatmul(
    x: Tensor,
    weight: Tensor,
    antiquant_scale: Tensor,
    antiquant_offset: Tensor | None = None,
    quant_scale: Tensor | None = None,
    quant_offset: Tensor | None = None,
    bias: Tensor | None = None,
    antiquant_group_size: int = 0,
) -> Tensor:
    """Compute x [m, k] @ (weight [k, n] * scale).

    There is a scale for each n, or for each group of k and n.
    """
    must(
        x.dtype in HALF and antiquant_scale.dtype == x.dtype,
        "x and antiquant_scale are of the same 16 bits",
    )
    must(x.numel() > 0 and weight.ndim == 2, "x is not empty, and the weight has 2 dimensions")
    must(
        all(each is None for each in (antiquant_offset, quant_scale, quant_offset, bias)),
        "this kernel scales the weight alone",
    )
    inner = x.shape[1]
    full = unpack(weight) if weight.dtype == torch.int32 else weight.double()
    must(len(full) == inner, "the weight is [k, n]")
    if not antiquant_group_size:
        must(antiquant_scale.shape == (full.shape[1],), "the scale of a channel is [n]")
        return (x.double() @ (full * antiquant_scale.double())).to(x.dtype)
    must(
        antiquant_group_size % 32 == 0 and 32 <= antiquant_group_size < inner,
        "a group is a multiple of 32 in 32..k-1",
    )
    must(
        antiquant_scale.shape == (-(-inner // antiquant_group_size), full.shape[1]),
        "the scale of a group is [ceil(k / group), n]",
    )
    scales = antiquant_scale.double().repeat_interleave(antiquant_group_size, 0)[:inner]
    return (x.double() @ (full * scales)).to(x.dtype)
