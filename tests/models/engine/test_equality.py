"""The engine's logits and tokens are those of transformers on the same checkpoint, however the work is cut into steps."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from tier_support import tiny_checkpoint
from transformers import AutoModelForCausalLM

from models.checkpoint import open_tensors, read_shape
from models.config import EngineConfig
from models.engine.engine import Engine
from models.engine.request import Progress, Request, Sampling
from models.network.build import Build
from models.network.cpu_ops import CpuOps
from models.network.ops import Batch

MAX_DIFFERENCE = 1e-4
SHAPES: dict[str, dict[str, Any]] = {
    "experts": {},
    "dense": {"model_type": "qwen3"},
    "some layers dense": {"decoder_sparse_step": 2, "mlp_only_layers": [1]},
    "own head, weights as they are": {"tie_word_embeddings": False, "norm_topk_prob": False},
    "no sharing of keys": {"num_key_value_heads": 4, "num_experts": 8},
}


@pytest.fixture(scope="module", params=SHAPES.values(), ids=SHAPES.keys())
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("model"), **request.param)


@pytest.fixture(scope="module")
def reference(checkpoint: Path) -> Callable[[list[int]], torch.Tensor]:
    """transformers' logits [tokens, V] of a text."""
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)

    @torch.inference_mode()
    def logits(tokens: list[int]) -> torch.Tensor:
        found: torch.Tensor = model(torch.tensor([tokens])).logits[0]
        return found

    return logits


def text(length: int, seed: int) -> list[int]:
    return random.Random(seed).choices(range(1, 300), k=length)


def greedy(reference: Callable[[list[int]], torch.Tensor], prompt: list[int], tokens: int) -> list[int]:
    """What transformers generates, without a cache: the plainest way there is."""
    found = list(prompt)
    for _ in range(tokens):
        found.append(int(reference(found)[-1].argmax()))
    return found[len(prompt) :]


def completed(engine: Engine, requests: list[Request]) -> dict[str, list[int]]:
    """All requests at once, to their end."""
    for request in requests:
        engine.add(request)
    return drained(engine, requests)


def drained(engine: Engine, requests: list[Request]) -> dict[str, list[int]]:
    tokens: dict[str, list[int]] = {request.request_id: [] for request in requests}
    while engine.has_work:
        for progress in engine.step().progress:
            tokens[progress.request_id] += progress.token_ids
    return tokens


def request(name: str, prompt: list[int], tokens: int, **sampling: Any) -> Request:
    return Request(name, prompt, Sampling(tokens, temperature=0, ignore_eos=True, **sampling))


def test_logits_of_one_text(checkpoint: Path, reference: Callable[[list[int]], torch.Tensor]) -> None:
    """One pass over a text gives transformers' logits at each of its tokens."""
    tokens = text(70, seed=1)
    with open_tensors(checkpoint) as tensors:
        network = Build(read_shape(checkpoint), CpuOps(), torch.device("cpu"), torch.float32, 256).network(tensors)
    caches = network.new_caches(8, 16)
    with torch.inference_mode():
        mine = network.forward(Batch(tokens, list(range(70)), list(range(70)), [70], [70], [[0, 1, 2, 3, 4]], list(range(70))), caches)
    assert (mine - reference(tokens)).abs().max() < MAX_DIFFERENCE


RUNS = {
    "single": ({}, [40]),
    "batched": ({}, [5, 40, 17, 33, 64]),
    "chunked": ({"max_batch_tokens": 7}, [5, 40, 17, 33]),
    "small blocks": ({"block_tokens": 3}, [5, 40, 17]),
    "one at a time": ({"max_sequences": 1}, [5, 40]),
    "preempted": ({"context_tokens": 96, "cache_tokens": 96, "block_tokens": 4, "prefix_caching": False}, [30, 28, 26]),
    "preempted, with prefix caching": ({"context_tokens": 96, "cache_tokens": 96, "block_tokens": 4}, [30, 28, 26]),
}


@pytest.mark.parametrize(("changes", "lengths"), RUNS.values(), ids=RUNS.keys())
def test_greedy_tokens(
    checkpoint: Path, reference: Callable[[list[int]], torch.Tensor], changes: dict[str, Any], lengths: list[int]
) -> None:
    """Greedy tokens are transformers', whatever runs beside them and however prompts are cut."""
    engine = Engine(replace(EngineConfig(model=checkpoint), **changes))
    requests = [request(str(length), text(length, seed=length), 24) for length in lengths]
    found = completed(engine, requests)
    assert found == {each.request_id: greedy(reference, each.prompt, 24) for each in requests}


def test_preemption_happens(checkpoint: Path) -> None:
    """The preempted runs above are preempted indeed, and nobody's sum of tokens shows it."""
    engine = Engine(EngineConfig(model=checkpoint, context_tokens=96, cache_tokens=96, block_tokens=4))
    for length in (30, 28, 26):
        engine.add(request(str(length), text(length, seed=length), 24))
    ends: list[Progress] = []
    preemptions = 0
    while engine.has_work:
        step = engine.step()
        preemptions += step.stats.preemptions
        ends += [progress for progress in step.progress if progress.finish_reason]
    assert preemptions > 0
    assert sum(end.preemptions for end in ends) == preemptions


def test_a_cached_prefix_changes_nothing(checkpoint: Path, reference: Callable[[list[int]], torch.Tensor]) -> None:
    """A prompt whose beginning was seen before takes it from the cache, whole blocks at a time, and goes on the same."""
    engine = Engine(EngineConfig(model=checkpoint))
    shared = text(50, seed=3)
    completed(engine, [request("first", shared, 4)])
    prompt = shared + text(9, seed=4)
    engine.add(request("second", prompt, 12))
    step = engine.step()
    assert (step.stats.prefix_queries, step.stats.prefix_hits) == (59, 48)
    assert step.progress[0].cached_tokens == 48
    rest = drained(engine, [request("second", prompt, 12)])["second"]
    assert step.progress[0].token_ids + rest == greedy(reference, prompt, 12)
