"""Speculative decoding changes how fast tokens come, never which: with every drafter."""

from dataclasses import replace
from pathlib import Path
from random import Random
from typing import Any, NamedTuple

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.inference.engine import CompletedRequests, complete, greedy, open_engine
from tokenizers import Tokenizer

from models.config import SHIPPED_MODEL, EngineConfig, Speculation
from models.engine.engine import Engine
from models.protocol import EngineRequest, SamplingParams, TokenLogprobs
from models.training.corpus import standard_library

METHODS: list[Speculation] = ["ngram", "draft", "async-draft"]


def prompt(length: int) -> list[int]:
    """Draw a random prompt."""
    return Random(length).choices(range(1, 300), k=length)


@pytest.fixture(scope="module")
def requests(config: EngineConfig) -> list[EngineRequest]:
    """Make requests of every kind: greedy, random, long, ended by length, token and string."""
    stopping = prompt(21)
    with open_engine(config) as engine:
        [tokens] = complete(engine, [greedy("probe", stopping, 24)]).tokens.values()
    text = Tokenizer.from_file(str(config.model / "tokenizer.json")).decode(tokens)
    stop = text[len(text) // 2 :][:2]
    few = SamplingParams(20, top_p=0.8, top_k=20, seed=6, ignore_eos=True, logprobs=2)
    return [
        greedy("long", prompt(6), 60),
        greedy("middling", prompt(40), 30),
        greedy("one token", prompt(17), 1),
        greedy("two tokens", prompt(18), 2),
        greedy("until a token", stopping, 24, stop_token_ids=(tokens[9],)),
        greedy("until a string", stopping, 24, stop=(stop,)),
        greedy("random", prompt(9), 20, temperature=0.7, seed=5),
        EngineRequest("random among few", prompt(10), few),
    ]


RUNS: dict[str, dict[str, Any]] = {
    "at once": {},
    "of one length": {"draft_tokens": 3, "draft_confidence_threshold": 0.0},
    "in chunks": {"max_batch_tokens": 16, "block_tokens": 4, "draft_tokens": 2},
    "preempted": {
        "context_tokens": 96,
        "cache_tokens": 96,
        "block_tokens": 4,
        "prefix_caching": False,
        "draft_tokens": 4,
    },
}


@pytest.mark.parametrize("method", METHODS)
@pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS.keys())
def test_replies_are_the_same(
    config: EngineConfig,
    requests: list[EngineRequest],
    changes: dict[str, Any],
    method: Speculation,
) -> None:
    """Tokens, ends and stop strings are those without drafts; the counters agree."""
    with open_engine(replace(config, **changes)) as engine:
        plain = complete(engine, requests)
    with open_engine(replace(config, speculation=method, **changes)) as engine:
        drafted = complete(engine, requests)
    assert drafted.replies == plain.replies
    assert {reason for reason, _ in plain.reasons.values()} == {"stop", "length"}
    if "cache_tokens" in changes:
        assert sum(step.preemptions for step in plain.steps) > 0
    assert_counters_agree(drafted)


def assert_counters_agree(completed: CompletedRequests) -> None:
    """Compare the counters of steps with those of requests."""
    steps, ends = completed.steps, completed.ends
    assert sum(step.drafts for step in steps) > 0
    assert sum(step.draft_tokens for step in steps) == sum(end.draft_tokens for end in ends)
    assert 0 < sum(completed.accepted) == sum(end.accepted_tokens for end in ends)
    assert completed.accepted == sorted(completed.accepted, reverse=True)
    for step in steps:
        drafted, accepted = step.drafted_per_position, step.accepted_per_position
        assert (step.drafts, step.draft_tokens) == (sum(drafted[:1]), sum(drafted))
        assert all(right <= made for right, made in zip(accepted, drafted, strict=True))
        assert drafted == sorted(drafted, reverse=True)


@pytest.fixture(scope="module")
def plain(config: EngineConfig, requests: list[EngineRequest]) -> dict[str, list[int]]:
    """Complete each request alone, without drafts."""
    with open_engine(config) as engine:
        alone = [complete(engine, [request]) for request in requests]
    return {name: tokens for each in alone for name, tokens in each.tokens.items()}


