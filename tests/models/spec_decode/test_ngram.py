"""Drafts from n-grams: the index finds what a scan of the whole sequence would find."""

from hypothesis import given
from hypothesis import strategies as st

from models.engine.sequence import Sequence
from models.protocol import EngineRequest, SamplingParams
from models.spec_decode.ngram import MAX_NGRAM, MIN_NGRAM, NgramDrafter, NgramIndex

FEW_TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=60)


def by_scan(tokens: list[int], count: int) -> list[int]:
    """Find the last occurrence of the longest suffix, and continue into the draft itself."""
    for length in range(MAX_NGRAM, MIN_NGRAM - 1, -1):
        for end in range(len(tokens) - 1, length - 1, -1):
            if tokens[end - length : end] == tokens[-length:]:
                longer = list(tokens)
                for each in range(count):
                    longer.append(longer[end + each])
                return longer[len(tokens) :]
    return []


def propose(index: NgramIndex, tokens: list[int], count: int) -> list[int]:
    """Return the tokens of the guesses."""
    return [guess.token for guess in index.propose(tokens, count)]


@given(FEW_TOKENS, st.lists(st.integers(1, 5), max_size=20), st.integers(1, 5))
def test_the_index_finds_what_a_scan_finds(
    tokens: list[int], pieces: list[int], count: int
) -> None:
    """The sequence may grow by any length between two calls."""
    index, known = NgramIndex(), 1
    for piece in pieces:
        known = min(known + piece, len(tokens))
        assert propose(index, tokens[:known], count) == by_scan(tokens[:known], count)


def test_the_last_occurrence_counts() -> None:
    """The draft is what followed most recently."""
    assert propose(NgramIndex(), [1, 2, 7, 1, 2, 8, 1, 2], 3) == [8, 1, 2]


def test_a_longer_match_is_preferred() -> None:
    """Three tokens that occurred before count more than two that occurred later."""
    assert propose(NgramIndex(), [5, 1, 2, 7, 6, 1, 2, 8, 5, 1, 2], 1) == [7]


def test_a_repetition_goes_on() -> None:
    """A draft has its full length, though fewer tokens have followed so far."""
    assert propose(NgramIndex(), [4, 9, 4, 9, 4], 5) == [9, 4, 9, 4, 9]


def test_new_text_gets_no_draft() -> None:
    """Without a match nothing is proposed."""
    assert propose(NgramIndex(), [1, 2, 3, 4, 5], 4) == []


def test_each_right_token_makes_the_match_longer() -> None:
    """A guess is as sure as the n-gram that leads to it is long, up to the longest."""
    guesses = NgramIndex().propose([1, 2, 7, 8, 9, 5, 1, 2], 4)
    assert [guess.level for guess in guesses] == [2, 3, 4, 4]


def test_matches_that_were_wrong_end_the_drafts() -> None:
    """The same two tokens are followed by another one each time."""
    drafter = NgramDrafter(draft_tokens=3, context_tokens=99, threshold=0.9)
    each = sequence("one", [1, 2, 3, 1, 2])
    lengths = []
    for token in range(10, 30):
        each.draft = []
        drafter.draft([each])
        lengths.append(len(each.draft))
        each.tokens += [token, 1, 2]
        each.computed_tokens = len(each.tokens) - 1
    assert lengths == sorted(lengths, reverse=True)
    assert (lengths[0], lengths[-1]) == (3, 0)


def sequence(name: str, tokens: list[int]) -> Sequence:
    """Make a sequence that is computed up to its last token."""
    request = EngineRequest(name, tokens[:1], SamplingParams(50))
    return Sequence(request, 0, list(tokens), computed_tokens=len(tokens) - 1)


def test_each_sequence_has_its_own_index() -> None:
    """One sequence's text never becomes another's draft."""
    drafter = NgramDrafter(draft_tokens=2, context_tokens=64)
    repeating, other = sequence("one", [1, 2, 3, 1, 2]), sequence("two", [4, 5, 1, 2])
    drafter.draft([repeating, other])
    assert (repeating.draft, other.draft) == ([3, 1], [])


def test_a_forgotten_sequence_starts_again() -> None:
    """Its name may belong to another text."""
    drafter = NgramDrafter(draft_tokens=2, context_tokens=64)
    drafter.draft([sequence("one", [1, 2, 3, 1, 2])])
    again = sequence("one", [9, 8, 9])
    drafter.forget(again)
    drafter.draft([again])
    assert again.draft == []
    drafter.close()


def test_no_draft_without_room() -> None:
    """The context ends the draft."""
    drafter = NgramDrafter(draft_tokens=5, context_tokens=7)
    each = sequence("one", [1, 2, 3, 1, 2])
    drafter.draft([each])
    assert each.draft == [3]
