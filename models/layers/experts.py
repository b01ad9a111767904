"""The experts of a layer: two linear layers over rows that are sorted by expert, with SwiGLU between them."""

from dataclasses import dataclass
from typing import Protocol

from torch import Tensor

from models.ops.ops import Ops, QuantisedWeight


class Experts(Protocol):
    """Some experts' weights. `first` is the first of those whose rows are given; `counts` says how many rows each of them has."""

    @property
    def count(self) -> int:
        """How many experts these are."""

    def linear_1(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Gate, up and SwiGLU: rows [N, H] -> [N, D]."""

    def linear_2(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        """Down: rows [N, D] -> [N, H]."""

    @property
    def weight_bytes(self) -> int:
        """What the weights occupy, scales included."""


@dataclass(frozen=True)
class FullExperts:
    """Experts in the network's own precision."""

    ops: Ops
    gate_up: Tensor  # [E, H, 2 D]
    down: Tensor  # [E, D, H]

    @property
    def count(self) -> int:
        return len(self.down)

    def linear_1(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        return self.ops.swiglu(
            self.ops.grouped_matmul(rows, self.gate_up[first : first + len(counts)], counts)
        )

    def linear_2(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        return self.ops.grouped_matmul(rows, self.down[first : first + len(counts)], counts)

    @property
    def weight_bytes(self) -> int:
        return self.gate_up.nbytes + self.down.nbytes


@dataclass(frozen=True)
class QuantisedExperts:
    """Experts whose weights are of few bits."""

    ops: Ops
    count: int
    gate_up: QuantisedWeight  # [E, 2 D, H]
    down: QuantisedWeight  # [E, H, D]

    def linear_1(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        mine = self.gate_up.experts(slice(first, first + len(counts)))
        return self.ops.swiglu(self.ops.grouped_quantised_matmul(rows, mine, counts))

    def linear_2(self, rows: Tensor, counts: Tensor, first: int = 0) -> Tensor:
        return self.ops.grouped_quantised_matmul(
            rows, self.down.experts(slice(first, first + len(counts))), counts
        )

    @property
    def weight_bytes(self) -> int:
        return self.gate_up.nbytes + self.down.nbytes
