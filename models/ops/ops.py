"""The interface of operations that a network is made of, implemented by `cpu_ops` and `npu_ops`.

Shapes: T tokens of a step, H hidden size, E experts, k experts per token, N = T * k rows, D an
expert's width, B sequences of a step. Rows are *routed* when they are sorted by expert; `counts`
[E] has the rows of each expert.
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Literal, NamedTuple, Protocol

import torch
from torch import Tensor

from models.config import EngineConfig, ModelConfig

Scheme = Literal["w8a16", "w4a16", "w8a8"]
Residual = Any  # x [T, H], or what a column carries in its place from one half layer to the next
INT4_GROUP = 32  # inputs that share a scale; a network's widths must be multiples of it


class RoutedRows(NamedTuple):
    """Token rows sorted by expert."""

    rows: Tensor  # [N, H]
    position: Tensor  # [N]: position in `rows` of token n // k, choice n % k
    counts: Tensor  # [E]: rows of each expert, int64


@dataclass(frozen=True)
class Batch:
    """Tokens of one step, sequence after sequence."""

    token_ids: list[int]  # T
    positions: list[int]  # T
    slots: list[int]  # T: block * block_tokens + offset of each token's key and value
    query_tokens: list[int]  # B: tokens of each sequence in this step
    context_tokens: list[int]  # B: tokens of each sequence after this step
    blocks: list[list[int]]  # B: cache blocks of each sequence, in order
    wanted: list[int]  # rows of T whose logits are wanted


@dataclass(frozen=True)
class StepInput:
    """A batch and its numbers on the device, slices of one tensor that was copied at once."""

    batch: Batch
    block_tokens: int
    token_ids: Tensor  # [T]
    positions: Tensor  # [T]
    slots: Tensor  # [T]
    wanted: Tensor  # [rows whose logits are wanted]
    # [B, longest sequence's blocks]. Any block may follow a sequence's end, where it is hidden.
    blocks: Tensor
    numbers: Tensor  # the tensor of which the others are slices


class StepGraph(Protocol):
    """A captured step: the device repeats its kernels, on the same memory, without Python."""

    def update(self, context_tokens: list[int]) -> None:
        """Set the lengths of the sequences for the next replay, once the last one is over."""

    def replay(self) -> None:
        """Start the step. Its result is in the tensor that `GraphPool.capture` returned."""


class GraphPool(Protocol):
    """Graphs that share memory, so only one of them may run at a time."""

    def capture(self, step: Callable[[], Tensor]) -> tuple[StepGraph, Tensor]:
        """Record what a step starts, without computing anything -> the graph and its result.

        The step has run before, on the same memory. Raise what the device raises if it cannot.
        """


class KeyValues(NamedTuple):
    """Cache of one layer: [blocks, block_tokens, key-value heads, head size] each.

    In INT8 a head is wider by its scale (`kv_cache`). All of a block is in its slices of these.
    """

    keys: Tensor
    values: Tensor


class QuantisedWeight(NamedTuple):
    """A quantised weight [M, K], or one for each expert, packed for the device's kernels.

    An expert is a slice of each tensor.
    """

    scheme: Scheme
    packed: Tensor
    scales: Tensor  # one per output row (INT8) or per group of inputs of an output row (INT4)

    def experts(self, which: int | slice) -> "QuantisedWeight":
        """Slice one expert or several."""
        return QuantisedWeight(self.scheme, self.packed[which], self.scales[which])

    @property
    def nbytes(self) -> int:
        """Memory of the weight and its scales."""
        return self.packed.nbytes + self.scales.nbytes


class AttentionWeights(NamedTuple):
    """Unquantised weights of half a layer: Q query heads and G key-value heads of size S."""

    norm: Tensor  # [H]
    qkv: Tensor  # [H, (Q + 2 G) S]
    head_norm: Tensor  # [Q + G, S]
    out: Tensor  # [Q S, H]


class MlpWeights(NamedTuple):
    """Unquantised weights of the other half. A dense MLP has one expert and no router."""

    norm: Tensor  # [H]
    router: Tensor | None  # [E, H]
    gate_up: Tensor  # [E, H, 2 D]
    down: Tensor  # [E, D, H]
    experts_per_token: int
    renormalise: bool
    tally: Tensor  # [E] int64: rows of each expert, to which `mix` may add


class LayerParts(Protocol):
    """A layer as the fused rows take it: modules for those who compose, weights for kernels."""

    @property
    def epsilon(self) -> float:
        """Epsilon of both norms."""

    @property
    def attention_norm(self) -> Tensor:
        """Weight [H] of the norm before attention."""

    @property
    def attention(self) -> Callable[..., Tensor]:
        """Attention: normed x, rotation, cache and plan -> the term that is added to x."""

    @property
    def mlp_norm(self) -> Tensor:
        """Weight [H] of the norm before the MLP."""

    @property
    def mlp(self) -> Callable[[Tensor], Tensor]:
        """MLP: normed x -> the term that is added to x."""

    @property
    def laid(self) -> Any:
        """Weights as `Ops.lay` prepared them."""


class DispatchedRows(NamedTuple):
    """Rows that arrived at this rank, sorted by expert."""

    rows: Tensor  # [most that can arrive, H]; undefined beyond the sum of `counts`
    counts: Tensor  # [experts of this rank]: rows of each, int64
    record: Any  # what the exchange itself needs again to send them back


class ExpertExchange(Protocol):
    """Fused dispatch and combine of one rank, which may be without tokens.

    All ranks make the same calls in the same order.
    """

    def dispatch(self, x: Tensor, chosen: Tensor, weights: Tensor) -> DispatchedRows:
        """Send each token x [T, H] to its experts [T, k], which have these weights [T, k]."""

    def combine(self, rows: Tensor, sent: DispatchedRows) -> Tensor:
        """Send the experts' outputs back and sum each token's by their weights -> [T, H]."""


class Ops(Protocol):
    """Operations of one kind of device.

    The last four rows are fused: `ComposedOps` defines them by the rows before.
    """

    name: str
    kernels: str  # name of the kernels, in the stack that a measured figure depends on
    index_dtype: torch.dtype  # of token ids, positions, slots and blocks on the device

    def graph_pool(self) -> GraphPool | None:
        """Make a pool for graphs of steps. None: this column has no graphs."""

    def rms_norm(self, x: Tensor, weight: Tensor, epsilon: float) -> Tensor:
        """Compute x / sqrt(mean(x²) + epsilon) * weight over the last dimension."""

    def turn(
        self, x: Tensor, norm: Tensor, heads: int, epsilon: float, rotation: tuple[Tensor, Tensor]
    ) -> tuple[Tensor, Tensor]:
        """Normalise each head of x [T, heads + G, size] and rotate it -> queries and keys.

        The first heads are queries, the G others keys. norm [heads + G, size]: query heads share
        one weight, key heads another. Rotary position embedding in the halves convention, by
        cosines and sines [T, 1, size].
        """

    def swiglu(self, gate_up: Tensor) -> Tensor:
        """Compute silu(first half) * second half over the last dimension: [.., 2 D] -> [.., D]."""

    def gate_top_k(self, logits: Tensor, k: int, renormalise: bool) -> tuple[Tensor, Tensor]:
        """Choose the k likeliest experts of each token: weights and experts [T, k].

        Weights are the softmax over logits [T, E], rescaled to a sum of 1 if `renormalise`. A
        column whose kernel gives them in the logits' dtype leaves them so.
        """

    def route(self, x: Tensor, experts: Tensor, expert_count: int) -> RoutedRows:
        """Copy each token's row once for each of its experts: x [T, H], experts [T, k]."""

    def unroute(self, rows: Tensor, position: Tensor, weights: Tensor) -> Tensor:
        """Sum each token's rows by weight: rows [N, H], position [N], weights [T, k] -> [T, H]."""

    def grouped_matmul(self, rows: Tensor, weight: Tensor, counts: Tensor) -> Tensor:
        """Multiply each expert's rows by its weight: [N, K], [E, K, M], counts [E] -> [N, M]."""

    def plan(self, step: "StepInput") -> Any:
        """Prepare the values that `attention` and `store` need, once for all layers of a step."""

    def store(self, cache: KeyValues, keys: Tensor, values: Tensor, plan: Any) -> None:
        """Write keys and values [T, key-value heads, size] to their slots."""

    def attention(self, queries: Tensor, cache: KeyValues, plan: Any, scale: float) -> Tensor:
        """Attend causally from queries [T, heads, size] to their sequences' blocks."""

    def quantise_rows(self, x: Tensor) -> tuple[Tensor, Tensor]:
        """Round rows [T, K] to INT8 with one scale [T] each, symmetrically: x = int8 * scale."""

    def pack(self, weight: Tensor, scheme: Scheme) -> QuantisedWeight:
        """Quantise a weight [M, K] or [E, M, K] symmetrically.

        INT8 has one scale per row, INT4 one per group of inputs.
        """

    def quantised_matmul(self, x: Tensor, weight: QuantisedWeight) -> Tensor:
        """Multiply x [T, K] by the transposed weight [M, K] -> [T, M].

        W8A8 rounds x by row and sums in INT32. The other schemes keep x.
        """

    def grouped_quantised_matmul(
        self, rows: Tensor, weight: QuantisedWeight, counts: Tensor
    ) -> Tensor:
        """Multiply each expert's rows by its transposed weight.

        Rows [N, K] sorted by expert, weight [E, M, K], counts [E] -> [N, M].
        """

    def check_exchange(self, config: EngineConfig, model: ModelConfig) -> None:
        """Raise BadConfig if the fused exchange between ranks cannot be had, or not like this."""

    def join_exchange(
        self, config: EngineConfig, model: ModelConfig, device: torch.device
    ) -> ExpertExchange:
        """Join the fused exchange as a rank of the process group. All ranks call it at once."""

    def lay(self, attention: AttentionWeights, mlp: MlpWeights) -> Any:
        """Prepare a layer's weights for `attend` and `mix`, which take what is returned."""

    def embed(self, embedding: Tensor, token_ids: Tensor) -> Tensor:
        """Take rows of the embedding [V, H] -> x [T, H], in the precision of the residual."""

    def attend(
        self,
        x: Residual,
        layer: LayerParts,
        rotation: tuple[Tensor, Tensor],
        cache: KeyValues,
        plan: Any,
    ) -> Residual:
        """Compute x + attention(norm(x)): [T, H] -> [T, H]. x may be overwritten."""

    def mix(self, x: Residual, layer: LayerParts) -> Residual:
        """Compute x + mlp(norm(x)): [T, H] -> [T, H]. x may be overwritten."""

    def head(self, x: Residual, wanted: Tensor, norm: Tensor, weight: Tensor, eps: float) -> Tensor:
        """Compute logits [wanted, V] in float32 of the wanted rows of x [T, H]."""
