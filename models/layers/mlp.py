"""The second half of a layer: a dense MLP, or experts of which a router picks a few per token."""

from dataclasses import dataclass
from typing import Protocol

import torch.nn.functional as F
from torch import Tensor

from models.layers.experts import Experts
from models.layers.linear import Linear
from models.ops.ops import Ops


class Mlp(Protocol):
    """MLP: x [T, H] -> [T, H]."""

    def __call__(self, x: Tensor) -> Tensor:
        """Compute the term that the layer adds to x."""

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights in this process, scales included."""


@dataclass(frozen=True)
class DenseMlp:
    """MLP that applies gate, up, SwiGLU and down to every token."""

    ops: Ops
    gate_up: Linear  # [T, H] -> [T, 2 D]
    down: Linear  # [T, D] -> [T, H]

    def __call__(self, x: Tensor) -> Tensor:
        return self.down(self.ops.swiglu(self.gate_up(x)))

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights, scales included."""
        return self.gate_up.weight_bytes + self.down.weight_bytes


class MoeBlock(Protocol):
    """Mixture of experts behind the router: x [T, H], weights and experts [T, k] -> [T, H]."""

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        """Compute the weighted sum of the chosen experts' outputs for each token."""

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights in this process, scales included."""


@dataclass(frozen=True)
class LocalExperts:
    """MoE block with all experts in this process."""

    ops: Ops
    experts: Experts

    def __call__(self, x: Tensor, weights: Tensor, chosen: Tensor) -> Tensor:
        rows, position, counts = self.ops.route(x, chosen, self.experts.count)
        hidden = self.experts.linear_1(rows, counts)
        return self.ops.unroute(self.experts.linear_2(hidden, counts), position, weights)

    @property
    def weight_bytes(self) -> int:
        """Memory of the weights, scales included."""
        return self.experts.weight_bytes


@dataclass
class SparseMlp:
    """Router and experts.

    `chosen` [T, k] keeps the last step's choice, from which telemetry reports the balance.
    """

    ops: Ops
    router: Tensor  # [E, H]
    experts_per_token: int
    renormalise: bool
    block: MoeBlock
    chosen: Tensor | None = None

    def __call__(self, x: Tensor) -> Tensor:
        logits = F.linear(x, self.router)
        weights, self.chosen = self.ops.gate_top_k(logits, self.experts_per_token, self.renormalise)
        return self.block(x, weights, self.chosen)

    @property
    def weight_bytes(self) -> int:
        """Memory of the router's and the experts' weights in this process."""
        return self.router.nbytes + self.block.weight_bytes
