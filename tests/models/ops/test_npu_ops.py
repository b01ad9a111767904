"""Each NPU operation computes the same as the CPU operation of that name, within its limits.

The kernels behind it follow torch_npu's documentation alone. What it rules out is refused at the
start, and by the rig.
"""

import re
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
import torch_npu
from support.npu_rig.attention_kernels import allow_float32
from support.npu_rig.kernels import registry
from support.tier import tiny_checkpoint
from torch import Tensor

from models.checkpoint import read_model_config
from models.config import EngineConfig
from models.errors import BadConfig
from models.ops import npu_ops
from models.ops.cpu_ops import CpuOps
from models.ops.npu_ops import NpuOps, check_npu_limits
from models.ops.ops import Batch, KeyValues, Ops, Scheme
from models.ops.registry import ops_for
from models.ops.staging import stage

CPU, NPU = CpuOps(), NpuOps()
DTYPES = [torch.float32, torch.bfloat16]
SCHEMES: list[Scheme] = ["w8a16", "w4a16", "w8a8"]
FITTING = EngineConfig(dtype="bfloat16", block_tokens=128)
BLOCK = 128
# Decoding, verifying a draft, a whole prompt, and a chunk in the middle of one; blocks in no order.
MIXED = Batch(
    [],
    [],
    [300, 511, 512, 513, *range(640, 680), *range(70, 90)],
    [1, 3, 40, 20],
    [45, 130, 40, 90],
    [[2], [3, 4], [5], [0, 1]],
    [],
)


def random(*shape: int, dtype: torch.dtype = torch.float32, seed: int = 0) -> Tensor:
    """Draw a tensor."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed)).to(dtype)


def assert_close(found: Tensor, expected: Tensor, ulps: float = 1) -> None:
    """Compare up to a number of the dtype's steps, relative to the largest value."""
    assert found.dtype == expected.dtype
    assert found.shape == expected.shape
    step = 2**-8 if expected.dtype == torch.bfloat16 else 2**-20
    largest = float(expected.abs().max()) if expected.numel() else 0.0
    torch.testing.assert_close(found, expected, rtol=0, atol=ulps * step * largest)


@pytest.mark.parametrize("dtype", DTYPES)
def test_rms_norm(dtype: torch.dtype) -> None:
    """Token rows."""
    x, weight = random(7, 64, dtype=dtype), random(64, dtype=dtype, seed=1)
    assert_close(NPU.rms_norm(x, weight, 1e-6), CPU.rms_norm(x, weight, 1e-6))


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize(
    ("heads", "size"), [(4, 32), (4, 64), (4, 96), (74, 128), (75, 128)], ids=str
)
def test_turn(dtype: torch.dtype, heads: int, size: int) -> None:
    """Queries and keys with a weight each, in the halves convention, in one kernel or in two."""
    x, weights = random(7, heads + 2, size, dtype=dtype), random(2, size, dtype=dtype, seed=1)
    norm, before = weights.repeat_interleave(torch.tensor([heads, 2]), 0), x.clone()
    rotation = random(7, 1, size, dtype=dtype, seed=2), random(7, 1, size, dtype=dtype, seed=3)
    for found, expected in zip(
        NPU.turn(x, norm, heads, 1e-6, rotation),
        CPU.turn(x, norm, heads, 1e-6, rotation),
        strict=True,
    ):
        assert_close(found, expected, ulps=4)
    assert torch.equal(x, before)


@pytest.mark.parametrize("dtype", DTYPES)
def test_swiglu(dtype: torch.dtype) -> None:
    """The first half is the gate."""
    x = random(7, 96, dtype=dtype)
    assert_close(NPU.swiglu(x), CPU.swiglu(x), ulps=2)


