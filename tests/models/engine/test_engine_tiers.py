"""A restored prefix is the computed one, to the bit, wherever it was kept meanwhile."""

import random
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from support.inference.engine import CompletedRequests, complete, greedy, open_engine
from support.tier import tiny_checkpoint

from models.config import EngineConfig
from models.engine.engine import Engine

GIB_OF_A_BLOCK = 3 * 2 * 16 * 2 * 32 * 4 / 2**30
PROMPT = 200
CACHED = 192  # in blocks of 16, without the last token


@pytest.fixture(scope="module")
def config(tmp_path_factory: pytest.TempPathFactory) -> EngineConfig:
    """Configure a tiny model whose device cache has one context, 16 blocks."""
    model = tiny_checkpoint(tmp_path_factory.mktemp("model"))
    return EngineConfig(model=model, device="cpu", cache_tokens=256, max_batch_tokens=64)


def text(seed: int, length: int = PROMPT) -> list[int]:
    """Draw a random prompt."""
    return random.Random(seed).choices(range(1, 300), k=length)


def ask(engine: Engine, prompt: list[int]) -> tuple[tuple[int, int, int], Any]:
    """Return cached tokens, those from host memory and from disk, and tokens with logprobs."""
    request = greedy("one", prompt, 8, logprobs=5)
    outputs = complete(engine, [request]).outputs["one"]
    last = outputs[-1]
    said = [(output.token_ids, output.logprobs) for output in outputs]
    return (last.cached_tokens, last.host_tokens, last.disk_tokens), said


@pytest.mark.parametrize(
    "changes",
    [
        {},
        {"dtype": "bfloat16", "kernels": "stock"},
        {"speculation": "ngram"},
        pytest.param({"expert_ranks": 2}, marks=pytest.mark.long),
        pytest.param({"kv_cache_dtype": "int8"}, marks=pytest.mark.long),
        pytest.param({"quantisation": "w8a8"}, marks=pytest.mark.long),
    ],
    ids=str,
)
def test_a_restored_prefix_is_the_cached_one(
    config: EngineConfig, tmp_path: Path, changes: dict[str, Any]
) -> None:
    """It comes from the device, from host memory after other prompts, from disk after a restart."""
    config = replace(config, disk_cache=tmp_path, host_cache_gib=40 * GIB_OF_A_BLOCK, **changes)
    with open_engine(config) as engine:
        assert ask(engine, text(1))[0] == (0, 0, 0)
        tokens, cached = ask(engine, text(1))
        assert tokens == (CACHED, 0, 0)
        ask(engine, text(2))
        tokens, restored = ask(engine, text(1))
        assert tokens[0] == CACHED
        assert tokens[1] >= CACHED - 64
        assert tokens[2] == 0
        assert restored == cached
    with open_engine(config) as engine:
        tokens, restored = ask(engine, text(1))
        assert tokens == (CACHED, 0, CACHED)
        assert restored == cached
        ask(engine, text(3))
        tokens, restored = ask(engine, text(1))
        assert tokens[1] >= CACHED - 64, "blocks from disk stay in host memory"
        assert restored == cached


def test_tokens_are_the_same_under_pressure(config: EngineConfig, tmp_path: Path) -> None:
    """Many prompts, tiny tiers: sequences are preempted, blocks come and go everywhere."""
    prompts = [text(seed % 3, 20 * seed) + text(seed, 40) for seed in range(1, 8)]
    requests = [greedy(str(at), prompt, 12) for at, prompt in enumerate(prompts)]
    with open_engine(replace(config, prefix_caching=False)) as engine:
        expected = complete(engine, requests).tokens
    small = {"host_cache_gib": 9 * GIB_OF_A_BLOCK, "disk_cache_gib": 20 * GIB_OF_A_BLOCK}
    with open_engine(replace(config, disk_cache=tmp_path, **small)) as engine:
        rounds = [complete(engine, requests) for _ in range(3)]
        assert [each.tokens for each in rounds] == [expected] * 3
        last = rounds[-1].steps[-1]
        assert last.cache_usage == 0
        assert all(0 < tier.held_bytes <= tier.max_bytes for tier in last.kv_tiers)
        assert hits(rounds[2], "host") + hits(rounds[2], "disk") > 0


def hits(completed: CompletedRequests, name: str) -> int:
    """Sum the tokens that a tier gave."""
    return sum(t.hits for step in completed.steps for t in step.kv_tiers if t.tier == name)


def test_tokens_of_a_prompt_are_counted_in_one_tier_each(
    config: EngineConfig, tmp_path: Path
) -> None:
    """Each tier is asked for what the faster ones lack; cached tokens are the sum of hits."""
    with open_engine(replace(config, host_cache_gib=40 * GIB_OF_A_BLOCK)) as engine:
        ask(engine, text(1))
        ask(engine, text(2))
        completed = complete(engine, [greedy("one", text(1), 4)])
    device, host = ([t for step in completed.steps for t in step.kv_tiers][at::2] for at in (0, 1))
    assert sum(each.queries for each in device) == PROMPT
    found = sum(each.hits for each in device)
    assert sum(each.queries for each in host) == PROMPT - found
    assert found + sum(each.hits for each in host) == CACHED
