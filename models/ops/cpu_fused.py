"""Operations on a CPU with half a layer in one call of a small C++ library.

The weights are those of the stock column, in its layout. The residual is float32 in both
precisions. A sequence with many tokens in a step attends with stock torch between two calls.
"""

import ctypes
from array import array
from ctypes import byref
from dataclasses import dataclass
from itertools import accumulate, chain, repeat
from typing import Any, NamedTuple

import torch
from torch import Tensor

from models.config import ModelConfig
from models.ops.cpu_abi import (
    ENDINGS,
    INT8_CACHE,
    AttentionPart,
    MlpPart,
    StepPart,
    cache_folder,
    load_library,
)
from models.ops.cpu_library import CpuColumn, NoLibrary, machine_columns
from models.ops.cpu_ops import (
    MAX_GROUPED_TOKENS,
    AttentionGroup,
    CpuOps,
    attend_group,
    make_group,
)
from models.ops.ops import AttentionWeights, KeyValues, LayerParts, MlpWeights, StepInput

LANES: dict[CpuColumn, int] = {"avx512_bf16": 16, "avx512": 16, "avx2": 8, "neon": 4}
HEAD_SIZES = (32, 48, 64, 96, 128, 256)  # those that the library was made for
MANY = 48  # rows that take a weight together, as in the library
PROJECT, ATTEND, ADD = 1, 2, 4  # stages of a call of `attend`


class LaidLayer(NamedTuple):
    """A layer's structures for the library, and the tensors that they point to."""

    attention: AttentionPart
    mlp: MlpPart
    weights: tuple[AttentionWeights, MlpWeights]


@dataclass(frozen=True)
class FusedPlan:
    """A step's structure for the library, the tensors it points to, and the long chunks."""

    part: StepPart
    step: StepInput
    sequences: Tensor  # [T] int32: the sequence of each row, or -1 where it is in a long chunk
    queries: Tensor  # [T, heads, size] float32
    attended: Tensor  # [T, heads, size] float32
    scratch: Tensor
    long_chunks: list[tuple[slice, AttentionGroup]]


class FusedCpuOps(CpuOps):
    """Operations of stock torch, and the fused rows from the library."""

    index_dtype = torch.int32

    def __init__(
        self, library: ctypes.CDLL, column: CpuColumn, config: ModelConfig, dtype: torch.dtype
    ) -> None:
        self.kernels = f"fused {column}"
        ending = ENDINGS[dtype]
        attend, self._mix, self._head = (
            getattr(library, f"{name}_{ending}") for name in ("attend", "mix", "head")
        )
        narrow = getattr(library, f"attend_{ending}{INT8_CACHE}")
        self._attend = {dtype: attend, torch.int8: narrow}  # by the cache's data type
        self._draw = library.draw
        self._column = column
        self._config = config
        self._dtype = dtype
        self.scratch = torch.empty(0)

    def __reduce__(self) -> tuple[Any, ...]:
        # A library does not travel to another process; it is loaded there.
        return fused_cpu_ops, (self._config, self._dtype, self._column)

    def lay(self, attention: AttentionWeights, mlp: MlpWeights) -> LaidLayer:
        config = self._config
        sizes = config.hidden_size, config.num_attention_heads, config.num_key_value_heads
        first = AttentionPart(
            *(each.data_ptr() for each in attention), *sizes, config.head_dim, config.rms_norm_eps
        )
        experts, hidden, gate_up = mlp.gate_up.shape
        router = None if mlp.router is None else mlp.router.data_ptr()
        weights = mlp.norm.data_ptr(), router, mlp.gate_up.data_ptr(), mlp.down.data_ptr()
        rest = hidden, experts, mlp.experts_per_token, gate_up // 2, mlp.renormalise
        second = MlpPart(*weights, mlp.tally.data_ptr(), *rest, config.rms_norm_eps)
        return LaidLayer(first, second, (attention, mlp))

    def plan(self, step: StepInput) -> FusedPlan:  # type: ignore[override]  # its own plan
        batch, config = step.batch, self._config
        rows, heads = len(batch.token_ids), config.num_attention_heads
        numbers = (
            repeat(sequence if tokens <= MAX_GROUPED_TOKENS else -1, tokens)
            for sequence, tokens in enumerate(batch.query_tokens)
        )
        sequences = torch.frombuffer(array("i", chain.from_iterable(numbers)), dtype=torch.int32)
        ends = accumulate(batch.query_tokens)
        long_chunks = [
            (
                slice(end - tokens, end),
                make_group(batch, [sequence], tokens, step.block_tokens, step.slots.device),
            )
            for sequence, (tokens, end) in enumerate(zip(batch.query_tokens, ends, strict=True))
            if tokens > MAX_GROUPED_TOKENS
        ]
        queries, attended = torch.empty(2, rows, heads, config.head_dim)
        scratch = self._reserve(rows, max(batch.context_tokens))
        part = StepPart(
            rows,
            step.block_tokens,
            step.blocks.shape[1],
            *(each.data_ptr() for each in (step.positions, step.slots, sequences, step.blocks)),
            *(each.data_ptr() for each in (scratch, queries, attended)),
        )
        return FusedPlan(part, step, sequences, queries, attended, scratch, long_chunks)

    def embed(self, embedding: Tensor, token_ids: Tensor) -> Tensor:
        return embedding.index_select(0, token_ids).float()

    def attend(
        self,
        x: Tensor,
        layer: LayerParts,
        rotation: tuple[Tensor, Tensor],
        cache: KeyValues,
        plan: Any,
    ) -> Tensor:
        attend = self._attend[cache.keys.dtype]

        def call(stages: int) -> None:
            attend(
                byref(layer.laid.attention),
                byref(plan.part),
                x.data_ptr(),
                *(each.data_ptr() for each in (*rotation, *cache)),
                stages,
            )

        if not plan.long_chunks:
            call(PROJECT | ATTEND | ADD)
            return x
        call(PROJECT | ATTEND)
        for rows, group in plan.long_chunks:
            queries = plan.queries[rows].to(self._dtype)
            scale = self._config.head_dim**-0.5
            plan.attended[rows] = attend_group(queries, cache, group, scale)
        call(ADD)
        return x

    def mix(self, x: Tensor, layer: LayerParts) -> Tensor:
        self._mix(byref(layer.laid.mlp), len(x), x.data_ptr(), self.scratch.data_ptr())
        return x

    def head(self, x: Tensor, wanted: Tensor, norm: Tensor, weight: Tensor, eps: float) -> Tensor:
        logits = torch.empty(len(wanted), len(weight))
        self._head(
            *(each.data_ptr() for each in (norm, weight, x, wanted)),
            len(wanted),
            *(x.shape[1], len(weight), eps),
            *(self.scratch.data_ptr(), logits.data_ptr()),
        )
        return logits

    def draw(
        self, logits: Tensor, limits: list[tuple[float, int, float]], keys: list[tuple[int, int]]
    ) -> Tensor:
        """Draw one word a row of logits [rows, V] -> [rows], by temperature, top-k and top-p.

        The keys are those of the noise; a temperature of 0 is greedy, a top-k of 0 is none.
        """
        logits = logits.contiguous()
        temperatures, top_k, top_p = zip(*limits, strict=True)
        floats = torch.frombuffer(array("f", (*temperatures, *top_p)), dtype=torch.float32)
        numbers = torch.frombuffer(array("i", (*top_k, *chain(*keys))), dtype=torch.int32)
        tokens = torch.empty(len(logits), dtype=torch.long)
        scratch = torch.empty(draw_floats(logits.shape[1]))
        self._draw(
            logits.data_ptr(),
            *logits.shape,
            floats.data_ptr(),
            numbers.data_ptr(),
            floats[len(logits) :].data_ptr(),
            numbers[len(logits) :].data_ptr(),
            scratch.data_ptr(),
            tokens.data_ptr(),
        )
        return tokens

    def _reserve(self, rows: int, context_tokens: int) -> Tensor:
        """Return the scratch of a step, larger than before if need be."""
        if len(self.scratch) < (needed := scratch_floats(self._config, rows, context_tokens)):
            self.scratch = torch.empty(needed)
        return self.scratch


