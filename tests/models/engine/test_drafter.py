"""The limit of a draft's length, and the drafter that drafts nothing."""

import pytest

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
