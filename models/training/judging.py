"""How good a network is on text that it has not seen, run as the engine runs it: perplexity, use of experts, agreement of a draft."""

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
from models.config import Quantisation
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch

WINDOW_TOKENS = 512
BLOCK_TOKENS = 16
MAX_WINDOWS = 64


@dataclass(frozen=True)
class Evaluation:
    """What a network makes of the windows."""

    tokens: int
    nats: float  # mean cross-entropy of the next token
    expert_tokens: Tensor  # [layers with experts, experts]
    logits: list[Tensor]  # [window - 1, V] of each window

    @property
    def perplexity(self) -> float:
        """exp(mean cross-entropy)."""
        return math.exp(self.nats)

    @property
    def balance(self) -> list[float]:
        """Of each layer: tokens of the busiest expert over the mean; 1 is even."""
        return [(each.max() / each.float().mean()).item() for each in self.expert_tokens]


def load_network(folder: Path, quantisation: Quantisation = "none", dtype: str = "float32") -> Qwen3:
    """A checkpoint's network on the CPU."""
    with open_tensors(folder) as tensors:
        return ModelLoader(
            read_model_config(folder),
            CpuOps(),
            torch.device("cpu"),
            torch_dtype(dtype),
            WINDOW_TOKENS,
            quantisation,
        ).network(tensors)


def cut_windows(tokenizer: Tokenizer, texts: list[str]) -> list[list[int]]:
    """The texts one after another, cut into windows, at most `MAX_WINDOWS`, spread over all of them."""
    row = [token for text in texts for token in tokenizer.encode(text).ids]
    cut = [
        row[start : start + WINDOW_TOKENS]
        for start in range(0, len(row) - WINDOW_TOKENS, WINDOW_TOKENS)
    ]
    return cut[:: max(len(cut) // MAX_WINDOWS, 1)][:MAX_WINDOWS]


@torch.inference_mode()
def evaluate(network: Qwen3, given: list[list[int]]) -> Evaluation:
    """Each window alone, as one prompt."""
    sparse = network.sparse_layers
    counted = torch.zeros(len(sparse), network.shape.num_experts, dtype=torch.long)
    nats, logits = 0.0, []
    for tokens, found in zip(given, _logits(network, given), strict=True):
        nats += F.cross_entropy(found[:-1], torch.tensor(tokens[1:]), reduction="sum").item()
        logits.append(found[:-1])
        for layer, experts in enumerate(sparse):
            if experts.chosen is not None:
                counted[layer] += torch.bincount(
                    experts.chosen.flatten(), minlength=network.shape.num_experts
                )
    count = sum(len(tokens) - 1 for tokens in given)
    return Evaluation(count, nats / count, counted, logits)


@torch.inference_mode()
def draft_agreement(target: Evaluation, draft: Evaluation) -> tuple[float, float]:
    """How often the draft's likeliest token is the target's, and the mean of sum(min(p, q)), the acceptance when both sample."""
    same = overlap = 0.0
    for wanted, guessed in zip(target.logits, draft.logits, strict=True):
        same += (wanted.argmax(-1) == guessed.argmax(-1)).sum().item()
        overlap += torch.minimum(wanted.softmax(-1), guessed.softmax(-1)).sum().item()
    return same / target.tokens, overlap / target.tokens


def _logits(network: Qwen3, given: list[list[int]]) -> Iterator[Tensor]:
    blocks = list(range(WINDOW_TOKENS // BLOCK_TOKENS))
    caches = network.new_caches(len(blocks), BLOCK_TOKENS)
    for tokens in given:
        places = list(range(len(tokens)))
        yield network.forward(
            Batch(tokens, places, places, [len(tokens)], [len(tokens)], [blocks], places), caches
        )
