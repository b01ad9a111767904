"""Exponential noise that is a hash of seed, position and token: no state, on any device.

Murmur3's 32-bit finaliser, applied twice, gives 24 bits of a uniform number for each token.
"""

import torch
from torch import Tensor

MASK_64 = (1 << 64) - 1
SEED_STRIDE = 0x9E3779B97F4A7C15  # 2^64 / golden ratio, so that the positions of seeds lie apart
TOKEN_STRIDE = 0x9E3779B9 - (1 << 32)  # 2^32 / golden ratio, as a signed number
FACTORS = (0x85EBCA6B - (1 << 32), 0xC2B2AE35 - (1 << 32))


def key_of(seed: int, position: int) -> tuple[int, int]:
    """Mix a seed and a position in the sequence to two signed 32-bit numbers (splitmix64)."""
    mixed = (seed * SEED_STRIDE + position) & MASK_64
    mixed = (mixed ^ (mixed >> 30)) * 0xBF58476D1CE4E5B9 & MASK_64
    mixed = (mixed ^ (mixed >> 27)) * 0x94D049BB133111EB & MASK_64
    mixed ^= mixed >> 31
    return _signed(mixed >> 32), _signed(mixed & 0xFFFFFFFF)


def exponential(tokens: Tensor, keys: Tensor) -> Tensor:
    """Compute noise [rows, n] of tokens [n] or [rows, n] (int32) for keys [rows, 2] (int32)."""
    first, second = keys.unsqueeze(-1).unbind(1)
    bits = tokens * TOKEN_STRIDE + first
    _finalise(bits).bitwise_xor_(second)
    _finalise(bits)
    uniform = _shift(bits, 8).float().add_(0.5).mul_(2.0**-24)
    return uniform.log_().neg_()


def _finalise(bits: Tensor) -> Tensor:
    """Mix all bits of int32 numbers, in place. Products wrap."""
    for distance, factor in zip((16, 13), FACTORS, strict=True):
        bits.bitwise_xor_(_shift(bits, distance)).mul_(factor)
    return bits.bitwise_xor_(_shift(bits, 16))


def _shift(bits: Tensor, distance: int) -> Tensor:
    """Shift right as if the numbers had no sign."""
    return torch.bitwise_right_shift(bits, distance).bitwise_and_((1 << (32 - distance)) - 1)


def _signed(number: int) -> int:
    return number - (1 << 32) if number >> 31 else number
