"""Random choices of the fused kernels against stock torch's, for every column that runs here."""

from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inference.columns import COLUMNS
from support.ops.layers import draw_case, draw_choices, guarded, is_untouched

from models.engine.sampler import SamplingPosition, sample
from models.ops.cpu_abi import cache_folder, load_library
from models.ops.cpu_fused import FusedCpuOps, draw_floats, fused_cpu_ops
from models.ops.cpu_library import CpuColumn
from models.protocol import SamplingParams

EVERY_COLUMN = pytest.mark.parametrize("column", COLUMNS)


def fused(column: CpuColumn) -> FusedCpuOps:
    return fused_cpu_ops(draw_case(Random(0), tokens=[1]).config, torch.float32, column)


DRAWS: dict[str, dict[str, Any]] = {
    "all words": {},
    "cold": {"temperature": 0.3},
    "nucleus": {"top_p": 0.9},
    "few": {"top_k": 5},
    "few of a nucleus": {"top_k": 40, "top_p": 0.5},
    "greedy beside them": {"temperature": 0},
}


@EVERY_COLUMN
@torch.inference_mode()
def test_draws_are_those_of_torch(column: CpuColumn) -> None:
    """Same seeds, same tokens, but for the last bits of a logarithm; alone and in a batch."""
    draw = fused(column).draw
    logits = torch.randn(600, 387, generator=torch.Generator().manual_seed(0)) * 3
    kinds = list(DRAWS.values()) * 100
    positions = [
        SamplingPosition(SamplingParams(1, **kind), seed, seed % 7)
        for seed, kind in enumerate(kinds)
    ]
    found = sample(logits, positions, draw).tokens
    expected = sample(logits, positions).tokens
    same = [ours == theirs for ours, theirs in zip(found, expected, strict=True)]
    assert sum(same) >= 598
    alone = [sample(logits[[row]], [positions[row]], draw).tokens[0] for row in range(0, 600, 37)]
    assert alone == found[::37]


@EVERY_COLUMN
@settings(deadline=None, max_examples=20)
@given(st.integers(1, 70), st.integers(1, 5), st.integers(0, 10**6))
def test_draws_write_nothing_past_a_buffer(
    column: CpuColumn, words: int, rows: int, seed: int
) -> None:
    """Vocabularies of any size: also those that fill no whole vector."""
    logits, limits, keys = draw_choices(Random(seed), rows, words)
    expected = fused(column).draw(logits, limits, keys)
    temperatures, top_k, top_p = zip(*limits, strict=True)
    parts = (logits, temperatures, top_k, top_p, keys)
    kinds = (torch.float32, torch.float32, torch.int32, torch.float32, torch.int32)
    given_buffers = [
        guarded(*each.shape, dtype=kind).copy_(each)
        for each, kind in zip(map(torch.as_tensor, parts), kinds, strict=True)
    ]
    scratch, tokens = guarded(draw_floats(words)), guarded(rows, dtype=torch.long)
    first, *rest = (each.data_ptr() for each in (*given_buffers, scratch, tokens))
    load_library(column, cache_folder()).draw(first, rows, words, *rest)
    assert all(map(is_untouched, (*given_buffers, scratch, tokens)))
    assert tokens.tolist() == expected.tolist()
    assert 0 <= tokens.min() <= tokens.max() < words
