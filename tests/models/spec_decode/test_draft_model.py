"""Drafts by a small model in the engine's process."""

from dataclasses import replace
from pathlib import Path

import pytest
from support.inference.engine import complete, greedy, open_engine
from support.tier import tiny_checkpoint
from tokenizers import Tokenizer

from models.assemble import build_engine
from models.config import EngineConfig, Speculation
from models.errors import BadConfig

PROMPT = [7, 80, 13, 250, 99, 4, 61, 18, 200, 5, 31, 77]


@pytest.fixture(scope="module")
def self_draft(config: EngineConfig) -> EngineConfig:
    """Configure the target as its own draft model, which is always right, with drafts of 3."""
    config = replace(config, draft_tokens=3, draft_confidence_threshold=0.0)
    return replace(config, speculation="draft", draft_model=config.model)


def test_a_draft_by_the_target_itself_is_always_right(self_draft: EngineConfig) -> None:
    """Only the first step, which reads the prompt, gives less than four tokens."""
    with open_engine(self_draft) as engine:
        completed = complete(engine, [greedy("lone", PROMPT, 41)])
    accepted = [step.accepted_per_position for step in completed.steps]
    assert accepted == [[], *[[1, 1, 1]] * 10]
    assert [step.drafted_per_position for step in completed.steps] == accepted


def test_a_draft_never_reaches_beyond_the_last_token(self_draft: EngineConfig) -> None:
    """Of four tokens one comes with the prompt, so two draft tokens and one more are left."""
    with open_engine(self_draft) as engine:
        completed = complete(engine, [greedy("lone", PROMPT, 4)])
    assert [step.draft_tokens for step in completed.steps] == [0, 2]


def test_several_sequences_are_drafted_together(self_draft: EngineConfig) -> None:
    """Each draft is right although the sequences differ in length."""
    requests = [greedy(str(length), PROMPT[:length], 13) for length in (3, 7, 12)]
    with open_engine(self_draft) as engine:
        completed = complete(engine, requests)
    assert completed.accepted == [9, 9, 9]


def test_a_threshold_keeps_the_drafts_that_are_likely_to_be_right(config: EngineConfig) -> None:
    """Fewer guesses, of which a larger share is accepted, and the same tokens."""
    config = replace(config, speculation="draft", draft_tokens=6)
    requests = [greedy(str(number), PROMPT[number:], 60) for number in range(6)]
    shares, tokens, drafted = [], [], []
    for threshold in (0.0, 0.7):
        with open_engine(replace(config, draft_confidence_threshold=threshold)) as engine:
            completed = complete(engine, requests)
        drafted.append(sum(step.draft_tokens for step in completed.steps))
        shares.append(sum(completed.accepted) / drafted[-1])
        tokens.append(completed.tokens)
    assert drafted[1] < drafted[0]
    assert shares[1] > shares[0] + 0.1
    assert tokens[0] == tokens[1]


@pytest.mark.parametrize("method", ["draft", "async-draft"])
def test_a_draft_model_with_a_shorter_context_stops_guessing(
    config: EngineConfig, tmp_path: Path, method: Speculation
) -> None:
    """Tokens beyond its context come without drafts, and are the same."""
    draft = tiny_checkpoint(
        tmp_path, model_type="qwen3", num_hidden_layers=1, max_position_embeddings=48
    )
    requests = [greedy("lone", PROMPT * 3, 40)]
    with open_engine(config) as engine:
        plain = complete(engine, requests)
    with open_engine(replace(config, speculation=method, draft_model=draft)) as engine:
        drafted = complete(engine, requests)
    assert drafted.replies == plain.replies


def test_a_draft_model_with_another_vocabulary_is_refused(
    config: EngineConfig, tmp_path: Path
) -> None:
    """Drafts must consist of the target's tokens, in number and in meaning."""
    fewer = tiny_checkpoint(tmp_path / "fewer", vocab_size=320)
    with pytest.raises(BadConfig, match=r"has 320 tokens, .* has 384"):
        build_engine(replace(config, speculation="draft", draft_model=fewer))
    other = tiny_checkpoint(tmp_path / "other")
    tokenizer = Tokenizer.from_file(str(other / "tokenizer.json"))
    tokenizer.add_tokens(["another"])
    tokenizer.save(str(other / "tokenizer.json"))
    with pytest.raises(BadConfig, match="have different tokenizers"):
        build_engine(replace(config, speculation="draft", draft_model=other))
