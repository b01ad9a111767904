"""Drafts that are prepared for outcomes: each is what the draft model itself would say after that outcome."""

from math import exp
from random import Random

import pytest
import torch
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config
from models.ops.cpu_ops import CpuOps
from models.spec_decode.branches import MAX_BRANCHES, PendingStep, BranchDrafter, likely_outcomes
from models.spec_decode.draft_network import DraftNetwork, DraftInput, DraftCache

CONTEXT = 128
GUESSES = 3


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Qwen3:
    folder = tiny_checkpoint(
        tmp_path_factory.mktemp("draft"), model_type="qwen3", num_hidden_layers=2
    )
    build = ModelLoader(read_model_config(folder), CpuOps(), torch.device("cpu"), torch.float32, CONTEXT)
    with open_tensors(folder) as tensors:
        return build.network(tensors)


def drafter(network: Qwen3, blocks: int = 64, max_batch_tokens: int = 20) -> BranchDrafter:
    return BranchDrafter(DraftNetwork(network, CONTEXT, blocks, max_batch_tokens), GUESSES)


def greedy(network: Qwen3, tokens: list[int]) -> list[int]:
    """What the draft model says after these tokens, read anew for each of them."""
    found = list(tokens)
    for _ in range(GUESSES):
        plain = DraftNetwork(network, CONTEXT, CONTEXT // 16, CONTEXT)
        track = DraftCache()
        assert plain.reserve(track, len(found))
        found.append(int(plain.read([DraftInput(track, found, 1)]).argmax()))
    return found[len(tokens) :]


def text(length: int, seed: int) -> list[int]:
    return Random(seed).choices(range(1, 300), k=length)


def test_each_branch_is_what_the_model_would_say(network: Qwen3) -> None:
    """For several sequences over several steps, some guesses accepted and some not, across the borders of blocks."""
    mine = drafter(network)
    known = {"short": text(5, 1), "at a border": text(32, 2), "long": text(61, 3)}
    told = dict.fromkeys(known, 0)
    draws, branches = Random(0), 0
    drafts: dict[str, list[int]] = {name: [] for name in known}
    for _ in range(6):
        aheads = [PendingStep(name, tokens[told[name] :], drafts[name]) for name, tokens in known.items()]
        for ahead, prepared in zip(aheads, mine.prepare(aheads), strict=True):
            tokens = known[ahead.name]
            told[ahead.name] = len(tokens)
            for adds, guesses in prepared.items():
                assert guesses == greedy(network, [*tokens, *adds])
                branches += 1
            # Sometimes what came is one of the outcomes, sometimes nothing that was thought of.
            adds, drafts[ahead.name] = draws.choice([*prepared.items(), ((7,), [])])
            tokens += adds
    assert branches > 6


def test_the_likeliest_outcomes() -> None:
    """An outcome's chance is that of its guesses times that of the token that is none, which a guess at its place cannot be."""
    chances = torch.tensor([[0.6, 0.25, 0.15], [0.5, 0.1, 0.4], [0.01, 0.01, 0.98]])
    found = likely_outcomes(PendingStep("one", [], [0, 2]), chances.log())
    assert [outcome.adds for outcome in found] == [(0, 0), (1,), (0, 2, 2), (2,), (0, 1)]
    assert [exp(outcome.chance) for outcome in found] == pytest.approx(
        [0.3, 0.25, 0.2352, 0.15, 0.06]
    )


def test_a_text_beyond_the_context_is_not_drafted_for(network: Qwen3) -> None:
    """The last guess would have no place."""
    assert drafter(network).prepare([PendingStep("one", text(CONTEXT - GUESSES, 4), [])]) == [{}]


def test_without_blocks_there_are_no_drafts(network: Qwen3) -> None:
    """The second sequence finds the cache full, until the first is over."""
    mine = drafter(network, blocks=2)
    assert mine.prepare([PendingStep("one", text(30, 5), [])]) == [{}]
    assert mine.prepare([PendingStep("two", text(10, 6), [])]) == [{}]
    mine.forget("one")
    assert mine.prepare([PendingStep("two", text(2, 7), [])]) != [{}]


def test_branches_are_limited(network: Qwen3) -> None:
    """No more outcomes are followed than there is time for."""
    flat = torch.full((4, 384), 1 / 20).log()
    assert len(likely_outcomes(PendingStep("one", [], [1, 2, 3]), flat)) == MAX_BRANCHES
