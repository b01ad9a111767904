"""Gating, routing and experts as torch_npu documents them.

The code works row by row, so that it can be read beside the documentation.
"""

import torch
from support.npu_rig.packing import unpack
from support.npu_rig.registry import HALF, kernel, must
from torch import Tensor


@kernel
def npu_moe_gating_top_k_softmax_v2(
    x: Tensor,
    *,
    k: int = 1,
    finished: Tensor | None = None,
    renorm: int = 0,
    output_softmax: bool = False,
) -> tuple[Tensor, Tensor, Tensor]:
    """Choose experts. renorm 0: softmax, then the k largest; renorm 1: the other way round."""
    must(0 < k <= min(x.shape[-1], 1024), "0 < k <= experts and k <= 1024")
    must(
        finished is None and not output_softmax,
        "this kernel gates every row and keeps no softmax",
    )
    wide = x.float()
    ordered = (wide if renorm else wide.softmax(-1)).sort(stable=True, dim=-1, descending=True)
    largest, experts = (each[..., :k] for each in ordered)
    weights = largest.softmax(-1) if renorm else largest
    return weights.to(x.dtype), experts.int(), wide.new_empty(0)


@kernel
def npu_moe_init_routing_v2(
    x: Tensor,
    expert_idx: Tensor,
    *,
    active_num: int = -1,
    expert_num: int = -1,
    expert_tokens_num_type: int = 0,
    expert_tokens_num_flag: bool = False,
    active_expert_range: list[int] | None = None,
    row_idx_type: int = 0,
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """Return rows by expert, the position of each choice's row, and the rows of each expert."""
    must(
        x.ndim == 2 and expert_idx.ndim == 2 and expert_idx.dtype == torch.int32,
        "x and expert_idx have 2 dimensions, expert_idx is INT32",
    )
    must(
        expert_tokens_num_type == 1 and expert_tokens_num_flag,
        "the numbers of tokens are counts, and wanted",
    )
    must(row_idx_type == 0, "this kernel gives indices of the gather type")
    must(
        active_num in (-1, 0, expert_idx.numel()) and active_expert_range == [0, expert_num],
        "this kernel keeps all rows",
    )
    choices = expert_idx.flatten().tolist()
    order = sorted(range(len(choices)), key=choices.__getitem__)
    positions = torch.empty(len(choices), dtype=torch.int32)
    for position, choice in enumerate(order):
        positions[choice] = position
    rows = torch.stack([x[choice // expert_idx.shape[1]] for choice in order])
    counts = torch.tensor([choices.count(expert) for expert in range(expert_num)])
    return rows, positions, counts, torch.empty(len(choices))


@kernel
def npu_moe_token_unpermute(
    permuted_tokens: Tensor,
    sorted_indices: Tensor,
    probs: Tensor | None = None,
    padded_mode: bool = False,
    restore_shape: None = None,
) -> Tensor:
    """Sum the rows at each token's indices, times its probabilities."""
    must(sorted_indices.dtype == torch.int32, "sorted_indices are INT32")
    must(
        probs is not None and probs.dtype == permuted_tokens.dtype,
        "this kernel needs probabilities, of the tokens' dtype",
    )
    must(not padded_mode and restore_shape is None, "padded_mode is not supported")
    assert probs is not None
    out = torch.zeros(len(probs), permuted_tokens.shape[1], dtype=torch.double)
    for token, weights in enumerate(probs.double()):
        for choice, weight in enumerate(weights):
            out[token] += (
                weight * permuted_tokens[sorted_indices[token * len(weights) + choice]].double()
            )
    return out.to(permuted_tokens.dtype)


@kernel
def npu_grouped_matmul(
    x: list[Tensor],
    weight: list[Tensor],
    *,
    scale: list[Tensor] | None = None,
    antiquant_scale: list[Tensor] | None = None,
    antiquant_offset: list[Tensor] | None = None,
    per_token_scale: list[Tensor] | None = None,
    group_list: Tensor | None = None,
    split_item: int = 0,
    group_type: int | None = None,
    group_list_type: int = 0,
    output_dtype: int | torch.dtype | None = None,
) -> list[Tensor]:
    """Multiply one tensor of rows by one of weights [g, k, n] -> one of results."""
    (rows,), (weights,) = x, weight
    counts = _counts(group_list, group_list_type, len(rows), len(weights))
    must(group_type == 0 and split_item in (2, 3), "rows are divided, and the result is one tensor")
    if rows.dtype == torch.int8:
        must(
            scale is not None and per_token_scale is not None and weights.dtype == torch.int8,
            "INT8 rows want INT8 weights and both scales",
        )
        assert scale is not None
        assert per_token_scale is not None
        dtype = torch.bfloat16 if scale[0].dtype == torch.bfloat16 else torch.float16
        exact = weights.double() * scale[0].double().unsqueeze(1)
        must(scale[0].shape == (len(weights), weights.shape[2]), "scale is [g, n]")
        return [
            _times(rows.double() * per_token_scale[0].double().unsqueeze(1), exact, counts).to(
                dtype
            )
        ]
    if antiquant_scale is not None:
        must(antiquant_offset is not None, "quantised experts come with an offset")
        assert antiquant_offset is not None
        must(
            rows.dtype in HALF and rows.dtype == antiquant_scale[0].dtype,
            "rows and antiquant_scale are of the same 16 bits",
        )
        must(
            antiquant_offset[0].shape == antiquant_scale[0].shape,
            "antiquant_offset has the shape of antiquant_scale",
        )
        return [
            _times(
                rows.double(), _exact(weights, antiquant_scale[0], antiquant_offset[0]), counts
            ).to(rows.dtype)
        ]
    must(rows.dtype == weights.dtype, "rows and weights have one dtype")
    return [_times(rows.double(), weights.double(), counts).to(rows.dtype)]


def _counts(group_list: Tensor | None, kind: int, rows: int, groups: int) -> list[int]:
    must(
        group_list is not None
        and group_list.dtype == torch.int64
        and group_list.shape == (groups,),
        "group_list is INT64, one a group",
    )
    assert group_list is not None
    must(kind == 0 or groups > 1, "counts are not of length 1")
    counts: list[int] = (
        group_list if kind == 1 else group_list.diff(prepend=group_list.new_zeros(1))
    ).tolist()
    must(sum(counts) <= rows and min(counts) >= 0, "the groups have at most all rows")
    return counts


def _exact(weights: Tensor, scale: Tensor, offset: Tensor) -> Tensor:
    """Compute (weight + offset) * scale [g, k, n].

    Scales are [g, n], or for packed INT4 [g, groups of k, n].
    """
    if weights.dtype == torch.int8:
        must(scale.shape == (len(weights), weights.shape[2]), "antiquant_scale of INT8 is [g, n]")
        return (weights.double() + offset.double().unsqueeze(1)) * scale.double().unsqueeze(1)
    full = unpack(weights)
    must(
        full.shape[1] % scale.shape[1] == 0 and full.shape[2] % 2 == 0,
        "the groups divide k evenly, and n is even",
    )
    each = full.shape[1] // scale.shape[1]
    return (full + offset.double().repeat_interleave(each, 1)) * scale.double().repeat_interleave(
        each, 1
    )


def _times(rows: Tensor, weights: Tensor, counts: list[int]) -> Tensor:
    """Multiply each group's rows. Rows beyond the groups are left as they were in the output."""
    out = torch.full((len(rows), weights.shape[2]), torch.nan, dtype=torch.double)
    valid = rows[: sum(counts)].split(counts)
    out[: sum(counts)] = torch.cat([mine @ weights[group] for group, mine in enumerate(valid)])
    return out
