"""The limit of a draft's length, and the drafter that drafts nothing."""

from collections import Counter
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.inference.engine import CONTEXT, complete, counting_engine

from models.engine.drafter import NoDrafter, max_draft_length
from models.engine.sequence import Sequence
from models.protocol import EngineRequest, SamplingParams


def sequence(generated: int, computed_short_of: int = 1, max_tokens: int = 20) -> Sequence:
    """Make a sequence with a prompt of 5 tokens and this many generated ones."""
    request = EngineRequest("one", [1] * 5, SamplingParams(max_tokens))
    tokens = 5 + generated
    return Sequence(request, 0, [1] * tokens, computed_tokens=tokens - computed_short_of)


@pytest.mark.parametrize(
    ("given_sequence", "context", "length"),
    [
        (sequence(1), 100, 3),
        (sequence(18), 100, 1),
        (sequence(19), 100, 0),
        (sequence(1), 8, 1),
        (sequence(1), 7, 0),
        (sequence(1, computed_short_of=2), 100, 0),
    ],
    ids=["free", "two left", "one left", "context", "full context", "not computed"],
)
def test_a_draft_never_reaches_beyond_the_last_token(
    given_sequence: Sequence, context: int, length: int
) -> None:
    """A step gives one token more than it verifies, so that one needs no draft."""
    assert max_draft_length(given_sequence, 3, context) == length


def test_a_draft_waits_until_the_last_one_is_verified() -> None:
    """A preempted or postponed sequence keeps its draft."""
    each = sequence(1)
    each.draft = [7]
    assert max_draft_length(each, 3, 100) == 0


def test_no_drafter_drafts_nothing() -> None:
    """All its methods leave the sequence alone."""
    each, drafter = sequence(1), NoDrafter()
    drafter.look_ahead([])
    drafter.draft([each])
    drafter.forget(each)
    drafter.close()
    assert each.draft == []


class ArbitraryDrafter(NoDrafter):
    """A drafter of any lengths that knows what will come, and is wrong here and there."""

    def __init__(self, random: Random, coming: dict[str, list[int]]) -> None:
        self.random = random
        self.coming = coming
        self.drafted: Counter[int] = Counter()
        self.accepted: Counter[int] = Counter()

    def draft(self, sequences: list[Sequence]) -> None:
        """Propose what comes, of any length, with one wrong token or none."""
        for each in sequences:
            longest = max_draft_length(each, 8, CONTEXT)
            length, known = self.random.randint(0, longest), each.generated_tokens
            right = self.coming[each.request.request_id][known : known + length]
            wrong = self.random.randint(0, 8)
            each.draft = [token + (place == wrong) for place, token in enumerate(right)]
            self.drafted.update(range(len(right)))
            self.accepted.update(range(min(wrong, len(right))))


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 10**6), st.lists(st.sampled_from([0.0, 0.7, 1.0]), min_size=1, max_size=4))
def test_drafts_of_any_lengths_change_no_token(seed: int, temperatures: list[float]) -> None:
    """Nor does the batch; what was drafted and accepted is counted position by position."""
    requests = [
        EngineRequest(
            str(number),
            [number + 1, 7],
            SamplingParams(12, temperature=temperature, seed=number, ignore_eos=True),
        )
        for number, temperature in enumerate(temperatures)
    ]
    coming = {}
    for request in requests:
        engine, _, _ = counting_engine()
        coming |= complete(engine, [request]).tokens
    drafter = ArbitraryDrafter(Random(seed), coming)
    engine, _, _ = counting_engine(drafter, blocks=32, max_batch_tokens=64)
    completed = complete(engine, requests)
    assert completed.tokens == coming
    for counted, expected in (
        ([step.drafted_per_position for step in completed.steps], drafter.drafted),
        ([step.accepted_per_position for step in completed.steps], drafter.accepted),
    ):
        sums: Counter[int] = Counter()
        for counts in counted:
            sums.update(dict(enumerate(counts)))
        assert +sums == expected
