"""All stand-in kernels, registered by importing this."""

from rig import (
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
