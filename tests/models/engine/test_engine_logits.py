"""The engine's logits and tokens equal those of transformers, however prompts are cut."""

import random
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
import torch
from support.inference.columns import KERNELS
from support.inference.engine import complete, drain, greedy, open_engine
from support.tier import tiny_checkpoint
from transformers import AutoModelForCausalLM

from models.architectures.loader import ModelLoader
from models.checkpoint import open_tensors, read_model_config
from models.config import EngineConfig, Kernels
from models.ops.cpu_ops import CpuOps
from models.ops.ops import Batch
from models.protocol import EngineRequest, RequestOutput

Reference = Callable[[list[int]], torch.Tensor]

MAX_DIFFERENCE = 1e-4
LOGPROBS = 20
CONFIGS: dict[str, dict[str, Any]] = {
    "experts": {},
    "dense": {"model_type": "qwen3"},
    "some layers dense": {"decoder_sparse_step": 2, "mlp_only_layers": [1]},
    "own head, weights not renormalised": {"tie_word_embeddings": False, "norm_topk_prob": False},
    "no shared keys": {"num_key_value_heads": 4, "num_experts": 8},
}


@pytest.fixture(scope="module", params=CONFIGS.values(), ids=CONFIGS.keys())
def checkpoint(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write one checkpoint of each kind."""
    return tiny_checkpoint(tmp_path_factory.mktemp("model"), **request.param)


@pytest.fixture(scope="module")
def reference(checkpoint: Path) -> Reference:
    """Return a function that computes transformers' logits [tokens, V] of a text."""
    model = AutoModelForCausalLM.from_pretrained(checkpoint, dtype=torch.float32)

    @torch.inference_mode()
    def logits(tokens: list[int]) -> torch.Tensor:
        computed: torch.Tensor = model(torch.tensor([tokens])).logits[0]
        return computed

    return logits


def text(length: int, seed: int) -> list[int]:
    """Draw a random prompt."""
    return random.Random(seed).choices(range(1, 300), k=length)


def request(name: str, prompt: list[int], tokens: int) -> EngineRequest:
    """Make a greedy request with logprobs."""
    return greedy(name, prompt, tokens, logprobs=LOGPROBS)


def assert_equals_reference(
    reference: Reference, prompt: list[int], outputs: list[RequestOutput], count: int
) -> None:
    """Compare tokens and logprobs with one pass of transformers over the whole text."""
    tokens = [token for output in outputs for token in output.token_ids]
    logits = reference(prompt + tokens)[len(prompt) - 1 : -1]
    assert tokens == logits.argmax(-1).tolist()
    assert len(tokens) == count
    reported = [logprobs for output in outputs for logprobs in output.logprobs]
    for logprobs, expected in zip(reported, logits.log_softmax(-1), strict=True):
        assert len(logprobs.top) == LOGPROBS
        for token, value in logprobs.top.items():
            assert abs(expected[token].item() - value) < MAX_DIFFERENCE


def test_logits_of_one_text(checkpoint: Path, reference: Reference) -> None:
    """One pass over a text gives transformers' logits at each of its tokens."""
    tokens, positions = text(70, seed=1), list(range(70))
    config, device = read_model_config(checkpoint), torch.device("cpu")
    with open_tensors(checkpoint) as tensors:
        network = ModelLoader(config, CpuOps(), device, torch.float32, 256).load(tensors)
    batch = Batch(tokens, positions, positions, [70], [70], [[0, 1, 2, 3, 4]], positions)
    with torch.inference_mode():
        logits = network.forward(batch, network.new_caches(8, 16))
    assert (logits - reference(tokens)).abs().max() < MAX_DIFFERENCE


FEW_BLOCKS = {"context_tokens": 96, "cache_tokens": 96, "block_tokens": 4}
RUNS: dict[str, tuple[dict[str, Any], list[int]]] = {
    "single": ({}, [40]),
    "single, in chunks": ({"max_batch_tokens": 16}, [40]),
    "batched": ({}, [5, 40, 17, 33, 64]),
    "chunked": ({"max_batch_tokens": 7}, [5, 40, 17, 33]),
    "small blocks": ({"block_tokens": 3}, [5, 40, 17]),
    "one at a time": ({"max_sequences": 1}, [5, 40]),
    "preempted": (FEW_BLOCKS | {"prefix_caching": False}, [30, 28, 26]),
    "preempted, with prefix caching": (FEW_BLOCKS, [30, 28, 26]),
}


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize(("changes", "lengths"), RUNS.values(), ids=RUNS.keys())
def test_tokens_and_logprobs(
    checkpoint: Path,
    reference: Reference,
    changes: dict[str, Any],
    lengths: list[int],
    kernels: Kernels,
) -> None:
    """They equal transformers', whatever runs beside them and however prompts are cut."""
    requests = [request(str(length), text(length, seed=length), 24) for length in lengths]
    config = EngineConfig(model=checkpoint, device="cpu", kernels=kernels)
    with open_engine(replace(config, **changes)) as engine:
        completed = complete(engine, requests)
    for each in requests:
        outputs = completed.outputs[each.request_id]
        assert_equals_reference(reference, each.prompt, outputs, 24)


def test_the_preempted_runs_are_preempted(checkpoint: Path) -> None:
    """Preemptions of steps and of requests add up."""
    requests = [request(str(length), text(length, seed=length), 24) for length in (30, 28, 26)]
    with open_engine(replace(EngineConfig(model=checkpoint), **FEW_BLOCKS)) as engine:
        completed = complete(engine, requests)
    preemptions = sum(step.preemptions for step in completed.steps)
    assert preemptions > 0
    assert sum(end.preemptions for end in completed.ends) == preemptions


def test_a_cached_prefix_changes_nothing(checkpoint: Path, reference: Reference) -> None:
    """A known beginning is taken from the cache in whole blocks; the tokens stay the same."""
    shared = text(50, seed=3)
    prompt = shared + text(9, seed=4)
    with open_engine(EngineConfig(model=checkpoint)) as engine:
        complete(engine, [request("first", shared, 4)])
        engine.add(request("second", prompt, 12))
        step = engine.step()
        rest = drain(engine).outputs["second"]
    assert (step.stats.prefix_queries, step.stats.prefix_hits) == (59, 48)
    assert step.outputs[0].cached_tokens == 48
    assert_equals_reference(reference, prompt, step.outputs + rest, 12)
