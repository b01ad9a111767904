"""Counts of the rows that experts computed."""

from pathlib import Path

import torch
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.engine.expert_rows import ExpertRows
from models.ops.cpu_ops import CpuOps


def test_rows_that_are_not_real_are_not_counted(tmp_path: Path) -> None:
    """Two experts a token, in one layer; a second call of `take` starts again."""
    folder = tiny_checkpoint(tmp_path / "model", num_hidden_layers=2, mlp_only_layers=[0])
    loader = ModelLoader(
        read_model_config(folder), CpuOps(), torch.device("cpu"), torch.float32, 64
    )
    with open_tensors(folder) as tensors:
        network = loader.load(tensors)
    rows = ExpertRows(network)
    rows.count()
    assert rows.take() == [[0, 0, 0, 0]]
    network.sparse_layers[0].chosen = torch.tensor([[0, 1], [1, 3], [2, 3]])
    rows.count(torch.tensor([True, False, True]))
    assert rows.take() == [[1, 1, 1, 1]]
    rows.count()
    rows.count()
    assert rows.take() == [[2, 4, 2, 4]]