@pytest.mark.parametrize("dtype", DTYPES)
@pytest.mark.parametrize("renormalise", [True, False])
def test_gate_top_k(dtype: torch.dtype, renormalise: bool) -> None:
    """The same experts in the same order with the same weights, whichever softmax comes first."""
    logits = random(50, 16, dtype=dtype)
    (weights, experts), (expected_weights, expected_experts) = (
        ops.gate_top_k(logits, 4, renormalise) for ops in (NPU, CPU)
    )
    assert torch.equal(experts.long(), expected_experts)
    assert_close(weights.to(dtype), expected_weights.to(dtype), ulps=4)


@pytest.mark.parametrize("dtype", DTYPES)
def test_route_and_unroute(dtype: torch.dtype) -> None:
    """Rows are sorted the same way and return to their tokens; an expert may have none."""
    x, weights = random(9, 32, dtype=dtype), random(9, 2, seed=1).softmax(-1)
    experts = torch.stack(
        [
            torch.randperm(5, generator=torch.Generator().manual_seed(token))[:2]
            for token in range(9)
        ]
    )
    found, expected = NPU.route(x, experts, 6), CPU.route(x, experts, 6)
    assert torch.equal(found.rows, expected.rows)
    assert torch.equal(found.position.long(), expected.position)
    assert torch.equal(found.counts, expected.counts)
    assert found.counts.dtype == expected.counts.dtype
    assert found.counts[5] == 0
    assert_close(
        NPU.unroute(found.rows, found.position, weights),
        CPU.unroute(expected.rows, expected.position, weights),
        ulps=2,
    )


@pytest.mark.parametrize("counts", [[3, 0, 5, 1], [9], [0, 0]])
@pytest.mark.parametrize("dtype", DTYPES)
def test_grouped_matmul(dtype: torch.dtype, counts: list[int]) -> None:
    """Several experts, a single one, and a wave without rows."""
    rows, weight = (
        random(sum(counts), 32, dtype=dtype),
        random(len(counts), 32, 48, dtype=dtype, seed=1),
    )
    assert_close(
        NPU.grouped_matmul(rows, weight, torch.tensor(counts)),
        CPU.grouped_matmul(rows, weight, torch.tensor(counts)),
    )


def attend(ops: Ops, batch: Batch, dtype: torch.dtype) -> tuple[KeyValues, Tensor]:
    """Store a step's keys in a filled cache. Return the cache and the attention over it."""
    cache = KeyValues(
        random(6, BLOCK, 2, 32, dtype=dtype, seed=3), random(6, BLOCK, 2, 32, dtype=dtype, seed=4)
    )
    plan = ops.plan(stage(batch, BLOCK, torch.device("cpu"), ops.index_dtype))
    tokens = len(batch.slots)
    # As in the network, keys and queries are slices of one product.
    queries, keys, values = random(tokens, 8, 32, dtype=dtype, seed=5).split([4, 2, 2], 1)
    ops.store(cache, keys, values, plan)
    return cache, ops.attention(queries, cache, plan, 32**-0.5)


@pytest.mark.parametrize("dtype", DTYPES)
def test_store_and_attention(dtype: torch.dtype) -> None:
    """Sequences at every stage in one step, with blocks in any order."""
    with allow_float32():
        (cache, found), (expected_cache, expected) = (
            attend(ops, MIXED, dtype) for ops in (NPU, CPU)
        )
    assert torch.equal(cache.keys, expected_cache.keys)
    assert torch.equal(cache.values, expected_cache.values)
    assert_close(found, expected, ulps=4)


def test_quantise_rows() -> None:
    """INT8 rows and scales are equal."""
    x = random(9, 64, dtype=torch.bfloat16)
    for found, expected in zip(NPU.quantise_rows(x), CPU.quantise_rows(x), strict=True):
        assert torch.equal(found, expected)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_quantised_matmul(scheme: Scheme) -> None:
    """A quantised weight gives the CPU's product, and is as small as promised."""
    x, weight = random(9, 96, dtype=torch.bfloat16), random(64, 96, dtype=torch.bfloat16, seed=1)
    packed = NPU.pack(weight, scheme)
    assert_close(
        NPU.quantised_matmul(x, packed), CPU.quantised_matmul(x, CPU.pack(weight, scheme)), ulps=2
    )
    assert packed.packed.nbytes == weight.numel() // (2 if scheme == "w4a16" else 1)


