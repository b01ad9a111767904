"""Requests with a cache of 8 bits: the same however they are cut, shared, guessed or batched."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.inference.columns import KERNELS
from support.inference.engine import CompletedRequests, complete, drain, greedy, open_engine
from support.tier import tiny_checkpoint

from models.config import EngineConfig, Kernels
from models.protocol import EngineRequest

# Another order of a sum moves a number of the cache by a step of 1/127 at most, and rarely.
MAX_DIFFERENCE = 2e-3
LENGTHS = [5, 40, 17, 33]
TOKENS = 20
SHARED = 48  # three blocks
FEW_BLOCKS = {"context_tokens": 96, "cache_tokens": 96, "block_tokens": 4}
RUNS: dict[str, dict[str, Any]] = {
    "one at a time": {"max_sequences": 1},
    "chunked": {"max_batch_tokens": 7},
    "small blocks": {"block_tokens": 3},
    "preempted": FEW_BLOCKS,
    "guessed by n-grams": {"speculation": "ngram"},
}


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    """Configure a tiny model with a cache of 8 bits."""
    model = tiny_checkpoint(tmp_path_factory.mktemp("model"))
    return EngineConfig(model=model, device="cpu", kv_cache_dtype="int8")


def text(length: int, seed: int) -> list[int]:
    """Draw a random prompt, its second half like its first so that n-grams guess."""
    half = random.Random(seed).choices(range(1, 300), k=-(-length // 2))
    return (half * 2)[:length]


def requests() -> list[EngineRequest]:
    """Make greedy requests with logprobs."""
    return [
        greedy(str(length), text(length, length), TOKENS, logprobs=3, ignore_eos=True)
        for length in LENGTHS
    ]


def assert_same(found: CompletedRequests, expected: CompletedRequests) -> None:
    """Compare tokens, and the logprobs of those that were chosen."""
    assert found.tokens == expected.tokens
    for name, outputs in expected.outputs.items():
        theirs = [each.chosen for output in outputs for each in output.logprobs]
        ours = [each.chosen for output in found.outputs[name] for each in output.logprobs]
        assert ours == pytest.approx(theirs, abs=MAX_DIFFERENCE)


@pytest.mark.parametrize("kernels", KERNELS)
@pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS.keys())
def test_tokens_are_those_of_a_batch(
    config: EngineConfig, changes: dict[str, Any], kernels: Kernels
) -> None:
    """The cache reads the same, however its content came there."""
    config = replace(config, kernels=kernels)
    with open_engine(config) as engine:
        expected = complete(engine, requests())
    with open_engine(replace(config, **changes)) as engine:
        found = complete(engine, requests())
    assert_same(found, expected)


@pytest.mark.parametrize("kernels", KERNELS)
def test_a_shared_prefix_changes_nothing(config: EngineConfig, kernels: Kernels) -> None:
    """Blocks with their scales are read by another request."""
    shared = text(50, seed=3)
    second = greedy("second", shared + text(9, seed=4), TOKENS)
    with open_engine(replace(config, kernels=kernels, prefix_caching=False)) as engine:
        expected = complete(engine, [second]).tokens["second"]
    with open_engine(replace(config, kernels=kernels)) as engine:
        complete(engine, [greedy("first", shared, 4)])
        engine.add(second)
        [output] = engine.step().outputs
        rest = drain(engine).outputs["second"]
    assert output.cached_tokens == SHARED
    assert [token for each in (output, *rest) for token in each.token_ids] == expected


def test_a_draft_model_guesses_with_a_full_cache(config: EngineConfig, tmp_path: Path) -> None:
    """Its guesses are checked by the model, so the tokens are those without it."""
    draft = tiny_checkpoint(tmp_path / "draft", model_type="qwen3", num_hidden_layers=2)
    with open_engine(config) as engine:
        expected = complete(engine, requests())
    with open_engine(replace(config, speculation="draft", draft_model=draft)) as engine:
        found = complete(engine, requests())
    assert_same(found, expected)
