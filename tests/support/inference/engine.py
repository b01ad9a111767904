"""Engines for tests: real ones from checkpoints, and one with a fake runner that counts upwards."""

from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any

import torch
from support.tier import make_tokenizer
from torch import Tensor

from models.assemble import build_engine
from models.config import EngineConfig
from models.device import DeviceReading
from models.engine.block_manager import BlockManager
from models.engine.drafter import Drafter, NoDrafter
from models.engine.engine import Engine, EngineParts
from models.engine.scheduler import Scheduler
from models.ops.ops import Batch
from models.protocol import (
    EngineInfo,
    EngineRequest,
    FinishReason,
    RequestOutput,
    SamplingParams,
    StepStats,
)

VOCABULARY = 384
CONTEXT = 64
EOS = 0


@dataclass
class CompletedRequests:
    """Outputs of some requests, and the stats of all steps."""

    tokens: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, tuple[FinishReason, str | None]] = field(default_factory=dict)
    outputs: dict[str, list[RequestOutput]] = field(default_factory=dict)
    steps: list[StepStats] = field(default_factory=list)

    @property
    def replies(self) -> tuple[dict[str, list[int]], dict[str, tuple[FinishReason, str | None]]]:
        """Everything that clients see."""
        return self.tokens, self.reasons

    @property
    def ends(self) -> list[RequestOutput]:
        """The last output of each request."""
        return [outputs[-1] for outputs in self.outputs.values()]

    @property
    def accepted(self) -> list[int]:
        """Accepted draft tokens at each position, over all steps."""
        counted: Counter[int] = Counter()
        for step in self.steps:
            counted.update(dict(enumerate(step.accepted_per_position)))
        return [counted[position] for position in sorted(counted)]


def complete(
    engine: Engine,
    requests: list[EngineRequest],
    after_step: Callable[[int], None] = lambda step: None,
) -> CompletedRequests:
    """Run all requests at once, to their end."""
    for request in requests:
        engine.add(request)
    return drain(engine, after_step)


def drain(
    engine: Engine, after_step: Callable[[int], None] = lambda step: None
) -> CompletedRequests:
    """Step until no request is left."""
    completed = CompletedRequests()
    while engine.has_work:
        step = engine.step()
        completed.steps.append(step.stats)
        for output in step.outputs:
            name = output.request_id
            completed.tokens.setdefault(name, []).extend(output.token_ids)
            completed.outputs.setdefault(name, []).append(output)
            if output.finish_reason:
                completed.reasons[name] = output.finish_reason, output.stop_string
        after_step(len(completed.steps))
    return completed


def greedy(name: str, prompt: list[int], max_tokens: int, **sampling: Any) -> EngineRequest:
    """Make a request for exactly this many of the likeliest tokens."""
    options = {"temperature": 0, "ignore_eos": True} | sampling
    return EngineRequest(name, prompt, SamplingParams(max_tokens, **options))


@contextmanager
def open_engine(config: EngineConfig) -> Iterator[Engine]:
    """Build a real engine and close it at the end."""
    engine = build_engine(config)
    try:
        yield engine
    finally:
        engine.close()


class CountingRunner:
    """A runner whose likeliest next token is always the last one plus 1."""

    weight_bytes = 0

    def __init__(self) -> None:
        self.batches: list[Batch] = []
        self.is_closed = False

    def forward(self, batch: Batch) -> Tensor:
        """Return logits [wanted rows, V]."""
        self.batches.append(batch)
        logits = torch.zeros(len(batch.wanted), VOCABULARY)
        for row, wanted in enumerate(batch.wanted):
            logits[row, (batch.token_ids[wanted] + 1) % VOCABULARY] = 1
        return logits

    def expert_tokens(self) -> list[list[int]]:
        """Return the rows of no experts."""
        return []

    def layer_times(self) -> None:
        """Return None."""

    def close(self) -> None:
        """Remember that it was closed."""
        self.is_closed = True


class FixedDevice:
    """A device whose readings are always the same, and counted."""

    def __init__(self) -> None:
        self.readings = 0

    def read(self) -> DeviceReading:
        """Count and return a reading."""
        self.readings += 1
        return DeviceReading(100, 200, 0.5, None)


def engine_info(**changes: Any) -> EngineInfo:
    """Return facts about an engine that fits the counting runner."""
    facts: dict[str, Any] = {
        "device": "cpu",
        "context_tokens": CONTEXT,
        "vocab_size": VOCABULARY,
        "eos_token_ids": (EOS,),
        "cache_blocks": 16,
        "block_tokens": 4,
        "active_parameters": 1000,
        "weight_bytes": 4000,
        "quantisation": "none",
        "stack": {"python": "3.11", "torch": "2.13"},
    }
    return EngineInfo(**facts | changes)


def counting_engine(
    drafter: Drafter | None = None,
    blocks: int = 16,
    block_tokens: int = 4,
    max_sequences: int = 4,
    max_batch_tokens: int = 32,
) -> tuple[Engine, CountingRunner, FixedDevice]:
    """Make an engine of plain objects. Return it with its runner and its device."""
    runner, device = CountingRunner(), FixedDevice()
    manager = BlockManager(blocks, block_tokens, is_sharing=True)
    parts = EngineParts(
        info=engine_info(cache_blocks=blocks, block_tokens=block_tokens),
        tokenizer=make_tokenizer(),
        scheduler=Scheduler(manager, max_sequences, max_batch_tokens),
        runner=runner,
        drafter=drafter or NoDrafter(),
        device=device,
    )
    return Engine(parts), runner, device
