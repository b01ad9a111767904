"""Fused rows of a CPU against their definition in stock torch, for every column that runs here."""

import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inference.columns import COLUMNS
from support.ops.layers import (
    LayerCase,
    draw_case,
    guarded,
    is_untouched,
)
from torch import Tensor

from models.ops.cpu_abi import load_library
from models.ops.cpu_fused import (
    HEAD_SIZES,
    LANES,
    FusedCpuOps,
    check_sizes,
    fused_cpu_ops,
    scratch_floats,
)
from models.ops.cpu_library import CpuColumn, NoLibrary, build
from models.ops.cpu_ops import CpuOps
from models.ops.kv_cache import SCALE_BYTES, read_heads
from models.ops.ops import KeyValues

STOCK = CpuOps()
EVERY_COLUMN = pytest.mark.parametrize("column", COLUMNS)


def fused(column: CpuColumn, case: LayerCase, dtype: torch.dtype = torch.float32) -> FusedCpuOps:
    """Make the fused operations for a case."""
    return fused_cpu_ops(case.config, dtype, column)


@EVERY_COLUMN
@settings(deadline=None, max_examples=15)
@given(st.integers(0, 10**6))
@torch.inference_mode()
def test_both_rows_equal_their_definition(column: CpuColumn, seed: int) -> None:
    """Steps of any shape, blocks of 1, 3 and 16 tokens, all experts chosen, one empty, dense."""
    case = draw_case(Random(seed))
    expected, stock_cache = case.run(STOCK)
    found, cache = case.run(fused(column, case))
    assert torch.allclose(found, expected, atol=1e-5, rtol=1e-5)
    for ours, theirs in zip(cache, stock_cache, strict=True):
        assert torch.allclose(ours, theirs, atol=1e-5)


@EVERY_COLUMN
@settings(deadline=None, max_examples=10)
@given(st.integers(0, 10**6))
@torch.inference_mode()
def test_a_cache_of_8_bits_is_read_and_written_as_by_stock(column: CpuColumn, seed: int) -> None:
    """The last bits of an activation may round a number of the cache to its neighbour."""
    case = draw_case(Random(seed)).eight_bits()
    expected, stock_cache = case.run(STOCK)
    found, cache = case.run(fused(column, case))
    assert torch.allclose(found, expected, atol=1e-2, rtol=1e-2)
    for ours, theirs in zip(cache, stock_cache, strict=True):
        left, right = (read_heads(each, torch.float32) for each in (ours, theirs))
        assert torch.allclose(left, right, atol=left.abs().max().item() / 100)
        numbers = (ours != theirs)[..., :-SCALE_BYTES]
        assert numbers.sum() <= numbers.numel() / 100


@EVERY_COLUMN
@torch.inference_mode()
def test_logits_equal_their_definition(column: CpuColumn) -> None:
    """Of the wanted rows, for a vocabulary that is no multiple of anything."""
    case = draw_case(Random(1), tokens=[7])
    ops, x = fused(column, case), torch.randn(7, case.config.hidden_size)
    head, norm = torch.randn(371, x.shape[1]), torch.rand(x.shape[1])
    ops.plan(case.stage(ops))
    for wanted in ([], [2], [0, 1, 6], list(range(7))):
        rows = torch.tensor(wanted, dtype=torch.int32)
        expected = STOCK.head(x, rows.long(), norm, head, 1e-6)
        assert torch.allclose(ops.head(x, rows, norm, head, 1e-6), expected, atol=1e-4)


@EVERY_COLUMN
@torch.inference_mode()
def test_bfloat16_errs_no_more_than_stock(column: CpuColumn) -> None:
    """Against float32 with the same weights, on average."""
    errors = []
    for seed in range(4):
        case = draw_case(Random(seed), tokens=[1, 5, 16])
        exact, _ = case.rounded().run(STOCK)
        narrow = case.narrow()
        errors.append(
            [
                (narrow.run(ops)[0].float() - exact).abs().mean().item()
                for ops in (fused(column, case, torch.bfloat16), STOCK)
            ]
        )
    ours, theirs = torch.tensor(errors).mean(0).tolist()
    assert ours <= theirs


