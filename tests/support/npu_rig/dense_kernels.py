"""Norm, rotation and activation, as torch_npu documents them."""

import torch
from support.npu_rig.registry import kernel, must
from torch import Tensor


@kernel
def npu_rms_norm(x: Tensor, gamma: Tensor, epsilon: float = 1e-6) -> tuple[Tensor, Tensor]:
    """Return the normalised rows, and 1 over their root mean square."""
    must(gamma.dtype == x.dtype, "gamma has the dtype of the input")
    must(2 <= x.ndim <= 8, "the input has 2 to 8 dimensions")
    rows = x.double()
    inverse = 1 / (rows.square().mean(-1, keepdim=True) + epsilon).sqrt()
    return (rows * inverse * gamma.double()).to(x.dtype), inverse.float()


@kernel
def npu_add_rms_norm(
    x1: Tensor, x2: Tensor, gamma: Tensor, epsilon: float = 1e-6
) -> tuple[Tensor, Tensor, Tensor]:
    """Return the normalised rows of x1 + x2, 1 over their root mean square, and the sum."""
    must(x1.shape == x2.shape and x1.dtype == x2.dtype, "x1 and x2 are of one shape and dtype")
    total = x1 + x2
    return (*npu_rms_norm(total, gamma, epsilon), total)


@kernel
def npu_rotary_mul(
    x: Tensor, r1: Tensor, r2: Tensor, rotary_mode: str = "half", rotate: Tensor | None = None
) -> Tensor:
    """Compute r1 * x + r2 * (minus the second half, then the first).

    x [B, S, N, D], r1 and r2 [1, S, 1, D].
    """
    must(x.ndim == r1.ndim == r2.ndim == 4, "all inputs have 4 dimensions")
    must(x.shape[0] < 1000 and x.shape[2] < 1000, "B and N are below 1000")
    must(x.shape[3] < 896 and x.shape[3] % 2 == 0, "D is even and below 896")
    must(
        r1.shape == r2.shape and r1.shape[1:] == (x.shape[1], 1, x.shape[3]),
        "r1 and r2 are 1S1D or BS1D",
    )
    must(rotary_mode == "half" and rotate is None, "this kernel knows the halves convention")
    half = x.shape[3] // 2
    out = torch.empty_like(x)
    out[..., :half] = r1[..., :half] * x[..., :half] - r2[..., :half] * x[..., half:]
    out[..., half:] = r1[..., half:] * x[..., half:] + r2[..., half:] * x[..., :half]
    return out


@kernel
def npu_apply_rotary_pos_emb(
    query: Tensor,
    key: Tensor,
    cos: Tensor,
    sin: Tensor,
    layout: str = "BSND",
    rotary_mode: str = "half",
) -> tuple[Tensor, Tensor]:
    """Rotate query [T, heads, D] and key [T, fewer heads, D] in place, by cos and sin [T, 1, D]."""
    given = (query, key, cos, sin)
    must(layout == "TND" and rotary_mode == "half", "this kernel knows halves in the layout TND")
    must(all(each.ndim == 3 and each.numel() for each in given), "TND has 3 dimensions, none empty")
    must(len({each.dtype for each in given}) == 1, "all inputs have one dtype")
    must(len({len(each) for each in given}) == 1, "all inputs have as many tokens")
    must(query.shape[2] == key.shape[2] in (64, 128), "D is 64 or 128")
    must(
        cos.shape == sin.shape == (len(query), 1, query.shape[2]),
        "cos and sin have one head",
    )
    heads = query.shape[1] + key.shape[1]
    must(heads * 128 * 4 * 5 + 2048 <= 192 * 1024, "heads fit into the buffer of 192 KiB")
    for each in (query, key):
        rotated = npu_rotary_mul(each.unsqueeze(0), cos.unsqueeze(0), sin.unsqueeze(0))
        each.copy_(rotated.squeeze(0))
    return query, key


@kernel
def npu_swiglu(x: Tensor, dim: int = -1) -> Tensor:
    """Compute A * sigmoid(A) * B, where A and B are the halves."""
    must(x.shape[dim] % 2 == 0, "the divided dimension is even")
    left, right = x.double().chunk(2, dim)
    return (left * left.sigmoid() * right).to(x.dtype)