@settings(
    deadline=None, max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(
    method=st.sampled_from(["ngram", "draft"]),
    draft_tokens=st.integers(1, 8),
    threshold=st.floats(0, 0.99),
    chosen=st.sets(st.integers(0, 7), min_size=1),
)
def test_no_threshold_changes_a_token(
    config: EngineConfig,
    requests: list[EngineRequest],
    plain: dict[str, list[int]],
    method: Speculation,
    draft_tokens: int,
    threshold: float,
    chosen: set[int],
) -> None:
    """Greedy and random requests, alone and together, with drafts of any length."""
    length: dict[str, Any] = {"draft_tokens": draft_tokens, "draft_confidence_threshold": threshold}
    with open_engine(replace(config, speculation=method, **length)) as engine:
        completed = complete(engine, [requests[number] for number in chosen])
    assert completed.tokens == {name: plain[name] for name in completed.tokens}
    assert len(completed.tokens) == len(chosen)


@pytest.mark.parametrize("method", METHODS)
def test_tokens_are_steps_and_accepted_drafts(config: EngineConfig, method: Speculation) -> None:
    """Each step of a lone request gives one token and the accepted ones."""
    with open_engine(replace(config, speculation=method)) as engine:
        completed = complete(engine, [greedy("lone", prompt(12), 48)])
    assert len(completed.steps) + sum(completed.accepted) == 48


@pytest.mark.parametrize("method", METHODS)
def test_an_aborted_request_leaves_the_others_alone(
    config: EngineConfig, method: Speculation
) -> None:
    """One ends while its draft is verified, and its name is used again."""
    requests = [greedy("first", prompt(30), 40), greedy("second", prompt(33), 40)]
    with open_engine(config) as engine:
        plain = complete(engine, requests)
    with open_engine(replace(config, speculation=method)) as engine:
        both = complete(engine, requests, lambda step: engine.abort("first") if step == 4 else None)
        again = complete(engine, requests[:1])
    assert both.reasons["first"] == ("abort", None)
    assert both.tokens["second"] == plain.tokens["second"]
    assert again.tokens["first"] == plain.tokens["first"]


class Asked(NamedTuple):
    """Replies to two requests with one long prompt; guesses that were checked, and right."""

    tokens: dict[str, list[int]]
    logprobs: dict[str, list[TokenLogprobs]]
    guesses: list[tuple[int, int]]


def ask(engine: Engine, number: int) -> tuple[Asked, int]:
    """Return replies, and the prompt's tokens that came from host memory or disk."""
    wanted: dict[str, Any] = {"logprobs": 2, "temperature": 0.7, "seed": 3}
    text = prompt(200 + number)
    requests = [greedy("greedy", text, 24, logprobs=2), greedy("random", text, 24, **wanted)]
    completed = complete(engine, requests[:1])
    other = complete(engine, requests[1:])
    outputs = completed.outputs | other.outputs
    ends = [*completed.ends, *other.ends]
    asked = Asked(
        completed.tokens | other.tokens,
        {name: [p for each in of for p in each.logprobs] for name, of in outputs.items()},
        [(end.draft_tokens, end.accepted_tokens) for end in ends],
    )
    return asked, ends[0].host_tokens + ends[0].disk_tokens


@pytest.mark.parametrize("method", METHODS[1:])
def test_prefixes_of_all_tiers_leave_tokens_and_acceptance_as_they_are(
    config: EngineConfig, tmp_path: Path, method: Speculation
) -> None:
    """The draft model has no keys of what came back, computes them, and guesses as well as ever.

    Logprobs are those of a hit on the device, to the bit.
    """
    config = replace(config, draft_confidence_threshold=0.0, cache_tokens=2048)
    with open_engine(replace(config, prefix_caching=False)) as engine:
        plain = [ask(engine, number)[0] for number in (1, 2)]
    config = replace(config, speculation=method)
    with open_engine(replace(config, prefix_caching=False)) as engine:
        alone = [ask(engine, number)[0] for number in (1, 2)]
    with open_engine(config) as engine:
        on_device = [ask(engine, number) for number in (1, 2, 1, 2)]
    config = replace(config, cache_tokens=256, host_cache_gib=0.002, disk_cache=tmp_path)
    with open_engine(config) as engine:
        met = [ask(engine, number) for number in (1, 2, 1)]
    with open_engine(config) as engine:
        met.append(ask(engine, 2))
    assert [restored > 100 for _, restored in met] == [False, False, True, True]
    assert [found for found, _ in met] == [found for found, _ in on_device]
    for (found, _), number in zip(met, (0, 1, 0, 1), strict=True):
        assert found.tokens == plain[number].tokens
        assert found.guesses == alone[number].guesses
        assert found.guesses[0][1] > 0


@pytest.mark.slow
@pytest.mark.parametrize("method", ["draft", "async-draft"])
def test_the_shipped_draft_is_often_right(method: Speculation) -> None:
    """On source code that neither model was trained on, over 30 % of draft tokens are accepted."""
    tokenizer = Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))
    texts = [text for text in standard_library().held_out if len(text) > 2000][:4]
    requests = [
        greedy(str(number), tokenizer.encode(text).ids[:100], 32)
        for number, text in enumerate(texts)
    ]
    with open_engine(EngineConfig(device="cpu")) as engine:
        plain = complete(engine, requests)
    with open_engine(EngineConfig(device="cpu", speculation=method)) as engine:
        drafted = complete(engine, requests)
    assert drafted.replies == plain.replies
    assert sum(drafted.accepted) > 0.3 * sum(step.draft_tokens for step in drafted.steps)
