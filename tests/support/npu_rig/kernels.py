"""All kernels of the rig. Importing this module registers them."""

from support.npu_rig import (
    attention_kernels,
    dense_kernels,
    exchange_kernels,
    expert_kernels,
    packing,
    quantised_kernels,
    registry,
)

__all__ = [
    "attention_kernels",
    "dense_kernels",
    "exchange_kernels",
    "expert_kernels",
    "packing",
    "quantised_kernels",
    "registry",
]