@EVERY_COLUMN
@pytest.mark.parametrize("form", ["float32", "bfloat16", "a cache of 8 bits"])
@torch.inference_mode()
def test_a_row_is_the_same_alone_and_beside_others(column: CpuColumn, form: str) -> None:
    """To the last bit: a sum has the same order in every step, also where many rows share one."""
    case = draw_case(Random(3), tokens=[1] * 29)
    case = case.narrow() if form == "bfloat16" else case
    case = case.eight_bits() if form == "a cache of 8 bits" else case
    ops = fused(column, case, torch.bfloat16 if form == "bfloat16" else torch.float32)
    together, _ = case.run(ops)
    for sequence in (0, 5, 12, 28):
        alone, _ = case.only(sequence).run(ops)
        assert torch.equal(alone[0], together[sequence])


@EVERY_COLUMN
@pytest.mark.parametrize("hidden", [32, 48, 160])
@torch.inference_mode()
def test_bfloat16_logits_err_no_more_than_stock(column: CpuColumn, hidden: int) -> None:
    """Against float32 with the same weights, whatever part of a pair of vectors is left over."""
    case = draw_case(Random(1), tokens=[7])
    case = replace(case, config=replace(case.config, hidden_size=hidden))
    generator = torch.Generator().manual_seed(hidden)
    x, head = torch.randn(7, hidden, generator=generator), torch.randn(371, hidden).bfloat16()
    norm, rows = torch.rand(hidden, generator=generator).bfloat16(), torch.arange(7)
    exact = STOCK.head(x, rows, norm.float(), head.float(), 1e-6)
    stock = STOCK.head(x.bfloat16(), rows, norm, head, 1e-6).float()
    ops = fused(column, case, torch.bfloat16)
    ops.scratch = torch.empty(scratch_floats(case.config, 7, 16))
    found = ops.head(x, rows.int(), norm, head, 1e-6)
    assert (found - exact).abs().mean() <= (stock - exact).abs().mean()


@EVERY_COLUMN
@pytest.mark.parametrize("is_narrow", [False, True], ids=["full", "8 bits"])
@torch.inference_mode()
def test_nothing_is_read_past_a_sequences_end(column: CpuColumn, is_narrow: bool) -> None:
    """A cache full of NaN but for the contexts gives numbers."""
    case = draw_case(Random(4), tokens=[1, 3, 16])
    case = case.eight_bits() if is_narrow else case
    found, _ = case.with_garbage().run(fused(column, case))
    assert torch.equal(found, case.run(fused(column, case))[0])


@EVERY_COLUMN
@torch.inference_mode()
def test_equal_logits_choose_the_lowest_experts(column: CpuColumn) -> None:
    """A router of zeros likes all experts the same."""
    case = draw_case(Random(5), tokens=[4], experts=5, chosen=2)
    router = case.layer.mlp.router  # type: ignore[attr-defined]  # it has experts
    router.zero_()
    case.run(fused(column, case))
    tally: Tensor = case.layer.mlp.tally  # type: ignore[attr-defined]
    assert tally.tolist() == [4, 4, 0, 0, 0]


@EVERY_COLUMN
@pytest.mark.parametrize("is_narrow", [False, True], ids=["full", "8 bits"])
@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
@torch.inference_mode()
def test_nothing_is_written_past_a_buffer(
    column: CpuColumn, dtype: torch.dtype, is_narrow: bool
) -> None:
    """Words before and after each buffer stay as they were."""
    for seed in range(6):
        case = draw_case(Random(seed))
        case = case if dtype == torch.float32 else case.narrow()
        case = case.eight_bits() if is_narrow else case
        ops = fused(column, case, dtype)
        cache = KeyValues(*(guarded(*each.shape, dtype=each.dtype) for each in case.cache))
        for ours, content in zip(cache, case.cache, strict=True):
            ours.copy_(content)
        x = guarded(*case.x.shape, dtype=torch.float32).copy_(case.x)
        plan = ops.plan(case.stage(ops))
        floats = scratch_floats(case.config, len(x), max(case.batch.context_tokens))
        ops.scratch = guarded(floats)
        buffers = [guarded(*each.shape) for each in (plan.queries, plan.attended)]
        plan = replace(plan, queries=buffers[0], attended=buffers[1])
        plan.part.scratch = ops.scratch.data_ptr()
        plan.part.queries, plan.part.attended = (each.data_ptr() for each in buffers)
        ops.mix(ops.attend(x, case.layer_of(ops), case.rotation, cache, plan), case.layer_of(ops))
        assert all(map(is_untouched, (x, *cache, ops.scratch, *buffers)))