@pytest.mark.parametrize("scheme", SCHEMES)
def test_grouped_quantised_matmul(scheme: Scheme) -> None:
    """All quantised experts, or some: an expert is a slice of the packed tensors."""
    rows, weight = (
        random(9, 96, dtype=torch.bfloat16),
        random(4, 64, 96, dtype=torch.bfloat16, seed=1),
    )
    mine, theirs = (ops.pack(weight, scheme) for ops in (NPU, CPU))
    for part, counts in [(slice(0, 4), [3, 0, 5, 1]), (slice(1, 3), [4, 5]), (slice(2, 3), [9])]:
        found = NPU.grouped_quantised_matmul(rows, mine.experts(part), torch.tensor(counts))
        assert_close(
            found,
            CPU.grouped_quantised_matmul(rows, theirs.experts(part), torch.tensor(counts)),
            ulps=2,
        )
    assert NPU.grouped_quantised_matmul(rows[:0], mine, torch.zeros(4, dtype=torch.long)).shape == (
        0,
        64,
    )


def test_the_rig_has_a_kernel_for_every_operation() -> None:
    """No more and no fewer than the modules call."""
    called = {
        name
        for file in Path(npu_ops.__file__).parent.glob("npu_*.py")
        for name in re.findall(r"torch_npu\.(npu_\w+)", file.read_text())
    }
    assert called == registry.known


def test_an_npu_gets_these_operations() -> None:
    """The engine chooses them by the device's kind."""
    assert isinstance(ops_for(torch.device("npu")), NpuOps)


@pytest.mark.parametrize(
    ("changes", "head_size", "says"),
    [
        ({"dtype": "float32"}, 32, "--dtype bfloat16"),
        ({"block_tokens": 16}, 32, "--block-tokens 128"),
        ({"block_tokens": 640}, 32, "--block-tokens 128"),
        ({"kv_cache_dtype": "int8"}, 32, "Leave out --kv-cache-dtype"),
        ({}, 24, "--device cpu"),
    ],
)
def test_an_unsupported_configuration_is_refused(
    tmp_path: Path, changes: dict[str, Any], head_size: int, says: str
) -> None:
    """Each message names an option that works."""
    model = read_model_config(tiny_checkpoint(tmp_path / "model", head_dim=head_size))
    with pytest.raises(BadConfig, match=says):
        check_npu_limits(replace(FITTING, **changes), model)


def test_a_supported_configuration_is_accepted(tmp_path: Path) -> None:
    """16 bits and blocks of 128 tokens."""
    check_npu_limits(FITTING, read_model_config(tiny_checkpoint(tmp_path / "model")))


@pytest.mark.parametrize(("heads", "size"), [(4, 96), (75, 128)])
def test_the_rig_refuses_to_rotate_others_together(heads: int, size: int) -> None:
    """Sizes and numbers of heads that the column rotates apart."""
    queries, keys = torch.zeros(3, heads, size), torch.zeros(3, 2, size)
    rotation = torch.zeros(3, 1, size)
    with pytest.raises(registry.RuledOut):
        torch_npu.npu_apply_rotary_pos_emb(queries, keys, rotation, rotation, layout="TND")


@pytest.mark.parametrize(("dtype", "block_tokens"), [(torch.float32, 128), (torch.bfloat16, 16)])
def test_the_rig_refuses_the_same(dtype: torch.dtype, block_tokens: int) -> None:
    """Attention would fail if such a configuration were accepted."""
    batch = Batch([1], [0], [0], [1], [1], [[0]], [0])
    plan = NpuOps().plan(stage(batch, block_tokens, torch.device("cpu"), NpuOps.index_dtype))
    cache = KeyValues(*torch.zeros(2, 4, block_tokens, 2, 32, dtype=dtype))
    with pytest.raises(registry.RuledOut):
        NpuOps().attention(torch.zeros(1, 4, 32, dtype=dtype), cache, plan, 1.0)
