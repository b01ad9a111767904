"""The operations a network is made of: one method each, one column (`cpu_ops`, `npu_ops`) for each kind of device.

Shapes: T tokens of a step, H hidden size, E experts, k experts a token, N = T * k rows, D an expert's width, B sequences of a step.
Rows are *routed* when they are sorted by expert; `counts` [E] says how many rows each expert has.
"""

from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

from torch import Tensor

Scheme = Literal["w8a16", "w4a16", "w8a8"]
INT4_GROUP = 32  # inputs that share a scale; the widths of a network must be multiples of it


class RoutedRows(NamedTuple):
    """Token rows in the order of their experts."""

    rows: Tensor  # [N, H]
    position: Tensor  # [N]: where the row of token n // k, choice n % k stands in `rows`
    counts: Tensor  # [E]: rows of each expert, int64


@dataclass(frozen=True)
class Batch:
    """The tokens of one step, those of a sequence side by side; a sequence's keys lie in the blocks of its row of the table."""

    token_ids: list[int]  # T
    positions: list[int]  # T
    slots: list[int]  # T: block * block_tokens + offset, where each token's key and value go
    query_tokens: list[int]  # B: tokens of each sequence in this step
    context_tokens: list[int]  # B: tokens of each sequence once this step is done
    blocks: list[list[int]]  # B: the blocks that hold each sequence, in order
    wanted: list[int]  # rows of T whose logits are wanted


class KeyValues(NamedTuple):
    """The keys and values of one layer: [blocks, block_tokens, key-value heads, head size] each."""

    keys: Tensor
    values: Tensor


class QuantisedWeight(NamedTuple):
    """A weight of few bits, [M, K] or one [M, K] an expert, packed as the device's kernels want it; an expert is a slice of each tensor."""

    scheme: Scheme
    packed: Tensor
    scales: (
        Tensor  # one an output row (INT8) or one for each group of inputs of an output row (INT4)
    )

    def experts(self, which: int | slice) -> "QuantisedWeight":
        """Of one expert, or of some."""
        return QuantisedWeight(self.scheme, self.packed[which], self.scales[which])

    @property
    def nbytes(self) -> int:
        return self.packed.nbytes + self.scales.nbytes


class Ops(Protocol):
    """One column of the table."""

    name: str

    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """x / sqrt(mean(x²) + epsilon) * weight over the last dimension."""

    def head_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """The same for each head with its own weight: x [T, heads, size], weight [heads, size]."""

    def rotate(self, x: Tensor, cos: Tensor, sin: Tensor) -> Tensor:
        """Rotary position embedding, halves convention: x [T, heads, size], cos and sin [T, 1, size]."""

    def swiglu(self, gate_up: Tensor) -> Tensor:
        """silu(first half) * second half over the last dimension: [.., 2 D] -> [.., D]."""

    def gate_top_k(self, logits: Tensor, k: int, renormalise: bool) -> tuple[Tensor, Tensor]:
        """Weights [T, k] (float32) and experts [T, k] of each token, by softmax over logits [T, E] and then the k largest."""

    def route(self, x: Tensor, experts: Tensor, expert_count: int) -> RoutedRows:
        """Each token's row once for each of its experts, sorted by expert: x [T, H], experts [T, k]."""

    def unroute(self, rows: Tensor, position: Tensor, weights: Tensor) -> Tensor:
        """The weighted sum of each token's rows: rows [N, H], position [N], weights [T, k] -> [T, H]."""

    def grouped_matmul(self, rows: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        """Each expert's rows times its weight: rows [N, K] sorted by expert, weight [E, K, M], counts [E] -> [N, M]."""

    def plan(self, batch: Batch, block_tokens: int, device: Any) -> Any:
        """What `attention` and `store` need to know of a step, made once for all layers."""

    def store(self, cache: KeyValues, keys: Tensor, values: Tensor, plan: Any) -> None:
        """Write keys and values [T, key-value heads, size] to their slots."""

    def attention(self, queries: Tensor, cache: KeyValues, plan: Any, scale: float) -> Tensor:
        """Causal attention of queries [T, heads, size] over the blocks of their sequences -> [T, heads, size]."""

    def quantise_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """INT8 rows [T, K] with a scale [T] each, symmetric: x = int8 * scale."""

    def pack(self, weight: Tensor, scheme: Scheme) -> QuantisedWeight:
        """A weight [M, K], or [E, M, K] of experts, rounded symmetrically: INT8 with a scale a row, INT4 with one a group of inputs."""

    def quantised_matmul(self, x: Tensor, weight: QuantisedWeight) -> Tensor:
        """x [T, K] times the transposed weight [M, K] -> [T, M]; W8A8 rounds x by row and sums in INT32; the others keep x."""

    def grouped_quantised_matmul(self, rows: Tensor, weight: QuantisedWeight, counts: Tensor) -> Tensor:
        """Each expert's rows times its transposed weight: rows [N, K] sorted by expert, weight [E, M, K], counts [E] -> [N, M]."""
