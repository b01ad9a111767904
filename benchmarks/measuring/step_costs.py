"""Costs of one forward pass, by which the gain of speculative decoding is predicted."""

import statistics
from dataclasses import dataclass, replace
from time import perf_counter

import torch

from models.architectures.loader import ModelLoader
from models.checkpoint import read_model_config
from models.config import EngineConfig, Speculation
from models.ops.cpu_ops import CpuOps
from models.spec_decode.draft_network import (
    DraftCache,
    DraftInput,
    DraftNetwork,
    open_draft_network,
)

COST_ROUNDS = 20


@dataclass(frozen=True)
class Costs:
    """Milliseconds of one forward pass over all sequences."""

    target: float  # one token a sequence
    draft: float  # one token a sequence, by the draft model
    checking: dict[int, float]  # draft and last token of each, by the draft's length

    def predict(self, form: Speculation, tau: float, draft_tokens: int) -> float:
        """Return the predicted ratio of speeds, if every step checks a draft of this length."""
        checking = self.checking[draft_tokens] / self.target
        guessing = draft_tokens * self.draft / self.target if form != "ngram" else 0.0
        return tau / (max(checking, guessing) if form == "async-draft" else checking + guessing)


def measure_costs(
    config: EngineConfig, prompts: list[list[int]], at_once: int, lengths: list[int]
) -> Costs:
    """Return medians of forward passes after prompts of the benchmark's length, in turn."""
    shape = read_model_config(config.model)
    build = ModelLoader(
        shape, CpuOps(), torch.device("cpu"), torch.float32, shape.max_position_embeddings
    )
    target, draft = (
        open_draft_network(each, build, 32 * 1024)
        for each in (replace(config, draft_model=config.model), config)
    )
    mine = [prompts[each % len(prompts)] for each in range(at_once)]
    checked, guessed = Prompts(target, mine), Prompts(draft, mine)
    rounds = [
        [
            guessed.milliseconds(1),
            *(checked.milliseconds(length + 1) for length in (0, *lengths)),
        ]
        for _ in range(COST_ROUNDS)
    ]
    guess, plain, *checking = (statistics.median(each) for each in zip(*rounds, strict=True))
    return Costs(plain, guess, dict(zip(lengths, checking, strict=True)))


class Prompts:
    """Prompts in a network's cache, of whose last tokens a forward pass may be repeated."""

    def __init__(self, network: DraftNetwork, prompts: list[list[int]]) -> None:
        self._network = network
        self._texts = [DraftInput(DraftCache(), prompt, 1) for prompt in prompts]
        for text in self._texts:
            network.reserve(text.cache, len(text.tokens))
        network.read(self._texts)

    def milliseconds(self, tokens: int) -> float:
        """Run a pass over the last `tokens` of each prompt and return its milliseconds."""
        inputs = [replace(text, wanted=tokens) for text in self._texts]
        for each in inputs:
            del each.cache.tokens[-tokens:]
        started = perf_counter()
        self._network.read(inputs)
        return 1e3 * (perf_counter() - started)
