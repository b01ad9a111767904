"""Guessing by memory: the index finds what a rescan of the whole sequence would find."""

from hypothesis import given
from hypothesis import strategies as st

from models.spec_decode.ngram import MAX_NGRAM, MIN_NGRAM, NgramIndex

FEW_TOKENS = st.lists(st.integers(0, 3), min_size=1, max_size=60)


def by_rescan(tokens: list[int], count: int) -> list[int]:
    """The longest suffix that occurred before, its last occurrence, and what followed, going on into the guess."""
    for length in range(MAX_NGRAM, MIN_NGRAM - 1, -1):
        for end in range(len(tokens) - 1, length - 1, -1):
            if tokens[end - length : end] == tokens[-length:]:
                longer = list(tokens)
                for each in range(count):
                    longer.append(longer[end + each])
                return longer[len(tokens) :]
    return []


@given(FEW_TOKENS, st.lists(st.integers(1, 5), max_size=20), st.integers(1, 5))
def test_the_index_finds_what_a_rescan_finds(
    tokens: list[int], pieces: list[int], count: int
) -> None:
    """However the sequence grew between two questions, the answer is that of looking through all of it."""
    index, known = NgramIndex(), 1
    for piece in pieces:
        known = min(known + piece, len(tokens))
        assert index.guess(tokens[:known], count) == by_rescan(tokens[:known], count)


def test_the_last_occurrence_counts() -> None:
    """What followed most recently is guessed."""
    assert NgramIndex().guess([1, 2, 7, 1, 2, 8, 1, 2], 3) == [8, 1, 2]


def test_a_longer_match_is_preferred() -> None:
    """Three tokens that occurred before say more than two that occurred later."""
    assert NgramIndex().guess([5, 1, 2, 7, 6, 1, 2, 8, 5, 1, 2], 1) == [7]


def test_a_repetition_goes_on() -> None:
    """A guess is as long as was asked, though less than that has followed so far."""
    assert NgramIndex().guess([4, 9, 4, 9, 4], 5) == [9, 4, 9, 4, 9]


def test_nothing_new_is_guessed() -> None:
    """Without a match there is no guess."""
    assert NgramIndex().guess([1, 2, 3, 4, 5], 4) == []
