"""Choice of the operations for a device."""

import torch

from models.ops.cpu_ops import CpuOps
from models.ops.ops import Ops


def ops_for(device: torch.device) -> Ops:
    """Return the operations for this kind of device. CUDA runs those of stock torch."""
    if device.type == "npu":
        # torch_npu is installed only where an NPU is.
        from models.ops.npu_ops import NpuOps

        return NpuOps()
    return CpuOps()
