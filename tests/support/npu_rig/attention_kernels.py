"""Paged cache and attention as torch_npu documents them, one query and one head at a time."""

from collections.abc import Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any

import torch
from support.npu_rig.registry import HALF, kernel, must, must_be_contiguous, part_of_capture
from torch import Tensor

_precisions = [*HALF]


@contextmanager
def allow_float32() -> Iterator[None]:
    """Allow attention in float32, as no NPU does, for a comparison without rounding."""
    _precisions.append(torch.float32)
    yield
    _precisions.remove(torch.float32)


@kernel
def npu_scatter_pa_kv_cache(
    key: Tensor,
    value: Tensor,
    key_cache: Tensor,
    value_cache: Tensor,
    slot_mapping: Tensor,
    *,
    cache_mode: str = "PA_NZ",
) -> None:
    """Write key and value [T, heads, size] into caches [blocks, block, heads, size].

    A slot is block * block size + offset.
    """
    must(cache_mode == "Norm", "a cache that lies as its shape says is of the mode Norm")
    must_be_contiguous(
        key=key,
        value=value,
        key_cache=key_cache,
        value_cache=value_cache,
        slot_mapping=slot_mapping,
    )
    must(
        key.dtype == value.dtype == key_cache.dtype == value_cache.dtype,
        "keys, values and caches have one dtype",
    )
    must(
        slot_mapping.dtype in (torch.int32, torch.int64) and slot_mapping.shape == key.shape[:1],
        "one whole slot for each key",
    )
    must(len(set(slot_mapping.tolist())) == len(key), "slots do not repeat")
    for row, slot in enumerate(slot_mapping.tolist()):
        block, place = divmod(slot, key_cache.shape[1])
        key_cache[block, place] = key[row]
        value_cache[block, place] = value[row]


@kernel
def npu_fused_infer_attention_score(
    query: Tensor,
    key: Tensor,
    value: Tensor,
    *,
    atten_mask: Tensor | None = None,
    actual_seq_lengths: list[int] | None = None,
    actual_seq_lengths_kv: list[int] | None = None,
    block_table: Tensor | None = None,
    num_heads: int = 1,
    scale: float = 1.0,
    input_layout: str = "BSH",
    num_key_value_heads: int = 0,
    sparse_mode: int = 0,
    block_size: int = 0,
) -> tuple[Tensor, Tensor]:
    """Attend in the layout TND.

    query [T, heads, size] with the ends of sequences; keys [blocks, block, heads * size] with the
    length of each sequence.
    """
    must(
        None not in (atten_mask, block_table, actual_seq_lengths, actual_seq_lengths_kv),
        "this kernel needs pages, a mask and all lengths",
    )
    assert atten_mask is not None
    assert block_table is not None
    ends, lengths = list(actual_seq_lengths or []), list(actual_seq_lengths_kv or [])
    must_be_contiguous(
        query=query, key=key, value=value, atten_mask=atten_mask, block_table=block_table
    )
    _check_paging(query, key, block_table, ends, lengths, block_size)
    _check_mask(atten_mask, sparse_mode, input_layout)
    must(
        query.shape[1] == num_heads and num_heads % num_key_value_heads == 0,
        "heads are shared evenly",
    )
    must(
        num_heads // num_key_value_heads <= 64 and query.shape[2] % 16 == 0,
        "at most 64 heads share keys, of a size in 16s",
    )
    out = torch.empty_like(query)
    for sequence, (start, end) in enumerate(zip([0, *ends], ends, strict=False)):
        keys, values = (
            _gather(each, block_table[sequence], lengths[sequence], num_key_value_heads)
            for each in (key, value)
        )
        for row in range(start, end):
            seen = lengths[sequence] - (
                end - 1 - row
            )  # the last query sees every key, each before it one less
            out[row] = _attend(query[row].double(), keys[:seen], values[:seen], scale).to(
                query.dtype
            )
    return out, torch.empty(0)


@part_of_capture("npu_fused_infer_attention_score.out")
def attend_into(
    *tensors: Tensor, workspace: Tensor, out: list[Tensor], **settings: Any
) -> tuple[Tensor, ...]:
    """Attend into memory that the graph keeps."""
    must(workspace.dtype == torch.uint8, "the workspace was asked for")
    attended, _ = npu_fused_infer_attention_score(*tensors, **settings)
    out[0].copy_(attended)
    return tuple(out)


@part_of_capture("_npu_fused_infer_attention_score_get_max_workspace")
def plan_workspace(*tensors: Tensor, **settings: Any) -> Tensor:
    """Return the memory that attention needs for these lengths or shorter ones."""
    return torch.empty(8 * max(settings["actual_seq_lengths_kv"]), dtype=torch.uint8)


@part_of_capture("_npu_fused_infer_attention_score_infer_output")
def plan_output(query: Tensor, *tensors: Tensor, **settings: Any) -> tuple[Tensor, Tensor]:
    """Return memory for what attention returns."""
    return torch.empty_like(query), torch.empty(0)


def _check_paging(
    query: Tensor, key: Tensor, table: Tensor, ends: list[int], lengths: list[int], block_size: int
) -> None:
    must(
        query.dtype in _precisions and key.dtype == query.dtype,
        "queries and keys are of the same 16 bits",
    )
    must(
        block_size % 128 == 0 and 128 <= block_size <= 512 and key.shape[1] == block_size,
        "a block has 128, 256, 384 or 512 tokens",
    )
    must(
        table.dtype == torch.int32 and table.ndim == 2 and len(table) == len(ends) == len(lengths),
        "a row of INT32 blocks a sequence",
    )
    must(table.shape[1] * block_size >= max(lengths), "the table has room for the longest sequence")
    must(
        ends == sorted(ends) and ends[-1] == len(query),
        "where sequences end rises to the number of queries",
    )


def _check_mask(mask: Tensor, sparse_mode: int, layout: str) -> None:
    must(
        layout == "TND" and sparse_mode == 3,
        "this kernel knows TND with a diagonal that ends at the last key",
    )
    must(
        mask.dtype in (torch.bool, torch.int8, torch.uint8) and mask.shape == (2048, 2048),
        "the mask is 2048 x 2048, of one byte",
    )
    must(torch.equal(mask.ne(0), _above_diagonal()), "the mask hides what is above its diagonal")


@cache
def _above_diagonal() -> Tensor:
    return torch.ones(2048, 2048, dtype=torch.bool).triu(1)


def _gather(cache: Tensor, blocks: Tensor, length: int, heads: int) -> Tensor:
    """Gather [length, heads, size] of one sequence."""
    size = cache.shape[1]
    return (
        torch.stack([cache[blocks[place // size], place % size] for place in range(length)])
        .unflatten(1, (heads, -1))
        .double()
    )


def _attend(query: Tensor, keys: Tensor, values: Tensor, scale: float) -> Tensor:
    """Attend with one query [heads, size] to keys and values [n, shared heads, size]."""
    share = len(query) // keys.shape[1]
    each = [
        (keys[:, head // share] @ query[head] * scale).softmax(0) @ values[:, head // share]
        for head in range(len(query))
    ]
    return torch.stack(each)
