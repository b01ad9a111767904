"""Evaluation of networks on unseen text, run as the engine runs them.

It measures perplexity, balance of experts, and agreement of a draft with its target.
"""

import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import torch
import torch.nn.functional as F
from tokenizers import Tokenizer
from torch import Tensor

from models.architectures.loader import ModelLoader, torch_dtype
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config
from models.config import KvCacheDtype, Quantisation
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch

WINDOW_TOKENS = 512
BLOCK_TOKENS = 16
MAX_WINDOWS = 64


@dataclass(frozen=True)
class Evaluation:
    """Result of a network on all windows."""

    tokens: int
    nats: float  # mean cross-entropy of the next token
    expert_tokens: Tensor  # [layers with experts, experts]
    logits: list[Tensor]  # [window - 1, V] of each window

    @property
    def perplexity(self) -> float:
        """Exponential of the mean cross-entropy."""
        return math.exp(self.nats)

    @property
    def balance(self) -> list[float]:
        """Tokens of each layer's busiest expert over the mean; 1 is even."""
        return [(each.max() / each.float().mean()).item() for each in self.expert_tokens]


def load_network(
    folder: Path, quantisation: Quantisation = "none", dtype: str = "float32"
) -> Qwen3:
    """Load a checkpoint's network on the CPU."""
    loader = ModelLoader(
        read_model_config(folder),
        CpuOps(),
        torch.device("cpu"),
        torch_dtype(dtype),
        WINDOW_TOKENS,
        quantisation,
    )
    with open_tensors(folder) as tensors:
        return loader.load(tensors)


def cut_windows(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    """Join the texts and cut at most `MAX_WINDOWS` windows, spread over all of them."""
    tokens = [token for text in texts for token in tokenizer.encode(text).ids]
    starts = range(0, len(tokens) - WINDOW_TOKENS, WINDOW_TOKENS)
    windows = [tokens[start : start + WINDOW_TOKENS] for start in starts]
    return windows[:: max(len(windows) // MAX_WINDOWS, 1)][:MAX_WINDOWS]


@torch.inference_mode()
def evaluate(
    network: Qwen3, windows: list[list[int]], kv_cache_dtype: KvCacheDtype = "auto"
) -> Evaluation:
    """Evaluate each window as one prompt, whose keys and values are read from the cache."""
    sparse, experts = network.sparse_layers, network.config.num_experts
    expert_tokens = torch.zeros(len(sparse), experts, dtype=torch.long)
    nats, logits = 0.0, []
    for tokens, found in zip(windows, _logits(network, windows, kv_cache_dtype), strict=True):
        nats += F.cross_entropy(found[:-1], torch.tensor(tokens[1:]), reduction="sum").item()
        logits.append(found[:-1])
        for layer, mlp in enumerate(sparse):
            if mlp.chosen is not None:
                expert_tokens[layer] += torch.bincount(mlp.chosen.flatten(), minlength=experts)
    count = sum(len(tokens) - 1 for tokens in windows)
    return Evaluation(count, nats / count, expert_tokens, logits)


@torch.inference_mode()
def draft_agreement(target: Evaluation, draft: Evaluation) -> tuple[float, float]:
    """Compute how often the likeliest tokens agree, and the mean of sum(min(p, q)).

    The latter is the acceptance rate if both sample.
    """
    same = overlap = 0.0
    for wanted, drafted in zip(target.logits, draft.logits, strict=True):
        same += (wanted.argmax(-1) == drafted.argmax(-1)).sum().item()
        overlap += torch.minimum(wanted.softmax(-1), drafted.softmax(-1)).sum().item()
    return same / target.tokens, overlap / target.tokens


def _logits(
    network: Qwen3, windows: list[list[int]], kv_cache_dtype: KvCacheDtype
) -> Iterator[Tensor]:
    blocks = list(range(WINDOW_TOKENS // BLOCK_TOKENS))
    caches = network.new_caches(len(blocks), BLOCK_TOKENS, kv_cache_dtype)
    for tokens in windows:
        positions, lengths = list(range(len(tokens))), [len(tokens)]
        batch = Batch(tokens, positions, positions, lengths, lengths, [blocks], positions)
        yield network.forward(batch, caches)
