"""The choice of operations for a device."""

import torch

from models.ops.cpu_ops import CpuOps
from models.ops.registry import ops_for


def test_a_cpu_runs_stock_torch() -> None:
    """CUDA does too."""
    assert isinstance(ops_for(torch.device("cpu")), CpuOps)
    assert isinstance(ops_for(torch.device("cuda", 0)), CpuOps)
