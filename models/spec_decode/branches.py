"""Guessing what follows before it is known what came: one branch for each likely outcome of a step that is under way."""

from dataclasses import dataclass, field
from heapq import nlargest
from math import log
from typing import NamedTuple

from torch import Tensor

from models.spec_decode.draft_network import BLOCK_TOKENS, DraftNetwork, TokenSpan, DraftInput, DraftCache

MAX_BRANCHES = 8  # a sequence, at most
MIN_MEAN_BRANCHES = (
    3  # a sequence on average, at least: with many sequences there is no time for more
)
MIN_LOG_CHANCE = log(0.02)  # outcomes that are rarer are not worth their rows


class PendingStep(NamedTuple):
    """What a step is about to check of one sequence."""

    name: str
    new: list[int]  # its tokens since it was last told of
    draft: list[int]


PreparedDrafts = dict[
    tuple[int, ...], list[int]
]  # what the step may add to a sequence -> what would follow


class StepOutcome(NamedTuple):
    """What a step may add to a sequence: accepted guesses, then one token that is none."""

    chance: float  # its natural logarithm
    name: str
    adds: tuple[int, ...]


@dataclass(eq=False)
class TrackedSequence:
    """One sequence: its tokens, and what the draft network has of them."""

    tokens: list[int] = field(default_factory=list)
    track: DraftCache = field(default_factory=DraftCache)


@dataclass(frozen=True)
class DraftBranch:
    """One outcome, continued. The keys of what was known or guessed lie in the sequence's blocks, those of the rest in its own."""

    name: str
    adds: tuple[int, ...]
    first: int  # position of the last that the outcome adds
    blocks: list[int]
    own: list[int]  # the last of `blocks`
    tokens: list[int]  # that one, then the guesses


class BranchDrafter:
    """Prepares drafts for all likely outcomes of a step at once."""

    def __init__(self, network: DraftNetwork, draft_tokens: int) -> None:
        self._network = network
        self._draft_tokens = draft_tokens
        self._known: dict[str, TrackedSequence] = {}

    def prepare(self, aheads: list[PendingStep]) -> list[PreparedDrafts]:
        """For each sequence what would follow each likely outcome."""
        fitting = [each for each in aheads if self._learn(each)]
        branches = self._grow(self._outcomes(fitting)) if fitting else []
        self._continue(branches)
        prepared: dict[str, PreparedDrafts] = {each.name: {} for each in aheads}
        for branch in branches:
            prepared[branch.name][branch.adds] = branch.tokens[1:]
            self._network.pool.release(branch.own)
        return [prepared[each.name] for each in aheads]

    def forget(self, name: str) -> None:
        """This sequence is over."""
        if known := self._known.pop(name, None):
            self._network.drop(known.track)

    def _learn(self, ahead: PendingStep) -> bool:
        """Its new tokens; whether it can be drafted for, as context and cache go."""
        known = self._known.setdefault(ahead.name, TrackedSequence())
        known.tokens += ahead.new
        known.track.settle(known.tokens)
        end = len(known.tokens) + len(ahead.draft)
        return (
            end + 1 + self._draft_tokens <= self._network.context_tokens
            and self._network.reserve(known.track, end)
        )

    def _outcomes(self, aheads: list[PendingStep]) -> list[StepOutcome]:
        """The likeliest of all sequences, likeliest first."""
        known = [self._known[each.name] for each in aheads]
        texts = [
            DraftInput(one.track, one.tokens + each.draft, len(each.draft) + 1)
            for one, each in zip(known, aheads, strict=True)
        ]
        logprobs = self._network.read(texts).log_softmax(-1)
        outcomes: list[StepOutcome] = []
        row = 0
        for each in aheads:
            outcomes += likely_outcomes(each, logprobs[row : row + len(each.draft) + 1])
            row += len(each.draft) + 1
        return nlargest(
            max(MAX_BRANCHES, MIN_MEAN_BRANCHES * len(aheads)),
            outcomes,
            key=lambda outcome: outcome.chance,
        )

    def _grow(self, outcomes: list[StepOutcome]) -> list[DraftBranch]:
        """A branch for each outcome, as long as there are blocks."""
        branches: list[DraftBranch] = []
        copies: dict[int, int] = {}  # own block -> the block of the sequence that it begins as
        for outcome in outcomes:
            known = self._known[outcome.name]
            first = len(known.tokens) + len(outcome.adds) - 1
            shared = first // BLOCK_TOKENS
            missing = self._network.pool.needed(first + self._draft_tokens) - shared
            if missing > self._network.pool.free:
                break
            own = self._network.pool.take(missing)
            if first % BLOCK_TOKENS:
                copies[own[0]] = known.track.blocks[shared]
            blocks = known.track.blocks[:shared] + own
            branches.append(
                DraftBranch(outcome.name, outcome.adds, first, blocks, own, [outcome.adds[-1]])
            )
        if copies:
            self._network.copy(list(copies.values()), list(copies))
        return branches

    def _continue(self, branches: list[DraftBranch]) -> None:
        for ahead in range(self._draft_tokens if branches else 0):
            spans = [
                TokenSpan(branch.tokens[-1:], branch.first + ahead, branch.blocks, 1)
                for branch in branches
            ]
            for branch, token in zip(
                branches, self._network.forward(spans).argmax(-1).tolist(), strict=True
            ):
                branch.tokens.append(token)


def likely_outcomes(ahead: PendingStep, logprobs: Tensor) -> list[StepOutcome]:
    """The likeliest outcomes of checking a draft of n tokens, likeliest first, as logprobs [n + 1, V] at its places tell."""
    values, tokens = logprobs.topk(min(MAX_BRANCHES + 1, logprobs.shape[-1]), -1)
    outcomes: list[StepOutcome] = []
    so_far = 0.0  # log of the chance that all guesses up to here are accepted
    for place, (row, ids) in enumerate(zip(values.tolist(), tokens.tolist(), strict=True)):
        accepted, guessed = ahead.draft[:place], ahead.draft[place : place + 1]
        chances = (
            (so_far + value, token)
            for value, token in zip(row, ids, strict=True)
            if token not in guessed
        )
        outcomes += [
            StepOutcome(chance, ahead.name, (*accepted, token))
            for chance, token in chances
            if chance > MIN_LOG_CHANCE
        ]
        so_far += sum(logprobs[place, token].item() for token in guessed)
    return nlargest(MAX_BRANCHES, outcomes, key=lambda outcome: outcome.chance)
