"""Guessing changes how fast tokens come, never which: with every drafter, however the work is cut into steps."""

import multiprocessing
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from pathlib import Path
from random import Random
from typing import Any

import pytest
import torch
from safetensors.torch import load_file, save_file
from support.tier import tiny_checkpoint
from tokenizers import Tokenizer

from models.config import SHIPPED_MODEL, EngineConfig, Speculation
from models.engine.block_manager import BlockManager
from models.engine.engine import Engine
from models.engine.scheduler import Scheduler
from models.engine.sequence import Sequence
from models.errors import BadCheckpoint, BadConfig
from models.protocol import FinishReason, RequestOutput, EngineRequest, SamplingParams, StepStats
from models.training.corpus import standard_library

FORMS: list[Speculation] = ["ngram", "draft", "async-draft"]
NOISE = 0.15  # of a weight's own deviation: such a relative of the target guesses right about half of the time


@dataclass
class Outcome:
    """What came of some requests."""

    tokens: dict[str, list[int]] = field(default_factory=dict)
    reasons: dict[str, tuple[FinishReason, str | None]] = field(default_factory=dict)
    ends: list[RequestOutput] = field(default_factory=list)
    steps: list[StepStats] = field(default_factory=list)

    @property
    def answers(self) -> tuple[dict[str, list[int]], dict[str, tuple[FinishReason, str | None]]]:
        """What whoever asked gets to see."""
        return self.tokens, self.reasons

    @property
    def accepted(self) -> list[int]:
        """Over all steps, at each place."""
        counted: Counter[int] = Counter()
        for step in self.steps:
            counted.update(dict(enumerate(step.accepted_per_position)))
        return [counted[place] for place in sorted(counted)]


def run(
    engine: Engine, requests: list[EngineRequest], after_step: Callable[[int], None] = lambda step: None
) -> Outcome:
    """All requests at once, to their end."""
    outcome = Outcome({request.request_id: [] for request in requests})
    for request in requests:
        engine.add(request)
    while engine.has_work:
        step = engine.step()
        outcome.steps.append(step.stats)
        for progress in step.progress:
            outcome.tokens[progress.request_id] += progress.token_ids
            if progress.finish_reason:
                outcome.reasons[progress.request_id] = progress.finish_reason, progress.stop_string
                outcome.ends.append(progress)
        after_step(len(outcome.steps))
    return outcome


@contextmanager
def engine_of(config: EngineConfig) -> Iterator[Engine]:
    engine = Engine(config)
    try:
        yield engine
    finally:
        engine.close()


