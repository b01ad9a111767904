"""Counts of a sequence, and the tokens of a scheduled chunk."""

from models.engine.sequence import ScheduledChunk, Sequence
from models.protocol import EngineRequest, SamplingParams


def sequence(tokens: int, computed: int, draft: list[int]) -> Sequence:
    """Make a sequence with a prompt of three tokens."""
    request = EngineRequest("one", [0, 1, 2], SamplingParams(9))
    return Sequence(request, 0, list(range(tokens)), computed_tokens=computed, draft=draft)


def test_prompt_generated_and_remaining_tokens_add_up() -> None:
    """Together they are the prompt and max_tokens."""
    each = sequence(5, 4, [])
    assert (each.prompt_tokens, each.generated_tokens, each.remaining_tokens) == (3, 2, 7)


def test_a_chunk_contains_known_tokens_then_the_draft() -> None:
    """It begins where the computed tokens end."""
    chunk = ScheduledChunk(sequence(5, 4, [7, 8, 9]), tokens=3, drafted=2)
    assert chunk.known == 1
    assert chunk.token_ids == [4, 7, 8]
    assert chunk.is_complete


def test_a_chunk_that_ends_early_is_not_complete() -> None:
    """Its logits choose nothing."""
    chunk = ScheduledChunk(sequence(5, 0, []), tokens=4, drafted=0)
    assert chunk.token_ids == [0, 1, 2, 3]
    assert not chunk.is_complete


def test_an_output_carries_the_sums_so_far() -> None:
    """Clients read them from the last output."""
    each = sequence(5, 4, [])
    each.cached_tokens, each.draft_tokens, each.accepted_tokens, each.preemptions = 2, 6, 4, 1
    output = each.output([4], [], "length")
    assert (output.request_id, output.token_ids, output.finish_reason) == ("one", [4], "length")
    assert (output.cached_tokens, output.preemptions) == (2, 1)
    assert (output.draft_tokens, output.accepted_tokens) == (6, 4)
