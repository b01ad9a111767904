"""The engine's logits and tokens are those of transformers on the same checkpoint, however the work is cut into steps."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.tier import tiny_checkpoint
from transformers import AutoModelForCausalLM

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig
from models.engine.engine import Engine
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch
from models.protocol import RequestOutput, EngineRequest, SamplingParams

MAX_DIFFERENCE = 1e-4
LOGPROBS = 20
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


def completed(engine: Engine, requests: list[EngineRequest]) -> dict[str, list[RequestOutput]]:
    """All requests at once, to their end."""
    for request in requests:
        engine.add(request)
    return drained(engine, requests)


def drained(engine: Engine, requests: list[EngineRequest]) -> dict[str, list[RequestOutput]]:
    steps: dict[str, list[RequestOutput]] = {request.request_id: [] for request in requests}
    while engine.has_work:
        for progress in engine.step().progress:
            steps[progress.request_id].append(progress)
    return steps


def assert_is_transformers(
    reference: Callable[[list[int]], torch.Tensor],
    prompt: list[int],
    steps: list[RequestOutput],
    count: int,
) -> None:
    """Each token is the likeliest of transformers' one pass over the whole, and the reported logarithms are its logits'."""
    tokens = [token for step in steps for token in step.token_ids]
    logits = reference(prompt + tokens)[len(prompt) - 1 : -1]
    assert tokens == logits.argmax(-1).tolist()
    assert len(tokens) == count
    reported = [logprobs for step in steps for logprobs in step.logprobs]
    for mine, theirs in zip(reported, logits.log_softmax(-1), strict=True):
        assert len(mine.top) == LOGPROBS
        for token, value in mine.top.items():
            assert abs(theirs[token].item() - value) < MAX_DIFFERENCE


def request(name: str, prompt: list[int], tokens: int, **sampling: Any) -> EngineRequest:
    return EngineRequest(
        name,
        prompt,
        SamplingParams(tokens, temperature=0, ignore_eos=True, logprobs=LOGPROBS, **sampling),
    )


def test_logits_of_one_text(
    checkpoint: Path, reference: Callable[[list[int]], torch.Tensor]
) -> None:
    """One pass over a text gives transformers' logits at each of its tokens."""
    tokens = text(70, seed=1)
    with open_tensors(checkpoint) as tensors:
        network = ModelLoader(
            read_model_config(checkpoint), CpuOps(), torch.device("cpu"), torch.float32, 256
        ).network(tensors)
    caches = network.new_caches(8, 16)
    with torch.inference_mode():
        mine = network.forward(
            Batch(
                tokens,
                list(range(70)),
                list(range(70)),
                [70],
                [70],
                [[0, 1, 2, 3, 4]],
                list(range(70)),
            ),
            caches,
        )
    assert (mine - reference(tokens)).abs().max() < MAX_DIFFERENCE


RUNS = {
    "single": ({}, [40]),
    "single, in chunks": ({"max_batch_tokens": 16}, [40]),
    "batched": ({}, [5, 40, 17, 33, 64]),
    "chunked": ({"max_batch_tokens": 7}, [5, 40, 17, 33]),
    "small blocks": ({"block_tokens": 3}, [5, 40, 17]),
    "one at a time": ({"max_sequences": 1}, [5, 40]),
    "preempted": (
        {"context_tokens": 96, "cache_tokens": 96, "block_tokens": 4, "prefix_caching": False},
        [30, 28, 26],
    ),
    "preempted, with prefix caching": (
        {"context_tokens": 96, "cache_tokens": 96, "block_tokens": 4},
        [30, 28, 26],
    ),
}


@pytest.mark.parametrize(("changes", "lengths"), RUNS.values(), ids=RUNS.keys())
def test_tokens_and_logits(
    checkpoint: Path,
    reference: Callable[[list[int]], torch.Tensor],
    changes: dict[str, Any],
    lengths: list[int],
) -> None:
    """They are transformers', whatever runs beside them and however prompts are cut."""
    engine = Engine(replace(EngineConfig(model=checkpoint), **changes))
    requests = [request(str(length), text(length, seed=length), 24) for length in lengths]
    found = completed(engine, requests)
    for each in requests:
        assert_is_transformers(reference, each.prompt, found[each.request_id], 24)


def test_preemption_happens(checkpoint: Path) -> None:
    """The preempted runs above are preempted indeed, and nobody's sum of tokens shows it."""
    engine = Engine(
        EngineConfig(model=checkpoint, context_tokens=96, cache_tokens=96, block_tokens=4)
    )
    for length in (30, 28, 26):
        engine.add(request(str(length), text(length, seed=length), 24))
    ends: list[RequestOutput] = []
    preemptions = 0
    while engine.has_work:
        step = engine.step()
        preemptions += step.stats.preemptions
        ends += [progress for progress in step.progress if progress.finish_reason]
    assert preemptions > 0
    assert sum(end.preemptions for end in ends) == preemptions


def test_a_cached_prefix_changes_nothing(
    checkpoint: Path, reference: Callable[[list[int]], torch.Tensor]
) -> None:
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
    assert_is_transformers(reference, prompt, step.progress + rest, 12)
