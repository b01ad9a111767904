"""Forms of a network that are compared, and turns of their steps on one thread."""

import statistics
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any

import torch

from models.architectures.loader import ModelLoader, torch_dtype
from models.architectures.qwen3 import Qwen3
from models.checkpoint import CheckpointTensors
from models.config import KvCacheDtype, ModelConfig, Quantisation
from models.ops.cpu_fused import fused_cpu_ops
from models.ops.cpu_library import NoLibrary
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch, KeyValues, Ops

BLOCK_TOKENS = 16
MAX_STEPS = 50
Work = Callable[[], object]


@dataclass(frozen=True)
class Form:
    """One way to keep and multiply weights; fused kernels have none of few bits."""

    name: str
    quantisation: Quantisation
    dtype: str
    is_fused: bool = False

    def ops(self, config: ModelConfig) -> Ops:
        """Return its operations; raise NoLibrary where its kernels cannot be had."""
        return fused_cpu_ops(config, torch_dtype(self.dtype)) if self.is_fused else CpuOps()


FULL = (
    Form("float32", "none", "float32"),
    Form("bfloat16", "none", "bfloat16"),
    Form("float32, fused", "none", "float32", is_fused=True),
    Form("bfloat16, fused", "none", "bfloat16", is_fused=True),
)
FEW_BITS = (
    Form("w8a16", "w8a16", "bfloat16"),
    Form("w4a16", "w4a16", "bfloat16"),
    Form("w8a8", "w8a8", "float32"),
)


def open_forms(
    forms: Sequence[Form], config: ModelConfig, tensors: CheckpointTensors, context_tokens: int
) -> Iterator[tuple[Form, Qwen3]]:
    """Yield the network of each form; say in one line which cannot be had here, and why."""
    for form in forms:
        try:
            ops = form.ops(config)
        except NoLibrary as reason:
            print(f"{form.name} is left out, because {reason}.")
        else:
            dtype, device = torch_dtype(form.dtype), torch.device("cpu")
            loader = ModelLoader(config, ops, device, dtype, context_tokens, form.quantisation)
            yield form, loader.load(tensors)


def caches_for(network: Qwen3, tokens: int, dtype: KvCacheDtype = "auto") -> list[KeyValues]:
    """Make caches of this many tokens."""
    return network.new_caches(-(-tokens // BLOCK_TOKENS), BLOCK_TOKENS, dtype)


def step_of(network: Qwen3, caches: list[KeyValues], batch: Batch) -> Work:
    """Return a step as it is timed."""
    return partial(network.forward, batch, caches)


def decoding(sequences: int, context_tokens: int) -> Batch:
    """Return a step with one token of each sequence."""
    each = -(-context_tokens // BLOCK_TOKENS)
    blocks = [list(range(each * number, each * (number + 1))) for number in range(sequences)]
    last = context_tokens - 1
    slots = [row[-1] * BLOCK_TOKENS + last % BLOCK_TOKENS for row in blocks]
    ones, contexts = [1] * sequences, [context_tokens] * sequences
    tokens = list(range(5, 5 + sequences))
    return Batch(tokens, [last] * sequences, slots, ones, contexts, blocks, list(range(sequences)))


def prompt(tokens: int) -> Batch:
    """Return a step with a chunk of one prompt."""
    positions, lengths = list(range(tokens)), [tokens]
    blocks = [list(range(-(-tokens // BLOCK_TOKENS)))]
    words = [5 + position for position in positions]
    return Batch(words, positions, positions, lengths, lengths, blocks, [tokens - 1])


@torch.inference_mode()
def take_turns(
    contenders: Mapping[str, Work], rounds: int, seconds: float
) -> dict[str, list[float]]:
    """Return the CPU seconds of a step of each contender in each round.

    In a round each has about as many steps as fit in `seconds`; its first step warms up.
    """
    steps = {}
    for name, work in contenders.items():
        work()
        steps[name] = min(max(round(seconds / _cpu_seconds(work, 1)), 1), MAX_STEPS)
    took: dict[str, list[float]] = {name: [] for name in contenders}
    for _ in range(rounds):
        for name, work in contenders.items():
            took[name].append(_cpu_seconds(work, steps[name]))
    return took


def beside(base: Sequence[float], mine: Sequence[float]) -> dict[str, Any]:
    """Return the speed over the base's: median, least and most of the rounds' ratios."""
    ratios = [theirs / ours for theirs, ours in zip(base, mine, strict=True)]
    return {
        "ratio": statistics.median(ratios),
        "low": min(ratios),
        "high": max(ratios),
        "milliseconds": statistics.median(mine) * 1e3,
    }


def _cpu_seconds(work: Work, steps: int) -> float:
    started = time.thread_time()
    for _ in range(steps):
        work()
    return (time.thread_time() - started) / steps
