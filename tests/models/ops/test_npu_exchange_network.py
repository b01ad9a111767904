"""A network whose experts lie on several ranks gives the logits of one rank, by fused exchange.

The engine's own runner and ranks compute; only the ranks are threads, and exchange in memory.
"""

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.npu_rig import kernels
from support.npu_rig.exchange_kernels import communicators
from support.npu_rig.steps import BLOCK, batches
from support.npu_rig.thread_ranks import GROUP, FirstLink
from support.tier import tiny_checkpoint
from torch import Tensor

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, Quantisation
from models.engine.model_runner import LocalRunner
from models.expert_parallel.runner import EpRunner
from models.ops.npu_exchange import A2, A3, ExchangeProduct
from models.ops.npu_ops import NpuOps
from models.protocol import LayerTimes

assert kernels
BLOCKS = 5
FUSED = EngineConfig(
    device="cpu",
    dtype="bfloat16",
    block_tokens=BLOCK,
    max_batch_tokens=150,
    expert_schedule="fused",
)


def loader_of(config: EngineConfig) -> ModelLoader:
    """Return the loader of a network on the NPU's operations."""
    model, device = read_model_config(config.model), torch.device("cpu")
    return ModelLoader(model, NpuOps(), device, torch.bfloat16, 256, config.quantisation)


def one_rank(config: EngineConfig) -> Tensor:
    """Compute all steps' logits with all experts in one place."""
    with open_tensors(config.model) as tensors:
        runner = LocalRunner(loader_of(config).load(tensors), BLOCKS, BLOCK)
    return torch.cat([runner.forward(batch) for batch in batches()])


@contextmanager
def shared(config: EngineConfig, product: ExchangeProduct) -> Iterator[tuple[EpRunner, FirstLink]]:
    """Open the engine's runner on several ranks."""
    links: list[FirstLink] = []

    def start(config: EngineConfig) -> FirstLink:
        links.append(FirstLink(config, product))
        return links[0]

    runner = EpRunner(config, loader_of(config), BLOCKS, start)
    try:
        yield runner, links[0]
    finally:
        runner.close()


def config_of(
    folder: Path, ranks: int, quantisation: Quantisation = "none", **sizes: Any
) -> EngineConfig:
    """Write a checkpoint with eight experts, and return the settings of its ranks."""
    sizes = {"num_hidden_layers": 2, "num_experts": 8, "num_experts_per_tok": 3} | sizes
    checkpoint = tiny_checkpoint(folder / "model", **sizes)
    return replace(FUSED, model=checkpoint, expert_ranks=ranks, quantisation=quantisation)


@pytest.mark.parametrize(
    ("ranks", "product", "hidden", "quantisation"),
    [
        (2, A2, 64, "none"),
        (4, A2, 64, "w8a8"),
        (8, A2, 64, "w4a16"),  # one expert each
        (2, A3, 1024, "none"),
        (4, A3, 1024, "w8a16"),
    ],
)
def test_several_ranks_give_the_logits_of_one(
    tmp_path: Path, ranks: int, product: ExchangeProduct, hidden: int, quantisation: Quantisation
) -> None:
    """Prompts, chunks, checked drafts and decoding, alone and together, to the bit.

    Rows that the kernels leave undefined are NaN here, and would show.
    """
    config = config_of(tmp_path, ranks, quantisation, hidden_size=hidden)
    with shared(config, product) as (runner, _):
        found = torch.cat([runner.forward(batch) for batch in batches()])
        rows = runner.expert_tokens()
    assert torch.equal(found, one_rank(config))
    tokens = sum(len(batch.token_ids) for batch in batches())
    assert [sum(layer) for layer in rows] == [3 * tokens, 3 * tokens]


def test_times_are_unknown_and_rows_are_counted(tmp_path: Path) -> None:
    """No step is a serial baseline; nothing is 0 that was not measured."""
    config = config_of(tmp_path, 2)
    with shared(config, A2) as (runner, _):
        for batch in batches()[:2]:
            runner.forward(batch)
            times = runner.layer_times()
            assert times == LayerTimes(
                2, None, None, None, None, None, "fused", 2 * 3 * len(batch.token_ids)
            )


def test_ranks_end_with_rank_0(tmp_path: Path) -> None:
    """Between steps they wait on the host, and no kernel waits on a device."""
    with shared(config_of(tmp_path, 4), A2) as (runner, link):
        runner.forward(batches()[0])
        assert [end.done() for end in link.ends] == [False] * 3
        assert communicators[GROUP].barrier.n_waiting == 0
    for end in link.ends:
        assert "rank 0 is gone" in str(end.exception(timeout=5))
