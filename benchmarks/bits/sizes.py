"""At which size each form pays: networks of real shapes with random weights."""

import statistics
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import torch
from bits.forms import (
    FEW_BITS,
    FULL,
    beside,
    caches_for,
    decoding,
    open_forms,
    step_of,
    take_turns,
)
from torch import Tensor

from models.checkpoint import CheckpointTensors, read_model_config
from models.config import SHIPPED_MODEL, ModelConfig

CONTEXT_TOKENS = 64
TURN_SECONDS = 0.03
SPREAD = 0.02  # standard deviation of weights


@dataclass
class RandomTensors(CheckpointTensors):
    """Weights of a checkpoint that nobody trained; all forms of a shape read the same."""

    generator: torch.Generator = field(default_factory=lambda: torch.Generator().manual_seed(0))
    folder: Path = Path("random weights")
    kept: dict[str, Tensor] = field(default_factory=dict)

    def read(self, name: str, *shape: int) -> Tensor:
        """Draw a tensor, or return the one of this name."""
        if name not in self.kept:
            self.kept[name] = torch.empty(shape).normal_(0, SPREAD, generator=self.generator)
        return self.kept[name]


def dense(
    hidden: int, layers: int, heads: tuple[int, int, int], width: int, words: int
) -> ModelConfig:
    """Return the sizes of a dense network; heads: queries, keys, size of one."""
    shipped = read_model_config(SHIPPED_MODEL)
    queries, shared, size = heads
    return replace(
        shipped,
        hidden_size=hidden,
        num_hidden_layers=layers,
        num_attention_heads=queries,
        num_key_value_heads=shared,
        head_dim=size,
        intermediate_size=width,
        vocab_size=words,
        num_experts=0,
        num_experts_per_tok=0,
        moe_intermediate_size=0,
        dense_layers=frozenset(range(layers)),
    )


def shapes() -> dict[str, ModelConfig]:
    """Return the sizes by name, the smallest first. Parts have a share of layers and of words."""
    return {
        "128 wide": dense(128, 4, (4, 2, 32), 512, 2048),
        "the shipped model": read_model_config(SHIPPED_MODEL),
        "384 wide": dense(384, 6, (6, 6, 64), 1024, 2048),
        "512 wide": dense(512, 8, (8, 4, 64), 1536, 8192),
        "SmolLM2-135M": dense(576, 30, (9, 3, 64), 1536, 49_152),
        "a quarter of Qwen3-0.6B": dense(1024, 7, (16, 8, 128), 3072, 37_984),
        "an 18th of Qwen3-4B": dense(2560, 2, (32, 8, 128), 9728, 8441),
    }


def measure_sizes(
    names: Sequence[str], batches: Sequence[int], rounds: int
) -> Iterator[dict[str, Any]]:
    """Yield each form's speed at each size and batch, beside the fastest form of full precision."""
    for name in names:
        config, tensors = shapes()[name], RandomTensors()
        networks = list(open_forms((*FULL, *FEW_BITS), config, tensors, CONTEXT_TOKENS))
        tensors.kept.clear()
        for size in batches:
            batch = decoding(size, CONTEXT_TOKENS)
            work = {
                form.name: step_of(network, caches_for(network, size * CONTEXT_TOKENS), batch)
                for form, network in networks
            }
            took = take_turns(work, rounds, TURN_SECONDS)
            full = [form.name for form in FULL if form.name in took]
            fastest = min(full, key=lambda form: statistics.median(took[form]))
            for form, mine in took.items():
                yield {
                    "shape": name,
                    "parameters": config.parameters,
                    "at_once": size,
                    "form": form,
                    "fastest": fastest,
                    **beside(took[fastest], mine),
                }
