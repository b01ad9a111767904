"""Blocks as bytes: what is read is what is written, to the bit."""

import pytest
import torch

from models.kv_offload.block_copier import BlockCopier
from models.ops.ops import KeyValues


def caches(dtype: torch.dtype) -> list[KeyValues]:
    """Make two layers of 6 blocks of random numbers."""
    return [KeyValues(*(torch.randn(6, 4, 2, 8).to(dtype) for _ in "kv")) for _ in range(2)]


@pytest.mark.parametrize("dtype", [torch.float32, torch.bfloat16])
def test_a_block_read_and_written_elsewhere_is_the_same(dtype: torch.dtype) -> None:
    """Numbers that are none come back too, and other blocks stay as they are."""
    layers = caches(dtype)
    layers[0].keys[4, 0, 0, 0] = torch.nan
    copier = BlockCopier(layers)
    before = copier.read([0, 1, 2, 3, 4, 5])
    copier.write([1, 5], copier.read([4, 2]))
    expected = before[[0, 4, 2, 3, 4, 2]]
    assert torch.equal(copier.read([0, 1, 2, 3, 4, 5]), expected)
    assert before.shape == (6, copier.block_bytes) == (6, 2 * 2 * 64 * dtype.itemsize)


def test_the_layout_says_what_the_bytes_mean() -> None:
    """Caches of another size or type have another layout."""
    assert BlockCopier(caches(torch.float32)[:1]).layout == "64 torch.float32, 64 torch.float32"
    assert "bfloat16" in BlockCopier(caches(torch.bfloat16)).layout
