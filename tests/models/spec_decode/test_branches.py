"""Drafts for likely outcomes: each is what the draft model itself would say after the outcome."""

from math import exp
from random import Random

import pytest
import torch
from support.tier import tiny_checkpoint

from models.architectures.loader import ModelLoader
from models.architectures.qwen3 import Qwen3
from models.checkpoint import open_tensors, read_model_config
from models.ops.cpu_ops import CpuOps
from models.spec_decode.branches import (
    MAX_BRANCHES,
    BranchDrafter,
    PendingStep,
    likely_outcomes,
)
from models.spec_decode.draft_network import DraftCache, DraftInput, DraftNetwork

CONTEXT = 128
DRAFT_TOKENS = 3


@pytest.fixture(scope="module")
def network(tmp_path_factory: pytest.TempPathFactory) -> Qwen3:
    """Load a dense model of two layers."""
    folder = tiny_checkpoint(
        tmp_path_factory.mktemp("draft"), model_type="qwen3", num_hidden_layers=2
    )
    config, device = read_model_config(folder), torch.device("cpu")
    loader = ModelLoader(config, CpuOps(), device, torch.float32, CONTEXT)
    with open_tensors(folder) as tensors:
        return loader.load(tensors)


def branch_drafter(network: Qwen3, blocks: int = 64, threshold: float = 0.0) -> BranchDrafter:
    """Make a drafter with an empty cache and small steps."""
    draft_network = DraftNetwork(network, CONTEXT, blocks, max_batch_tokens=20)
    return BranchDrafter(draft_network, DRAFT_TOKENS, threshold)


def greedy(network: Qwen3, tokens: list[int]) -> list[int]:
    """Continue the tokens with the likeliest ones, from an empty cache for each of them."""
    text = list(tokens)
    for _ in range(DRAFT_TOKENS):
        fresh = DraftNetwork(network, CONTEXT, CONTEXT // 16, CONTEXT)
        cache = DraftCache()
        assert fresh.reserve(cache, len(text))
        text.append(int(fresh.read([DraftInput(cache, text, 1)]).argmax()))
    return text[len(tokens) :]


def text(length: int, seed: int) -> list[int]:
    """Draw a random text."""
    return Random(seed).choices(range(1, 300), k=length)


def test_each_branch_is_what_the_model_would_say(network: Qwen3) -> None:
    """Several sequences over several steps: accepted and rejected drafts, borders of blocks."""
    drafter = branch_drafter(network)
    sequences = {"short": text(5, 1), "at a border": text(32, 2), "long": text(61, 3)}
    sent = dict.fromkeys(sequences, 0)
    random, branches = Random(0), 0
    drafts: dict[str, list[int]] = {name: [] for name in sequences}
    for _ in range(6):
        pending = [
            PendingStep(name, tokens[sent[name] :], drafts[name])
            for name, tokens in sequences.items()
        ]
        for step, prepared in zip(pending, drafter.prepare(pending), strict=True):
            tokens = sequences[step.name]
            sent[step.name] = len(tokens)
            for appended, draft in prepared.items():
                assert draft == greedy(network, [*tokens, *appended])
                branches += 1
            # The outcome is sometimes a prepared one, sometimes none of them.
            appended, drafts[step.name] = random.choice([*prepared.items(), ((7,), [])])
            tokens += appended
    assert branches > 6


def test_a_branch_ends_before_it_is_too_unsure(network: Qwen3) -> None:
    """Drafts are beginnings of what the model would say."""
    drafter = branch_drafter(network, threshold=0.9)
    tokens, new, lengths = text(20, 8), text(20, 8), []
    for _ in range(8):
        [prepared] = drafter.prepare([PendingStep("one", new, [])])
        for appended, draft in prepared.items():
            assert draft == greedy(network, [*tokens, *appended])[: len(draft)]
            lengths.append(len(draft))
        # A token that is never the likeliest, so that the guesses before were wrong.
        new = [greedy(network, tokens)[0] % 300 + 1]
        tokens += new
    assert 0 < sum(lengths) < DRAFT_TOKENS * len(lengths)


def test_chances_of_outcomes_multiply() -> None:
    """An outcome needs its draft tokens accepted, then a token that is not the next draft token."""
    chances = torch.tensor([[0.6, 0.25, 0.15], [0.5, 0.1, 0.4], [0.01, 0.01, 0.98]])
    outcomes = likely_outcomes(PendingStep("one", [], [0, 2]), chances.log())
    assert [each.appended for each in outcomes] == [(0, 0), (1,), (0, 2, 2), (2,), (0, 1)]
    assert [exp(each.log_chance) for each in outcomes] == pytest.approx(
        [0.3, 0.25, 0.2352, 0.15, 0.06]
    )


def test_a_text_at_the_end_of_the_context_gets_no_draft(network: Qwen3) -> None:
    """The last draft token would have no position."""
    pending = [PendingStep("one", text(CONTEXT - DRAFT_TOKENS, 4), [])]
    assert branch_drafter(network).prepare(pending) == [{}]


def test_without_blocks_there_are_no_drafts(network: Qwen3) -> None:
    """The second sequence finds the cache full until the first is over."""
    drafter = branch_drafter(network, blocks=2)
    assert drafter.prepare([PendingStep("one", text(30, 5), [])]) == [{}]
    assert drafter.prepare([PendingStep("two", text(10, 6), [])]) == [{}]
    drafter.forget("one")
    assert drafter.prepare([PendingStep("two", text(2, 7), [])]) != [{}]


def test_forgetting_an_unknown_sequence_does_nothing(network: Qwen3) -> None:
    """A request may end before its first draft."""
    branch_drafter(network).forget("nobody")


def test_the_number_of_branches_is_limited() -> None:
    """No more outcomes are followed than there is time for."""
    flat = torch.full((4, 384), 1 / 20).log()
    assert len(likely_outcomes(PendingStep("one", [], [1, 2, 3]), flat)) == MAX_BRANCHES
