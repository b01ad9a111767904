"""The second half of a layer: a dense MLP, or experts of which a router picks a few per token."""

from dataclasses import dataclass, field
from typing import Protocol

import torch
import torch.nn.functional as F
from torch import Tensor

from models.layers.experts import Experts, FullExperts
from models.layers.linear import Linear, full_weight
from models.ops.ops import MlpWeights, Ops


class Mlp(Protocol):
    """MLP: x [T, H] -> [T, H]."""

    def __call__(self, x: Tensor) -> Tensor:
        """Compute the term that the layer adds to x."""

    def weights(self, norm: Tensor) -> MlpWeights:
        """Return the weights for fused kernels. Raise if they are quantised or elsewhere."""

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

    def weights(self, norm: Tensor) -> MlpWeights:
        """Return the weights of one expert without a router."""
        gate_up, down = (full_weight(each).unsqueeze(0) for each in (self.gate_up, self.down))
        return MlpWeights(norm, None, gate_up, down, 1, False, torch.zeros(1, dtype=torch.long))

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

    Telemetry reports the balance: `chosen` [T, k] keeps the last step's choice, and fused kernels,
    which make no such tensor, add the rows of each expert to `tally` [E].
    """

    ops: Ops
    router: Tensor  # [E, H]
    experts_per_token: int
    renormalise: bool
    block: MoeBlock
    chosen: Tensor | None = None
    tally: Tensor = field(init=False)

    def __post_init__(self) -> None:
        self.tally = torch.zeros(len(self.router), dtype=torch.long)

    def __call__(self, x: Tensor) -> Tensor:
        logits = F.linear(x, self.router)
        weights, self.chosen = self.ops.gate_top_k(logits, self.experts_per_token, self.renormalise)
        return self.block(x, weights, self.chosen)

    def weights(self, norm: Tensor) -> MlpWeights:
        """Return the weights of the router and of all experts."""
        if not (
            isinstance(self.block, LocalExperts) and isinstance(self.block.experts, FullExperts)
        ):
            raise TypeError("Fused kernels take all experts in full precision; use the fine rows.")
        experts, top_k = self.block.experts, self.experts_per_token
        parts = (norm, self.router, experts.gate_up, experts.down)
        return MlpWeights(*parts, top_k, self.renormalise, self.tally)

    @property
    def weight_bytes(self) -> int:
        """Memory of the router's and the experts' weights in this process."""
        return self.router.nbytes + self.block.weight_bytes
