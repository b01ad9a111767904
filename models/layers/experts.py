"""Experts of a layer: two linear layers with SwiGLU between them, over rows sorted by expert."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from models.ops.ops import Ops, QuantisedWeight


class Experts(Protocol):
    """Weights of several experts.

    `counts` has the rows of consecutive experts, starting with the expert `first`.
    """

    @property
    def count(self) -> int:
        """Number of experts."""

    def linear_1(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Apply gate, up and SwiGLU: rows [N, H] -> [N, D]."""

    def linear_2(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Apply down: rows [N, D] -> [N, H]."""

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights, scales included."""


@dataclass(frozen=True)
class FullExperts:
    """Experts with weights in the network's own precision."""

    ops: Ops
    gate_up: Tensor  # [E, H, 2 D]
    down: Tensor  # [E, D, H]

    @property
    def count(self) -> int:
        """Number of experts."""
        return len(self.down)

    def linear_1(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Apply gate, up and SwiGLU."""
        weight = self.gate_up[first : first + len(counts)]
        return self.ops.swiglu(self.ops.grouped_matmul(rows, weight, counts))

    def linear_2(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Apply down."""
        return self.ops.grouped_matmul(rows, self.down[first : first + len(counts)], counts)

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights."""
        return self.gate_up.nbytes + self.down.nbytes


@dataclass(frozen=True)
class QuantisedExperts:
    """Experts with quantised weights."""

    ops: Ops
    count: int
    gate_up: QuantisedWeight  # [E, 2 D, H]
    down: QuantisedWeight  # [E, H, D]

    def linear_1(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Apply gate, up and SwiGLU."""
        weight = self.gate_up.experts(slice(first, first + len(counts)))
        return self.ops.swiglu(self.ops.grouped_quantised_matmul(rows, weight, counts))

    def linear_2(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Apply down."""
        weight = self.down.experts(slice(first, first + len(counts)))
        return self.ops.grouped_quantised_matmul(rows, weight, counts)

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights, scales included."""
        return self.gate_up.nbytes + self.down.nbytes
