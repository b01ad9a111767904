"""A linear layer without bias, in whichever precision its weight is kept."""

from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor

from models.ops.ops import Ops, QuantisedWeight


class Linear(Protocol):
    """x [T, K] -> [T, M]."""

    def __call__(self, x: Tensor) -> Tensor:
        """x times the transposed weight."""

    @property
    def weight_bytes(self) -> int:
        """What the weight occupies, scales included."""


@dataclass(frozen=True)
class FullLinear:
    """A weight in the network's own precision, transposed: a tenth faster for few rows on a CPU."""

    weight: Tensor  # [K, M]

    def __call__(self, x: Tensor) -> Tensor:
        return torch.mm(x, self.weight)

    @property
    def weight_bytes(self) -> int:
        return self.weight.nbytes


@dataclass(frozen=True)
class QuantisedLinear:
    """A weight [M, K] of few bits."""

    ops: Ops
    weight: QuantisedWeight

    def __call__(self, x: Tensor) -> Tensor:
        return self.ops.quantised_matmul(x, self.weight)

    @property
    def weight_bytes(self) -> int:
        return self.weight.nbytes
