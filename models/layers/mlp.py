"""The second half of a layer: one dense network, or experts of which a router picks a few for each token."""

from dataclasses import dataclass
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from models.layers.experts import Experts
from models.layers.linear import Linear
from models.ops.ops import Ops


class Mlp(Protocol):
    """x [T, H] -> [T, H]."""

    def __call__(self, x: Tensor) -> Tensor:
        """What the layer adds."""

    @property
    def weight_bytes(self) -> int:
        """What the weights kept here occupy, scales included."""


@dataclass(frozen=True)
class DenseMlp:
    """Gate, up, SwiGLU and down for every token."""

    ops: Ops
    gate_up: Linear  # [T, H] -> [T, 2 D]
    down: Linear  # [T, D] -> [T, H]

    def __call__(self, x: Tensor) -> Tensor:
        return self.down(self.ops.swiglu(self.gate_up(x)))

    @property
    def weight_bytes(self) -> int:
        return self.gate_up.weight_bytes + self.down.weight_bytes


class MoeBlock(Protocol):
    """Brings tokens to their experts and back: x [T, H], weights [T, k], chosen experts [T, k] -> [T, H]."""

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        """The weighted sum of what each token's experts make of it."""

    @property
    def weight_bytes(self) -> int:
        """What the weights kept here occupy, scales included."""


@dataclass(frozen=True)
class LocalExperts:
    """All experts are here."""

    ops: Ops
    experts: Experts

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        rows, position, counts = self.ops.route(x, chosen, self.experts.count)
        return self.ops.unroute(
            self.experts.linear_2(self.experts.linear_1(rows, counts), counts), position, weights
        )

    @property
    def weight_bytes(self) -> int:
        return self.experts.weight_bytes


@dataclass
class SparseMlp:
    """A router and its experts. `chosen` [T, k] keeps which experts the last step picked, for the balance that telemetry reports."""

    ops: Ops
    router: Tensor  # [E, H]
    experts_per_token: int
    renormalise: bool
    block: MoeBlock
    chosen: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        weights, self.chosen = self.ops.gate_top_k(
            F.linear(x, self.router), self.experts_per_token, self.renormalise
        )
        return self.block(x, weights, self.chosen)

    @property
    def weight_bytes(self) -> int:
        return self.router.nbytes + self.block.weight_bytes
