"""Launches of a step on an NPU, counted on the meta device, where no value can be read."""

from collections import Counter
from pathlib import Path
from typing import Any

import pytest
import torch
from support.npu_rig import kernels
from support.npu_rig.steps import BLOCK, batches
from support.tier import tiny_checkpoint
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.engine.model_runner import LocalRunner
from models.expert_parallel.moe import EpExperts, ExchangeState
from models.ops.npu_exchange import A3, ExpertGroup, FusedExchange
from models.ops.npu_ops import NpuOps

assert kernels
META = torch.device("meta")
# Of a layer with heads of a size, as most models have, that rotate together, and of another.
MAX_LAUNCHES = {128: 17, 32: 18}


class Launches(TorchDispatchMode):
    """Mode that counts operations on the device, and copies to it."""

    def __init__(self) -> None:
        super().__init__()
        self.operations: Counter[str] = Counter()
        self.copies = 0

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        results = func(*args, **(kwargs or {}))
        name = func.name().partition("::")[2].partition(".")[0]
        given = [each for each in tree_leaves((args, kwargs)) if isinstance(each, Tensor)]
        made = [each for each in tree_leaves(results) if isinstance(each, Tensor)]
        if any(each.device == META for each in made or given):
            if any(each.device != META for each in given):
                self.copies += 1
            elif name.startswith("npu_") or name.endswith("_") or not is_view(made, given):
                self.operations[name] += 1
        return results


def is_view(made: list[Tensor], given: list[Tensor]) -> bool:
    """Tell whether all results lie in memory that was there before."""
    known = {each.untyped_storage()._cdata for each in given}
    return bool(made) and all(each.untyped_storage()._cdata in known for each in made)


def launches(folder: Path, layers: int, head_size: int = 128) -> Launches:
    """Run a step of several sequences on the meta device, where no value can be read."""
    checkpoint = tiny_checkpoint(folder / str(layers), num_hidden_layers=layers, head_dim=head_size)
    with open_tensors(checkpoint) as tensors, torch.inference_mode():
        network = ModelLoader(
            read_model_config(checkpoint), NpuOps(), META, torch.bfloat16, 256
        ).load(tensors)
    runner = LocalRunner(network, 5, BLOCK)
    runner.forward(batches()[-1])
    with Launches() as counted:
        runner.forward(batches()[-1])
    return counted


@pytest.mark.parametrize("head_size", MAX_LAUNCHES)
def test_a_layer_has_few_launches(tmp_path: Path, head_size: int) -> None:
    """Counted as the difference of one layer more."""
    few, more = (launches(tmp_path, layers, head_size).operations for layers in (1, 2))
    added = more - few
    assert added.total() <= MAX_LAUNCHES[head_size], added


def test_a_step_is_one_copy(tmp_path: Path) -> None:
    """All of its numbers are in one buffer; nothing is made from a list on the way."""
    counted = launches(tmp_path, 2)
    assert counted.copies == 1
    assert "lift_fresh" not in counted.operations


def shared_launches(folder: Path, layers: int) -> Launches:
    """Run rank 0's step with the fused exchange, and a quarter of the experts."""
    ranks, experts = 4, 8
    checkpoint = tiny_checkpoint(
        folder / str(layers),
        hidden_size=1024,
        head_dim=128,
        num_hidden_layers=layers,
        num_experts=experts,
    )
    state = ExchangeState("fused", 1)
    loader = ModelLoader(
        read_model_config(checkpoint),
        NpuOps(),
        META,
        torch.bfloat16,
        256,
        kept_experts=range(experts // ranks),
        make_moe_block=lambda ops, experts: EpExperts(state, experts),
    )
    with open_tensors(checkpoint) as tensors, torch.inference_mode():
        runner = LocalRunner(loader.load(tensors), 5, BLOCK)
        group = ExpertGroup("group", ranks, 0, experts, 64)
        state.exchange = FusedExchange(group, loader.config, A3, torch.bfloat16, META)
    runner.forward(batches()[-1])
    with Launches() as counted:
        runner.forward(batches()[-1])
    return counted


def test_a_shared_layer_waits_for_no_count(tmp_path: Path) -> None:
    """Three copies fill the rows that are sent; the rest is as with one rank."""
    few, more = (shared_launches(tmp_path, layers) for layers in (1, 2))
    added = more.operations - few.operations
    assert added.total() <= MAX_LAUNCHES[128] + 3, added
    assert added["npu_moe_distribute_dispatch_v2"] == added["npu_moe_distribute_combine_v2"] == 1
    assert more.copies == 1
