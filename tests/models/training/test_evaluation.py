"""Evaluation: perplexity, balance and agreement against definitions."""

import math
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from support.tier import make_tokenizer, tiny_checkpoint

from models.training.evaluation import (
    WINDOW_TOKENS,
    Evaluation,
    cut_windows,
    draft_agreement,
    evaluate,
    load_network,
)

WINDOWS = [[5, 9, 40, 7, 80], [3, 3, 17, 250, 99]]


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Write a model with experts."""
    return tiny_checkpoint(tmp_path_factory.mktemp("model"), max_position_embeddings=512)


@pytest.fixture(scope="module")
def evaluation(checkpoint: Path) -> Evaluation:
    """Evaluate two short windows."""
    return evaluate(load_network(checkpoint), WINDOWS)


def test_windows_are_spread_over_all_texts() -> None:
    """They have equal lengths, and there is a maximum."""
    windows = cut_windows(make_tokenizer(), ["x = 1\n" * 20_000])
    assert len(windows) == 64
    assert {len(window) for window in windows} == {WINDOW_TOKENS}
    assert cut_windows(make_tokenizer(), ["short"]) == []


def test_perplexity_is_that_of_the_next_token(evaluation: Evaluation) -> None:
    """The first token of a window is not predicted."""
    assert evaluation.tokens == 8
    nats = [
        -logits.log_softmax(-1)[position, token].item()
        for window, logits in zip(WINDOWS, evaluation.logits, strict=True)
        for position, token in enumerate(window[1:])
    ]
    assert evaluation.nats == pytest.approx(sum(nats) / 8, rel=1e-5)
    assert evaluation.perplexity == pytest.approx(math.exp(evaluation.nats))


def test_every_token_counts_for_its_experts(evaluation: Evaluation) -> None:
    """Two in each of three layers; the balance is at least 1."""
    assert evaluation.expert_tokens.sum(-1).tolist() == [20, 20, 20]
    for counts, balance in zip(evaluation.expert_tokens, evaluation.balance, strict=True):
        assert balance == pytest.approx(counts.max().item() / (20 / 4))
        assert balance >= 1


def test_windows_do_not_see_each_other(checkpoint: Path, evaluation: Evaluation) -> None:
    """A window's logits do not depend on those before it."""
    alone = evaluate(load_network(checkpoint), WINDOWS[1:])
    assert torch.allclose(alone.logits[0], evaluation.logits[1], atol=1e-4)


def test_a_network_agrees_with_itself(evaluation: Evaluation) -> None:
    """Always, and with all of its probability."""
    same, overlap = draft_agreement(evaluation, evaluation)
    assert same == 1
    assert overlap == pytest.approx(1, abs=1e-5)


def test_opposite_networks_disagree(evaluation: Evaluation) -> None:
    """Their likeliest tokens differ, but some probability overlaps."""
    opposite = replace(evaluation, logits=[-each for each in evaluation.logits])
    same, overlap = draft_agreement(evaluation, opposite)
    assert same == 0
    assert 0 < overlap < 1


def test_quantised_networks_can_be_evaluated(checkpoint: Path, evaluation: Evaluation) -> None:
    """Their perplexity is near."""
    quantised = evaluate(load_network(checkpoint, "w8a16", "bfloat16"), WINDOWS)
    assert quantised.nats == pytest.approx(evaluation.nats, rel=0.05)


def test_a_cache_of_8_bits_changes_little_and_is_read(
    checkpoint: Path, evaluation: Evaluation
) -> None:
    """Logits differ, so attention read rounded keys and values; perplexity is near."""
    narrow = evaluate(load_network(checkpoint), WINDOWS, "int8")
    assert not torch.equal(narrow.logits[0], evaluation.logits[0])
    assert narrow.nats == pytest.approx(evaluation.nats, rel=0.01)
