"""Experts on several ranks, by the fused exchange: the result is that of one rank with all."""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.npu_rig.exchange_kernels import Communicator, communicators
from support.npu_rig.registry import RuledOut
from support.npu_rig.shape_check import ShapeCheck
from support.tier import tiny_checkpoint
from torch import Tensor

from models.checkpoint import read_model_config
from models.config import EngineConfig, ModelConfig
from models.errors import BadConfig
from models.expert_parallel.schedules import fused_layer
from models.layers.experts import FullExperts
from models.layers.mlp import LocalExperts
from models.ops import npu_exchange
from models.ops.cpu_ops import CpuOps
from models.ops.npu_exchange import (
    A2,
    A3,
    ExchangeProduct,
    ExpertGroup,
    FusedExchange,
    buffer_mib,
    check_exchange_limits,
)
from models.ops.npu_ops import NpuOps

EXPERTS, WIDTH, CHOICES, MOST = 8, 48, 3, 6
HIDDEN = {"Atlas A2": 32, "Atlas A3": 1024}
FITTING = EngineConfig(expert_ranks=2, max_batch_tokens=128, expert_schedule="fused")


def random(*shape: int, seed: int) -> Tensor:
    """Draw a tensor."""
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


@pytest.fixture
def model(tmp_path: Path) -> ModelConfig:
    """Return the sizes of a small network."""
    return read_model_config(
        tiny_checkpoint(tmp_path, num_experts=EXPERTS, num_experts_per_tok=CHOICES)
    )


