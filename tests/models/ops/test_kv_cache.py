"""A cache of 8 bits: how near its numbers are, what attention makes of them, and its size."""

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from torch import Tensor

from models.checkpoint import read_model_config
from models.config import SHIPPED_MODEL
from models.ops.cpu_ops import CpuOps
from models.ops.kv_cache import (
    block_bytes,
    cache_dtype,
    new_key_values,
    read_heads,
    round_heads,
)
from models.ops.ops import Batch, KeyValues
from models.ops.staging import stage

CPU = torch.device("cpu")
STEPS_TO_LARGEST = 127


def random(*size: int, seed: int = 0) -> Tensor:
    """Draw a tensor."""
    return torch.randn(*size, generator=torch.Generator().manual_seed(seed))


@settings(deadline=None, max_examples=40)
@given(st.integers(1, 9), st.integers(1, 4), st.integers(1, 70), st.floats(-30, 30))
def test_a_head_is_as_near_as_half_a_step(
    tokens: int, heads: int, size: int, exponent: float
) -> None:
    """A step is a 127th of the head's largest number, whatever other heads and tokens have."""
    x = random(tokens, heads, size, seed=size) * torch.tensor(10.0) ** exponent
    x[0] *= 1000
    error = (read_heads(round_heads(x), torch.float32) - x).abs()
    assert (error <= x.abs().amax(-1, keepdim=True) / STEPS_TO_LARGEST * 0.5001).all()


def test_heads_of_zeros_stay_zeros() -> None:
    """Also those that were never written, whose scale is 0."""
    config = read_model_config(SHIPPED_MODEL)
    empty = new_key_values(config, 2, 4, torch.int8, CPU).keys
    assert not read_heads(empty, torch.bfloat16).any()
    assert not read_heads(round_heads(torch.zeros(2, 3, 8)), torch.float32).any()


@settings(deadline=None, max_examples=30)
@given(
    st.lists(st.tuples(st.integers(1, 20), st.integers(0, 30)), min_size=1, max_size=4),
    st.sampled_from([(1, 1), (2, 4), (3, 3)]),
    st.sampled_from([4, 32, 50]),
    st.integers(0, 99),
)
def test_attention_errs_no_more_than_its_numbers_may(
    sequences: list[tuple[int, int]], heads: tuple[int, int], size: int, seed: int
) -> None:
    """Scores err by at most d, so weights by e^(2d) - 1, and values by half a step."""
    (shared, queries), block = heads, 4
    batch = Batch([], [], [], [], [], [], [])
    for tokens, before in sequences:
        first, context = sum(map(len, batch.blocks)), tokens + before
        blocks = list(range(first, first - (-context // block)))
        batch.query_tokens.append(tokens)
        batch.context_tokens.append(context)
        batch.blocks.append(blocks)
        at = range(before, context)
        batch.positions.extend(at)
        batch.slots.extend(blocks[each // block] * block + each % block for each in at)
    ops, rows = CpuOps(), len(batch.slots)
    count = sum(map(len, batch.blocks))
    full = KeyValues(*(random(count, block, shared, size, seed=seed + each) for each in (1, 2)))
    narrow = KeyValues(*map(round_heads, full))
    plan = ops.plan(stage(batch, block, CPU, ops.index_dtype))
    query, *new = (random(rows, each, size, seed=seed) for each in (queries, shared, shared))
    scale = size**-0.5
    found = []
    for cache in (full, narrow):
        ops.store(cache, new[0], new[1], plan)
        found.append(ops.attention(query, cache, plan, scale))
    half_step = 0.5 / STEPS_TO_LARGEST
    largest_key, largest_value = (each.abs().max().item() for each in full)
    d = query.abs().sum(-1).max().item() * scale * largest_key * half_step
    bound = largest_value * (half_step + torch.tensor(2 * d).expm1().item())
    assert (found[0] - found[1]).abs().max() <= bound * 1.001
    assert (found[0] - found[1]).norm() <= 0.02 * found[0].norm()


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16, torch.int8])
def test_the_memory_of_a_block_is_that_of_its_tensors(dtype: torch.dtype) -> None:
    """Over all layers, scales included, which capacity is computed from."""
    config = read_model_config(SHIPPED_MODEL)
    layer = new_key_values(config, 3, 16, dtype, CPU)
    assert {len(each) for each in layer} == {3}
    measured = sum(each.nbytes for each in layer) / 3 * config.num_hidden_layers
    assert block_bytes(config, 16, dtype) == measured


def test_the_cache_has_the_networks_precision_unless_it_is_set() -> None:
    """`auto` follows the network."""
    assert cache_dtype("auto", torch.bfloat16) == torch.bfloat16
    assert cache_dtype("int8", torch.bfloat16) == torch.int8
