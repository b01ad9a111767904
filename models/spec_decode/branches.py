"""Drafts for every likely outcome of a step that is still running, one branch for each."""

from dataclasses import dataclass, field
from heapq import nlargest
from math import log
from typing import NamedTuple

from torch import Tensor

from models.spec_decode.confidence import (
    Guess,
    batch_threshold,
    draft_model_table,
    likeliest,
)
from models.spec_decode.draft_network import (
    BLOCK_TOKENS,
    DraftCache,
    DraftInput,
    DraftNetwork,
    TokenSpan,
)

MAX_BRANCHES = 8  # for one sequence
MIN_MEAN_BRANCHES = 3  # per sequence on average: many sequences leave no time for more
MIN_LOG_CHANCE = log(0.02)  # rarer outcomes are not worth their rows


class PendingStep(NamedTuple):
    """Draft of one sequence that a running step verifies."""

    name: str
    new: list[int]  # tokens of the sequence since the last message
    draft: list[int]
    is_random: bool = False  # its tokens are drawn, not the likeliest


# What a step may append to a sequence -> the draft that follows.
PreparedDrafts = dict[tuple[int, ...], list[int]]


class StepOutcome(NamedTuple):
    """Tokens that a step may append to a sequence: accepted draft tokens, then one more."""

    log_chance: float
    name: str
    appended: tuple[int, ...]
    is_random: bool


@dataclass(eq=False)
class TrackedSequence:
    """Tokens of one sequence and their part in the draft network's cache."""

    tokens: list[int] = field(default_factory=list)
    cache: DraftCache = field(default_factory=DraftCache)
    # Guesses at the tokens of the last step, and the draft that was read before them.
    guesses: list[Guess] = field(default_factory=list)
    draft: list[int] = field(default_factory=list)


@dataclass(eq=False)
class DraftBranch:
    """Continuation of one outcome.

    Keys of known and draft tokens are in the sequence's blocks, those of the rest in its own.
    """

    name: str
    appended: tuple[int, ...]
    first: int  # position of the last appended token
    blocks: list[int]
    own_blocks: list[int]  # the last of `blocks`
    tokens: list[int]  # the last appended token, then the draft
    is_random: bool
    confidence: float = 1.0  # chance that the whole draft is accepted after this outcome