@pytest.fixture(scope="module")
def target(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tiny_checkpoint(tmp_path_factory.mktemp("target"))


@pytest.fixture(scope="module")
def relative(target: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A draft model that is the target but for some noise."""
    folder = tiny_checkpoint(tmp_path_factory.mktemp("relative"))
    generator = torch.Generator().manual_seed(7)
    tensors = {
        name: tensor + NOISE * tensor.std() * torch.randn(tensor.shape, generator=generator)
        for name, tensor in load_file(target / "model.safetensors").items()
    }
    save_file(tensors, folder / "model.safetensors", {"format": "pt"})
    return folder


@pytest.fixture(scope="module")
def config(target: Path, relative: Path) -> EngineConfig:
    return EngineConfig(model=target, draft_model=relative, device="cpu")


def prompt(length: int) -> list[int]:
    return Random(length).choices(range(1, 300), k=length)


def greedy(name: str, tokens: list[int], most: int, **sampling: Any) -> EngineRequest:
    return EngineRequest(name, tokens, SamplingParams(most, temperature=0, ignore_eos=True, **sampling))


@pytest.fixture(scope="module")
def requests(config: EngineConfig) -> list[EngineRequest]:
    """Of every kind: greedy, drawn, long, ended early by length, by a token and by a string."""
    ending = prompt(21)
    with engine_of(config) as engine:
        [said] = run(engine, [greedy("said", ending, 24)]).tokens.values()
    text = Tokenizer.from_file(str(config.model / "tokenizer.json")).decode(said)
    return [
        greedy("long", prompt(6), 60),
        greedy("middling", prompt(40), 30),
        greedy("one", prompt(17), 1),
        greedy("two", prompt(18), 2),
        greedy("until a token", ending, 24, stop_token_ids=(said[9],)),
        greedy("until a string", ending, 24, stop=(text[len(text) // 2 :][:2],)),
        EngineRequest("drawn", prompt(9), SamplingParams(20, temperature=0.7, seed=5, ignore_eos=True)),
        EngineRequest(
            "drawn from few",
            prompt(10),
            SamplingParams(20, top_p=0.8, top_k=20, seed=6, ignore_eos=True, logprobs=2),
        ),
    ]


RUNS: dict[str, dict[str, Any]] = {
    "at once": {},
    "in chunks": {"max_batch_tokens": 16, "block_tokens": 4, "draft_tokens": 2},
    "preempted": {
        "context_tokens": 96,
        "cache_tokens": 96,
        "block_tokens": 4,
        "prefix_caching": False,
        "draft_tokens": 4,
    },
}


@pytest.mark.parametrize("form", FORMS)
@pytest.mark.parametrize("changes", RUNS.values(), ids=RUNS.keys())
def test_the_same_answers(
    config: EngineConfig, requests: list[EngineRequest], changes: dict[str, Any], form: Speculation
) -> None:
    """Tokens, ends and stop strings are those without drafts; the counters of the run agree with each other."""
    with engine_of(replace(config, **changes)) as engine:
        plain = run(engine, requests)
    with engine_of(replace(config, speculation=form, **changes)) as engine:
        drafted = run(engine, requests)
    assert drafted.answers == plain.answers
    assert {reason for reason, _ in plain.reasons.values()} == {"stop", "length"}
    if "cache_tokens" in changes:
        assert sum(step.preemptions for step in plain.steps) > 0
    counters_agree(drafted)


def counters_agree(outcome: Outcome) -> None:
    assert sum(step.drafts for step in outcome.steps) > 0
    assert sum(step.draft_tokens for step in outcome.steps) == sum(
        end.draft_tokens for end in outcome.ends
    )
    assert 0 < sum(outcome.accepted) == sum(end.accepted_tokens for end in outcome.ends)
    assert outcome.accepted == sorted(outcome.accepted, reverse=True)
    for step in outcome.steps:
        assert step.drafts <= step.draft_tokens
        assert all(accepted <= step.drafts for accepted in step.accepted_per_position)
        assert sum(step.accepted_per_position) <= step.draft_tokens


@pytest.mark.parametrize("form", FORMS)
def test_tokens_are_steps_and_accepted_guesses(config: EngineConfig, form: Speculation) -> None:
    """Each step of a lone request gives one token and what was accepted."""
    with engine_of(replace(config, speculation=form)) as engine:
        outcome = run(engine, [greedy("lone", prompt(12), 48)])
    assert len(outcome.steps) + sum(outcome.accepted) == 48


def test_a_draft_by_the_target_itself_is_always_right(config: EngineConfig) -> None:
    """Then only the first step, which reads the prompt, gives less than four tokens."""
    with engine_of(replace(config, speculation="draft", draft_model=config.model)) as engine:
        outcome = run(engine, [greedy("lone", prompt(12), 41)])
    assert [step.accepted_per_position for step in outcome.steps] == [[], *[[1, 1, 1]] * 10]


def test_a_guess_never_reaches_beyond_the_last_token(config: EngineConfig) -> None:
    """Four tokens are wanted, one came with the prompt: two guesses and what follows them are the rest."""
    with engine_of(replace(config, speculation="draft", draft_model=config.model)) as engine:
        outcome = run(engine, [greedy("lone", prompt(12), 4)])
    assert [step.draft_tokens for step in outcome.steps] == [0, 2]


@pytest.mark.parametrize("form", FORMS)
def test_an_aborted_request_leaves_the_others_alone(
    config: EngineConfig, form: Speculation
) -> None:
    """One ends in the midst of its guesses, and its name is used again; nobody else notices."""
    wanted = [greedy("first", prompt(30), 40), greedy("second", prompt(33), 40)]
    with engine_of(config) as engine:
        plain = run(engine, wanted)
    with engine_of(replace(config, speculation=form)) as engine:
        both = run(engine, wanted, lambda step: engine.abort("first") if step == 4 else None)
        again = run(engine, wanted[:1])
    assert both.reasons["first"] == ("abort", None)
    assert both.tokens["second"] == plain.tokens["second"]
    assert again.tokens["first"] == plain.tokens["first"]


@pytest.mark.parametrize("form", ["draft", "async-draft"])
def test_a_draft_of_a_shorter_context_stops_guessing(
    config: EngineConfig, tmp_path: Path, form: Speculation
) -> None:
    """What the draft model was not made for is generated without it."""
    draft = tiny_checkpoint(
        tmp_path, model_type="qwen3", num_hidden_layers=1, max_position_embeddings=48
    )
    wanted = [greedy("lone", prompt(40), 40)]
    with engine_of(config) as engine:
        plain = run(engine, wanted)
    with engine_of(replace(config, speculation=form, draft_model=draft)) as engine:
        drafted = run(engine, wanted)
    assert drafted.answers == plain.answers


def drafters() -> list[Any]:
    return [child for child in multiprocessing.active_children() if child.name == "drafter"]


def test_the_process_beside_is_gone_after_close(config: EngineConfig) -> None:
    """It lives as long as the engine, not longer."""
    with engine_of(replace(config, speculation="async-draft")):
        [beside] = drafters()
        assert beside.is_alive()
    assert drafters() == []


def test_the_engine_survives_its_drafter(
    config: EngineConfig, caplog: pytest.LogCaptureFixture
) -> None:
    """When the process beside dies, the same tokens come, and a warning says what happened."""
    wanted = [greedy("lone", prompt(12), 40)]
    with engine_of(config) as engine:
        plain = run(engine, wanted)

    def kill(step: int) -> None:
        for beside in drafters():
            beside.kill()

    with engine_of(replace(config, speculation="async-draft")) as engine:
        drafted = run(engine, wanted, kill)
    assert drafted.answers == plain.answers
    assert "The draft process ended with -9" in caplog.text


def test_a_draft_of_other_tokens_is_refused(config: EngineConfig, tmp_path: Path) -> None:
    """A guess must be of the target's tokens, in number and in meaning."""
    with pytest.raises(BadConfig, match=r"has 320 tokens, .* has 384"):
        Engine(
            replace(
                config,
                speculation="draft",
                draft_model=tiny_checkpoint(tmp_path / "fewer", vocab_size=320),
            )
        )
    other = tiny_checkpoint(tmp_path / "other")
    tokenizer = Tokenizer.from_file(str(other / "tokenizer.json"))
    tokenizer.add_tokens(["another"])
    tokenizer.save(str(other / "tokenizer.json"))
    with pytest.raises(BadConfig, match="call the same text by different tokens"):
        Engine(replace(config, speculation="draft", draft_model=other))


def test_what_is_wrong_with_the_draft_is_said_by_the_engine(
    config: EngineConfig, tmp_path: Path
) -> None:
    """Though it is the process beside that finds it."""
    broken = tiny_checkpoint(tmp_path)
    (broken / "model.safetensors").unlink()
    with pytest.raises(BadCheckpoint, match="has no"):
        Engine(replace(config, speculation="async-draft", draft_model=broken))
    assert drafters() == []


def test_a_guess_takes_no_blocks_from_others() -> None:
    """Where the cache is full a sequence goes on without its guess instead of preempting another."""
    scheduler = Scheduler(BlockManager(4, 4, sharing=False), max_sequences=2, max_batch_tokens=64)
    for name in ("first", "second"):
        scheduler.waiting.append(Sequence(greedy(name, prompt(7), 9), 0, prompt(7)))
    for part in scheduler.next_parts():
        part.sequence.tokens.append(1)
        scheduler.computed(part, 7)
        part.sequence.draft = [1, 2, 3]
    assert [(part.tokens, part.drafted) for part in scheduler.next_parts()] == [(1, 0), (1, 0)]


@pytest.mark.slow
@pytest.mark.parametrize("form", ["draft", "async-draft"])
def test_the_shipped_draft_guesses_well(form: Speculation) -> None:
    """On source code that neither model was trained on, more than three of ten guesses are right."""
    tokenizer = Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))
    prompts = [
        tokenizer.encode(text).ids[:100] for text in standard_library().held_out if len(text) > 2000
    ][:4]
    wanted = [greedy(str(number), tokens, 32) for number, tokens in enumerate(prompts)]
    with engine_of(EngineConfig(device="cpu")) as engine:
        plain = run(engine, wanted)
    with engine_of(EngineConfig(device="cpu", speculation=form)) as engine:
        drafted = run(engine, wanted)
    assert drafted.answers == plain.answers
    assert sum(drafted.accepted) > 0.3 * sum(step.draft_tokens for step in drafted.steps)
