"""Choice of the operations for a device."""

import logging

import torch

from models.config import EngineConfig, ModelConfig
from models.errors import BadConfig
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


def chosen_ops(
    device: torch.device, dtype: torch.dtype, config: EngineConfig, model: ModelConfig
) -> Ops:
    """Return the operations that the settings name.

    `auto` is the fused ones of a CPU, or stock torch's and a line that says why.
    """
    if config.kernels == "stock" or (config.kernels == "auto" and device.type != "cpu"):
        return ops_for(device)
    try:
        _check_fused(device, config)
        from models.ops.cpu_fused import fused_cpu_ops

        return fused_cpu_ops(model, dtype, None if config.kernels == "auto" else config.kernels)
    except NoLibrary as reason:
        if config.kernels != "auto":
            raise BadConfig(
                f"The kernels {config.kernels} cannot be had, because {reason}. "
                "Choose --kernels auto or stock."
            ) from reason
        log.warning("kernels: stock, because %s", reason)
        return CpuOps()


def _check_fused(device: torch.device, config: EngineConfig) -> None:
    """Raise NoLibrary for settings that only the stock operations compute."""
    if device.type != "cpu":
        raise NoLibrary(f"the device is {device}")
    if config.quantisation != "none":
        raise NoLibrary(f"the weights are {config.quantisation}")
    if config.expert_ranks > 1:
        raise NoLibrary(f"{config.expert_ranks} ranks share the experts")
    if config.threads > 1:
        raise NoLibrary(f"the fused ones compute on one thread, and {config.threads} are set")