def scratch_floats(config: ModelConfig, rows: int, context_tokens: int) -> int:
    """Compute the floats that the library writes beside its results in a step of T rows."""
    width = config.head_dim * (config.num_attention_heads + 2 * config.num_key_value_heads)
    together = min(rows, MANY)
    project = MANY * config.hidden_size + together * width
    padded = context_tokens + -context_tokens % max(LANES.values())
    attend = 4 * padded  # a place of 8 bytes and the scores of two heads for each key
    inner = max(config.moe_intermediate_size, config.intermediate_size)
    choices = max(config.num_experts, 1) + 2 * max(config.num_experts_per_tok, 1)
    mix = rows * (config.hidden_size + choices) + MANY * 2 * inner
    return max(project, attend, mix)


def draw_floats(words: int) -> int:
    """Compute the floats that the library writes to choose among V words: whole vectors."""
    return words + -words % max(LANES.values())


def fused_cpu_ops(
    config: ModelConfig, dtype: torch.dtype, column: CpuColumn | None = None
) -> FusedCpuOps:
    """Make the fused operations of a column, or of the fastest that this CPU runs.

    Raise NoLibrary with the reason if they cannot be had.
    """
    runnable = cpu_columns()
    if not runnable:
        raise NoLibrary("this CPU has neither AVX2 nor NEON")
    column = column or runnable[0]
    if column not in runnable:
        raise NoLibrary(f"this CPU does not run {column}")
    check_sizes(config, LANES[column])
    return FusedCpuOps(load_library(column, cache_folder()), column, config, dtype)


def cpu_columns() -> list[CpuColumn]:
    """Return the columns that this CPU runs, the fastest first."""
    level = torch.backends.cpu.get_cpu_capability()
    runs: dict[CpuColumn, bool] = {
        "avx512_bf16": level == "AVX512" and bool(torch.cpu.get_capabilities().get("avx512_bf16")),
        "avx512": level == "AVX512",
        "avx2": level in ("AVX512", "AVX2"),
        "neon": True,
    }
    return [column for column in machine_columns() if runs[column]]


def check_sizes(config: ModelConfig, lanes: int) -> None:
    """Raise NoLibrary if the kernels do not compute a network of these sizes."""
    widths = {
        "hidden_size": config.hidden_size,
        "intermediate_size": config.intermediate_size if config.dense_layers else 0,
        "moe_intermediate_size": config.moe_intermediate_size,
    }
    for name, width in widths.items():
        if width % lanes:
            raise NoLibrary(f"{name} is {width}, no multiple of {lanes}")
    if config.head_dim not in HEAD_SIZES:
        sizes = ", ".join(map(str, HEAD_SIZES))
        raise NoLibrary(f"head_dim is {config.head_dim}, none of {sizes}")
