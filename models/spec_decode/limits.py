"""How far a guess may go."""

from models.engine.sequence import Sequence


def max_draft_tokens(sequence: Sequence, draft_tokens: int, context_tokens: int) -> int:
    """How many tokens may be guessed for it now: none while a guess waits to be checked or some of its tokens are not computed yet.

    A step that checks n guesses gives up to n + 1 tokens, so the last token that it may generate is never guessed.
    """
    if sequence.draft or len(sequence.tokens) - sequence.computed != 1:
        return 0
    return max(
        min(draft_tokens, sequence.remaining_tokens - 1, context_tokens - len(sequence.tokens) - 1),
        0,
    )
