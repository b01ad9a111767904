"""Launches of a layer on several NPUs, counted on the meta device, where no value can be read."""

from dataclasses import replace
from functools import partial
from pathlib import Path

import torch
from support.npu_rig import kernels
from support.npu_rig.launches import META, Launches
from support.npu_rig.steps import BLOCK, batches
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.engine.model_runner import LocalRunner
from models.expert_parallel.moe import EpExperts, ExchangeState
from models.layers.experts import Experts
from models.ops.npu_exchange import A3, ExpertGroup, FusedExchange
from models.ops.npu_ops import NpuOps
from models.ops.ops import Ops

assert kernels
MAX_LAUNCHES = 21  # of a layer on rank 0: 18, and three copies into the rows that are sent
RANKS, EXPERTS = 4, 8


def launches(folder: Path, layers: int) -> Launches:
    """Run rank 0's step of decoding on the meta device, with its share of the experts."""
    checkpoint = tiny_checkpoint(
        folder / str(layers), hidden_size=1024, num_hidden_layers=layers, num_experts=EXPERTS
    )
    state = ExchangeState("fused", 1)

    def make_block(state: ExchangeState, ops: Ops, experts: Experts) -> EpExperts:
        return EpExperts(state, experts)

    loader = ModelLoader(read_model_config(checkpoint), NpuOps(), META, torch.bfloat16, 256)
    loader = replace(
        loader, kept_experts=range(EXPERTS // RANKS), make_moe_block=partial(make_block, state)
    )
    with open_tensors(checkpoint) as tensors, torch.inference_mode():
        network = loader.load(tensors)
        group = ExpertGroup("group", RANKS, 0, EXPERTS, 64)
        state.exchange = FusedExchange(group, loader.config, A3, torch.bfloat16, META)
    runner = LocalRunner(network, 5, BLOCK)
    runner.forward(batches()[-1])
    with Launches() as counted:
        runner.forward(batches()[-1])
    return counted


def test_a_shared_layer_has_few_launches_and_waits_for_no_count(tmp_path: Path) -> None:
    """Counted as the difference of one layer more. The step is one copy to the device."""
    few, more = (launches(tmp_path, layers) for layers in (1, 2))
    added = more.operations - few.operations
    assert added.total() <= MAX_LAUNCHES, added
    assert added["npu_moe_distribute_dispatch_v2"] == added["npu_moe_distribute_combine_v2"] == 1
    assert more.copies == 1
