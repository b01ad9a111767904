"""Choice of the operations for a device."""

import logging

import torch

from models.config import EngineConfig, ModelConfig
from models.ops.cpu_library import NoLibrary
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Ops

log = logging.getLogger(__name__)


def ops_for(device: torch.device) -> Ops:
    """Return the stock operations for this kind of device. CUDA runs those of stock torch."""
    if device.type == "npu":
        # torch_npu is installed only where an NPU is.
        from models.ops.npu_ops import NpuOps

        return NpuOps()
    return CpuOps()


def fastest_ops(
    device: torch.device, dtype: torch.dtype, config: EngineConfig, model: ModelConfig
) -> Ops:
    """Return the fused operations where they can be had, else the stock ones, and say why."""
    if device.type != "cpu" or config.kernels == "stock":
        return ops_for(device)
    try:
        _check_fused(config)
        from models.ops.cpu_fused import fused_cpu_ops

        return fused_cpu_ops(model, dtype)
    except NoLibrary as reason:
        log.warning("kernels: stock, because %s.", reason)
        return CpuOps()


def _check_fused(config: EngineConfig) -> None:
    """Raise NoLibrary for settings that only the stock operations compute."""
    if config.quantisation != "none":
        raise NoLibrary(f"the weights are {config.quantisation}")
    if config.expert_ranks > 1:
        raise NoLibrary(f"{config.expert_ranks} ranks share the experts")
    if config.threads > 1:
        raise NoLibrary(f"the fused ones compute on one thread, and {config.threads} are set")
