"""Launches of a step on an NPU, counted on the meta device, where no value can be read."""

from pathlib import Path

import torch
from support.npu_rig import kernels
from support.npu_rig.launches import META, Launches
from support.npu_rig.steps import BLOCK, batches
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.engine.model_runner import LocalRunner
from models.ops.npu_ops import NpuOps

assert kernels
MAX_LAUNCHES = 18  # of a layer; 17 is the aim


def launches(folder: Path, layers: int) -> Launches:
    """Run a step of several sequences on the meta device, where no value can be read."""
    checkpoint = tiny_checkpoint(folder / str(layers), num_hidden_layers=layers)
    with open_tensors(checkpoint) as tensors, torch.inference_mode():
        network = ModelLoader(
            read_model_config(checkpoint), NpuOps(), META, torch.bfloat16, 256
        ).load(tensors)
    runner = LocalRunner(network, 5, BLOCK)
    runner.forward(batches()[-1])
    with Launches() as counted:
        runner.forward(batches()[-1])
    return counted


def test_a_layer_has_few_launches(tmp_path: Path) -> None:
    """Counted as the difference of one layer more."""
    few, more = (launches(tmp_path, layers).operations for layers in (1, 2))
    added = more - few
    assert added.total() <= MAX_LAUNCHES, added


def test_a_step_is_one_copy(tmp_path: Path) -> None:
    """All of its numbers are in one buffer; nothing is made from a list on the way."""
    counted = launches(tmp_path, 2)
    assert counted.copies == 1
    assert "lift_fresh" not in counted.operations
