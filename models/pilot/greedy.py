"""Equality of greedy completions: the same model must say the same on both servers."""

import asyncio
from dataclasses import dataclass

from models.pilot.checks import Checker

GREEDY_PROMPTS = 8
MAX_QUOTED = 60


@dataclass(frozen=True)
class GreedyEquality:
    """Counts of prompts whose greedy completions are equal."""

    asked: int
    equal: int  # A's is B's, of those that both completed
    completed: int  # by both
    a_repeats: int  # A's is the same when asked again
    b_repeats: int
    first_difference: str | None = None

    @property
    def reason(self) -> str | None:
        """Reason for which equality is not known."""
        return None if self.completed else "no greedy request was completed by both servers"


async def compare_greedy(a: Checker, b: Checker, prompts: int = GREEDY_PROMPTS) -> GreedyEquality:
    """Ask both servers for the same greedy completions, each twice."""
    equal = completed = a_repeats = b_repeats = 0
    first: str | None = None
    for number in range(1, prompts + 1):
        # One request at a time on each server: some say something else in a batch.
        texts = await asyncio.gather(_ask(a, number), _ask(b, number))
        again = await asyncio.gather(_ask(a, number), _ask(b, number))
        a_repeats += texts[0] is not None and texts[0] == again[0]
        b_repeats += texts[1] is not None and texts[1] == again[1]
        if texts[0] is None or texts[1] is None:
            continue
        completed += 1
        equal += texts[0] == texts[1]
        if texts[0] != texts[1] and first is None:
            first = _difference(texts[0], texts[1])
    return GreedyEquality(prompts, equal, completed, a_repeats, b_repeats, first)


async def _ask(checker: Checker, number: int) -> str | None:
    reply = await checker.ask(number)
    return None if reply.failure is not None else reply.text


def _difference(a: str, b: str) -> str:
    same = next(
        (place for place, (x, y) in enumerate(zip(a, b, strict=False)) if x != y),
        min(len(a), len(b)),
    )
    quoted_a, quoted_b = a[same:][:MAX_QUOTED], b[same:][:MAX_QUOTED]
    return f"after {same} characters: A {quoted_a!r}, B {quoted_b!r}"