class BranchDrafter:
    """Drafter that prepares all likely outcomes of a step at once."""

    def __init__(self, network: DraftNetwork, draft_tokens: int, threshold: float = 0.0) -> None:
        self._network = network
        self._draft_tokens = draft_tokens
        self._threshold = threshold
        self._table = draft_model_table()
        self._sequences: dict[str, TrackedSequence] = {}

    def prepare(self, pending: list[PendingStep]) -> list[PreparedDrafts]:
        """Prepare drafts for each likely outcome of each sequence."""
        fitting = [step for step in pending if self._update(step)]
        branches = self._make_branches(self._outcomes(fitting)) if fitting else []
        self._extend(branches, batch_threshold(self._threshold, len(pending)))
        prepared: dict[str, PreparedDrafts] = {step.name: {} for step in pending}
        for branch in branches:
            prepared[branch.name][branch.appended] = branch.tokens[1:]
            self._network.block_manager.release(branch.own_blocks)
        return [prepared[step.name] for step in pending]

    def forget(self, name: str) -> None:
        """Drop a sequence that is over."""
        if sequence := self._sequences.pop(name, None):
            self._network.release(sequence.cache)

    def _update(self, step: PendingStep) -> bool:
        """Append the new tokens. Return whether context and cache have room for a draft."""
        sequence = self._sequences.setdefault(step.name, TrackedSequence())
        self._table.learn(sequence.guesses, sequence.draft, step.new, step.is_random)
        sequence.guesses = []
        sequence.tokens += step.new
        self._network.adopt(sequence.cache, sequence.tokens)
        sequence.cache.rewind(sequence.tokens)
        end = len(sequence.tokens) + len(step.draft)
        has_context = end + 1 + self._draft_tokens <= self._network.context_tokens
        return has_context and self._network.reserve(sequence.cache, end)

    def _outcomes(self, pending: list[PendingStep]) -> list[StepOutcome]:
        """Return the likeliest outcomes of all sequences, likeliest first."""
        sequences = [self._sequences[step.name] for step in pending]
        inputs = [
            DraftInput(sequence.cache, sequence.tokens + step.draft, len(step.draft) + 1)
            for sequence, step in zip(sequences, pending, strict=True)
        ]
        logits = self._network.read(inputs)
        guesses, logprobs = likeliest(logits), logits.log_softmax(-1)
        outcomes: list[StepOutcome] = []
        row = 0
        for sequence, step in zip(sequences, pending, strict=True):
            rows = slice(row, row + len(step.draft) + 1)
            sequence.guesses, sequence.draft = guesses[rows], step.draft
            outcomes += likely_outcomes(step, logprobs[rows])
            row = rows.stop
        limit = max(MAX_BRANCHES, MIN_MEAN_BRANCHES * len(pending))
        return nlargest(limit, outcomes, key=lambda outcome: outcome.log_chance)

    def _make_branches(self, outcomes: list[StepOutcome]) -> list[DraftBranch]:
        """Make a branch for each outcome, while blocks last."""
        manager = self._network.block_manager
        branches: list[DraftBranch] = []
        copies: dict[int, int] = {}  # own block -> the sequence's block with the same beginning
        for outcome in outcomes:
            sequence = self._sequences[outcome.name]
            first = len(sequence.tokens) + len(outcome.appended) - 1
            shared = first // BLOCK_TOKENS
            missing = manager.blocks_needed(first + self._draft_tokens) - shared
            if missing > manager.free_blocks:
                break
            own = manager.allocate(missing)
            if first % BLOCK_TOKENS:
                copies[own[0]] = sequence.cache.blocks[shared]
            blocks = sequence.cache.blocks[:shared] + own
            tokens = [outcome.appended[-1]]
            branches.append(
                DraftBranch(
                    *(outcome.name, outcome.appended, first, blocks, own, tokens),
                    is_random=outcome.is_random,
                )
            )
        if copies:
            self._network.copy(list(copies.values()), list(copies))
        return branches

    def _extend(self, branches: list[DraftBranch], threshold: float) -> None:
        """Append the likeliest tokens to all branches, one position at a time.

        A branch ends before the token with which it is less sure than the threshold.
        """
        for offset in range(self._draft_tokens):
            if not branches:
                return
            spans = [
                TokenSpan(branch.tokens[-1:], branch.first + offset, branch.blocks, 1)
                for branch in branches
            ]
            guesses = likeliest(self._network.forward(spans))
            for branch, guess in zip(branches, guesses, strict=True):
                branch.confidence *= self._table.chance(guess, branch.is_random)
                if branch.confidence >= threshold:
                    branch.tokens.append(guess.token)
            branches = [branch for branch in branches if branch.confidence >= threshold]


def likely_outcomes(step: PendingStep, logprobs: Tensor) -> list[StepOutcome]:
    """Return the likeliest outcomes of verifying a draft, likeliest first.

    `logprobs` [n + 1, V] are those at the positions of the n draft tokens and after them.
    """
    values, tokens = logprobs.topk(min(MAX_BRANCHES + 1, logprobs.shape[-1]), -1)
    outcomes: list[StepOutcome] = []
    log_accepted = 0.0  # chance that all draft tokens up to here are accepted
    rows = zip(values.tolist(), tokens.tolist(), strict=True)
    for position, (row, ids) in enumerate(rows):
        accepted, drafted = step.draft[:position], step.draft[position : position + 1]
        chances = (
            (log_accepted + value, token)
            for value, token in zip(row, ids, strict=True)
            if token not in drafted
        )
        outcomes += [
            StepOutcome(chance, step.name, (*accepted, token), step.is_random)
            for chance, token in chances
            if chance > MIN_LOG_CHANCE
        ]
        log_accepted += sum(logprobs[position, token].item() for token in drafted)
    return nlargest(MAX_BRANCHES, outcomes, key=lambda outcome: outcome.log_chance)