class SharedLayer:
    """A layer's experts on several ranks, and on one."""

    def __init__(self, model: ModelConfig, product: ExchangeProduct, ranks: int) -> None:
        communicators["group"] = Communicator(ranks)
        hidden = HIDDEN[product.name]
        self.gate_up = random(EXPERTS, hidden, 2 * WIDTH, seed=1).bfloat16() / hidden**0.5
        self.down = random(EXPERTS, WIDTH, hidden, seed=2).bfloat16() / WIDTH**0.5
        self.exchanges = [
            FusedExchange(
                ExpertGroup("group", ranks, rank, EXPERTS, MOST),
                replace(model, hidden_size=hidden),
                product,
                torch.bfloat16,
                torch.device("cpu"),
            )
            for rank in range(ranks)
        ]

    def compute(self, rank: int, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        """Compute one rank's part of the layer."""
        each = EXPERTS // len(self.exchanges)
        local = slice(rank * each, (rank + 1) * each)
        experts = FullExperts(NpuOps(), self.gate_up[local], self.down[local])
        return fused_layer(x, chosen, weights, experts, self.exchanges[rank])

    def compare(self, tokens: list[int]) -> None:
        """Compute the layer for these numbers of tokens of the ranks, and compare."""
        inputs = [
            (
                random(count, self.down.shape[2], seed=10 + rank).bfloat16(),
                *CpuOps().gate_top_k(random(count, EXPERTS, seed=20 + rank), CHOICES, True),
            )
            for rank, count in enumerate(tokens)
        ]
        with ThreadPoolExecutor(len(tokens)) as pool:
            results = list(pool.map(self.compute, range(len(tokens)), *zip(*inputs, strict=True)))
        whole = LocalExperts(CpuOps(), FullExperts(CpuOps(), self.gate_up, self.down))
        for each, out in zip(inputs, results, strict=True):
            expected = whole(*each) if len(out) else each[0]
            torch.testing.assert_close(out, expected, rtol=0, atol=0.03)


@pytest.mark.parametrize("product", [A2, A3], ids=["A2", "A3"])
@pytest.mark.parametrize("ranks", [2, 4, 8])
def test_tokens_return_to_their_ranks(
    model: ModelConfig, product: ExchangeProduct, ranks: int
) -> None:
    """Ranks have different numbers of tokens, or none; some experts have none."""
    layer = SharedLayer(model, product, ranks)
    layer.compare([MOST - rank % (MOST + 1) for rank in range(ranks)])
    layer.compare([4] + [0] * (ranks - 1))
    layer.compare([1] + [0] * (ranks - 1))
    layer.compare([0] * ranks)


def test_rows_that_are_switched_off_are_not_sent(model: ModelConfig) -> None:
    """The experts get the tokens' rows alone, not those that fill a rank's buffer."""
    layer = SharedLayer(model, A2, 2)
    x = random(4, 32, seed=3).bfloat16()
    weights, chosen = CpuOps().gate_top_k(random(4, EXPERTS, seed=4), CHOICES, True)

    def count(rank: int) -> int:
        tokens = slice(0, 0 if rank else 4)
        sent = layer.exchanges[rank].dispatch(x[tokens], chosen[tokens], weights[tokens])
        return int(sent.counts.sum())

    with ThreadPoolExecutor(2) as pool:
        assert sum(pool.map(count, range(2))) == 4 * CHOICES


def test_shapes_are_those_of_torch_npu(model: ModelConfig) -> None:
    """The rig's results have the shapes and dtypes that torch_npu infers.

    Those of Atlas A2 it infers only where a device is.
    """
    layer = SharedLayer(model, A3, 8)
    x = random(5, HIDDEN[A3.name], seed=3).bfloat16()
    gate = CpuOps().gate_top_k(random(5, EXPERTS, seed=4), CHOICES, True)

    def check(rank: int) -> ShapeCheck:
        with ShapeCheck() as check:
            layer.compute(rank, x, *gate)
        return check

    with ThreadPoolExecutor(8) as pool:
        for each in pool.map(check, range(8)):
            assert each.differences == []
            kernels = {f"npu_moe_distribute_{step}_v2" for step in ("dispatch", "combine")}
            assert kernels <= each.checked


def test_a_mask_wants_equally_many_tokens(model: ModelConfig) -> None:
    """Ranks without tokens cannot send one dummy row beside another's many."""
    layer = SharedLayer(model, A2, 2)
    layer.exchanges[1] = FusedExchange(
        ExpertGroup("group", 2, 1, EXPERTS, 1),
        replace(model, hidden_size=32),
        A2,
        torch.bfloat16,
        torch.device("cpu"),
    )
    with pytest.raises(RuledOut, match="the same numbers"):
        layer.compare([3, 0])


def test_experts_that_cannot_be_shared_evenly_are_refused() -> None:
    """The kernel supports no remainder."""
    with pytest.raises(BadConfig, match="8 experts cannot be shared evenly by 3 ranks"):
        ExpertGroup("group", 3, 0, EXPERTS, 1)


@pytest.mark.parametrize(
    ("product", "changes", "says"),
    [
        (A2, {"max_batch_tokens": 512}, "at most 256 tokens .* --max-batch-tokens 256"),
        (A3, {"max_batch_tokens": 513}, "--max-batch-tokens 512"),
        (A2, {"expert_ranks": 12}, "--expert-ranks 2, 4 or 8"),
        (A3, {"expert_ranks": 1}, "does not join 1 ranks"),
        (A3, {"hidden_size": 64}, "hidden size of 64.*--expert-schedule waves"),
        (A2, {"hidden_size": 40}, "hidden size of 40"),
        (A2, {"num_experts": 1024}, "number of experts of 1024"),
        (A3, {"num_experts": 64, "num_experts_per_tok": 17}, "experts per token of 17"),
    ],
)
def test_what_the_kernels_do_not_take_is_refused_at_the_start(
    model: ModelConfig, product: ExchangeProduct, changes: dict[str, Any], says: str
) -> None:
    """Each message names an option that works."""
    hidden = {"hidden_size": HIDDEN[product.name]}
    sizes = {name: value for name, value in changes.items() if hasattr(model, name)}
    options = {name: value for name, value in changes.items() if name not in sizes}
    with pytest.raises(BadConfig, match=says):
        check_exchange_limits(
            replace(FITTING, **options), replace(model, **hidden | sizes), product
        )


def test_the_buffer_is_large_enough(model: ModelConfig, monkeypatch: pytest.MonkeyPatch) -> None:
    """HCCL's default is too small for a usual model, and a setting that is too small is refused."""
    large = replace(model, hidden_size=2048, num_experts=128, num_experts_per_tok=8)
    config = replace(FITTING, max_batch_tokens=512, expert_ranks=8)
    # 2 (16 experts here * 512 tokens * 8 ranks * 4608 bytes + 9 * 512 * 4096 bytes)
    assert buffer_mib(config, large, A3) == 612
    assert buffer_mib(FITTING, model, A2) == 200
    monkeypatch.setenv(npu_exchange.BUFFER, "612")
    check_exchange_limits(config, large, A3)
    monkeypatch.setenv(npu_exchange.BUFFER, "200")
    with pytest.raises(BadConfig, match="buffers of 612 MiB, and HCCL_BUFFSIZE is 200"):
        check_exchange_limits(config, large, A3)
