"""Linear layers without bias, in full or reduced precision."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.ops.ops import Ops, QuantisedWeight


class Linear(Protocol):
    """Linear layer: x [T, K] -> [T, M]."""

    def __call__(self, x: Tensor) -> Tensor:
        """Multiply x by the transposed weight."""

    @property
    def weight_bytes(self) -> int:
        """Memory of the weight, scales included."""


@dataclass(frozen=True)
class FullLinear:
    """Linear layer with a weight in the network's own precision.

    The weight is stored transposed, which is a tenth faster for few rows on a CPU.
    """

    weight: Tensor  # [K, M]

    def __call__(self, x: Tensor) -> Tensor:
        return torch.mm(x, self.weight)

    @property
    def weight_bytes(self) -> int:
        """Memory of the weight."""
        return self.weight.nbytes


@dataclass(frozen=True)
class QuantisedLinear:
    """Linear layer with a quantised weight [M, K]."""

    ops: Ops
    weight: QuantisedWeight

    def __call__(self, x: Tensor) -> Tensor:
        return self.ops.quantised_matmul(x, self.weight)

    @property
    def weight_bytes(self) -> int:
        """Memory of the weight, scales included."""
        return self.weight.nbytes


def full_weight(linear: Linear) -> Tensor:
    """Return the weight [K, M] of a linear layer. Raise if it is quantised."""
    if isinstance(linear, FullLinear):
        return linear.weight
    raise TypeError("Fused kernels take weights in full precision; use the fine rows.")
