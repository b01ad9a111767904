"""Layout of the key-value cache, in the network's precision or in INT8.

In INT8 each head of each token has a scale, whose four bytes follow its numbers. So a cache is two
tensors [blocks, ..] in every form, and whoever copies a block copies its scales too.
"""

import torch
from torch import Tensor

from models.config import KvCacheDtype, ModelConfig
from models.ops.cpu_quantised import quantise_rows
from models.ops.ops import KeyValues

SCALE_BYTES = 4  # a float32


def cache_dtype(setting: KvCacheDtype, dtype: torch.dtype) -> torch.dtype:
    """Return the cache's data type for a network that computes in `dtype`."""
    return torch.int8 if setting == "int8" else dtype


def block_bytes(config: ModelConfig, block_tokens: int, dtype: torch.dtype) -> int:
    """Compute the memory of a block over all layers, scales included."""
    heads = 2 * config.num_hidden_layers * config.num_key_value_heads * block_tokens
    return heads * _width(config.head_dim, dtype) * dtype.itemsize


def new_key_values(
    config: ModelConfig, blocks: int, block_tokens: int, dtype: torch.dtype, device: torch.device
) -> KeyValues:
    """Make an empty cache of one layer. It is zeroed: masked values must be numbers too."""
    width = _width(config.head_dim, dtype)
    size = (blocks, block_tokens, config.num_key_value_heads, width)
    return KeyValues(*(torch.zeros(size, dtype=dtype, device=device) for _ in range(2)))


def round_heads(heads: Tensor) -> Tensor:
    """Round heads [.., size] to INT8 [.., size + 4], each with its scale behind it."""
    rounded, scales = quantise_rows(heads)
    return torch.cat([rounded, scales.unsqueeze(-1).view(torch.int8)], -1)


def read_heads(cached: Tensor, dtype: torch.dtype) -> Tensor:
    """Return cached heads [.., size] in `dtype`: as they are, or INT8 times its scale."""
    if cached.dtype != torch.int8:
        return cached
    # Cloned, because a slice may begin where no float may.
    scales = cached[..., -SCALE_BYTES:].clone(memory_format=torch.contiguous_format)
    return cached[..., :-SCALE_BYTES].float().mul_(scales.view(torch.float32)).to(dtype)


def _width(size: int, dtype: torch.dtype) -> int:
    return size + SCALE_BYTES if dtype == torch.int8 else size