WRONG_SIZES = {"hidden_size": 72, "head_dim": 40, "moe_intermediate_size": 40}


@pytest.mark.parametrize("name", WRONG_SIZES)
def test_other_sizes_are_refused(name: str) -> None:
    """The reason names the size."""
    config = draw_case(Random(0), experts=2).config
    check_sizes(replace(config, head_dim=HEAD_SIZES[0]), LANES["avx512"])
    changes: dict[str, Any] = {name: WRONG_SIZES[name]}
    with pytest.raises(NoLibrary, match=f"{name} is {WRONG_SIZES[name]}"):
        check_sizes(replace(config, **changes), LANES["avx512"])


@pytest.mark.long
@pytest.mark.slow
@pytest.mark.skipif("avx2" not in COLUMNS, reason="this machine has no SSE")
@torch.inference_mode()
def test_four_lanes_compute_the_same(tmp_path: Path) -> None:
    """SSE has as many as NEON, and is all of that column that a machine with AVX can run."""
    build("avx2", tmp_path / "neon.so", ("-march=x86-64-v2",))
    library = load_library("neon", tmp_path, tmp_path)
    assert library.lanes() == 4
    for seed in range(40):
        case = draw_case(Random(seed))
        ops = FusedCpuOps(library, "neon", case.config, torch.float32)
        assert torch.allclose(case.run(ops)[0], case.run(STOCK)[0], atol=1e-5, rtol=1e-5)
        case = case.eight_bits()
        assert torch.allclose(case.run(ops)[0], case.run(STOCK)[0], atol=1e-2, rtol=1e-2)


SANITIZED = """
import sys
from pathlib import Path
from random import Random
import torch
from support.ops.layers import draw_case, draw_choices
from models.ops.cpu_abi import load_library
from models.ops.cpu_fused import FusedCpuOps
with torch.inference_mode():
    for seed in range(40):
        for dtype in (torch.float32, torch.bfloat16):
            case = draw_case(Random(seed))
            case = case if dtype == torch.float32 else case.narrow()
            library = load_library(sys.argv[1], Path(), Path(sys.argv[2]))
            for each in (case, case.eight_bits()):
                each.run(FusedCpuOps(library, sys.argv[1], case.config, dtype))
            ops = FusedCpuOps(library, sys.argv[1], case.config, dtype)
            for words in (1, 1 + seed, 64, 387):
                ops.draw(*draw_choices(Random(seed), 3, words))
print("no error")
"""


@pytest.mark.long
@pytest.mark.slow
@EVERY_COLUMN
def test_an_address_sanitizer_finds_nothing(column: CpuColumn, tmp_path: Path) -> None:
    """Every load and store of the library, in steps of any shape, is within a buffer."""
    build(column, tmp_path / f"{column}.so", ("-fsanitize=address", "-g"))
    command = ["c++", "-print-file-name=libasan.so"]
    runtime = subprocess.run(command, capture_output=True, text=True, check=True).stdout.strip()
    done = subprocess.run(
        [sys.executable, "-c", SANITIZED, column, str(tmp_path)],
        env={
            "LD_PRELOAD": runtime,
            "ASAN_OPTIONS": "detect_leaks=0",
            "PYTHONPATH": ":".join(sys.path),
        },
        capture_output=True,
        text=True,
        check=False,
    )
    assert (done.returncode, done.stdout) == (0, "no error\n"), done.stderr[-2000:]
