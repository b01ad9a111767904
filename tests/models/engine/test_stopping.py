"""The end of a request: tokens, lengths and strings."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.tier import make_tokenizer

from models.engine.sequence import Sequence
from models.engine.stopping import StopStringMatcher, finish_reason_of
from models.protocol import EngineRequest, SamplingParams

TOKENIZER = make_tokenizer()
EOS = frozenset({0})


def first_match(text: str, *strings: str) -> tuple[str | None, int]:
    """Feed a text token by token. Return the match and the number of tokens until it."""
    matcher = StopStringMatcher(TOKENIZER, strings)
    tokens = TOKENIZER.encode(text).ids
    for number, token in enumerate(tokens, 1):
        if found := matcher.match(token):
            return found, number
    return None, len(tokens)


def test_a_string_across_tokens_is_found() -> None:
    """Stop strings know nothing of tokens."""
    assert first_match("def add(left, right):", "d(l")[0] == "d(l"


def test_a_match_ends_with_the_token_that_completes_it() -> None:
    """Not a token later."""
    found, tokens = first_match("x y z", "y")
    assert found == "y"
    assert TOKENIZER.decode(TOKENIZER.encode("x y z").ids[:tokens]).rstrip() == "x y"


def test_the_earliest_of_several_strings_counts() -> None:
    """If one token completes several."""
    assert first_match("for each in range(10):", "(10", "range", "each")[0] == "each"


def test_nothing_is_found_in_other_text() -> None:
    """The whole text is read."""
    assert first_match("return left", "right")[0] is None


@given(st.text(max_size=20), st.text(min_size=1, max_size=4))
def test_a_string_is_found_if_the_text_contains_it(text: str, string: str) -> None:
    """Any characters, also those of several bytes."""
    decoded = TOKENIZER.decode(TOKENIZER.encode(text).ids)
    found, _ = first_match(text, string)
    assert (found == string) == (string in decoded)


def sequence(tokens: list[int], max_tokens: int = 10, **sampling: Any) -> Sequence:
    """Make a sequence with a prompt of one token."""
    request = EngineRequest("one", [5], SamplingParams(max_tokens, **sampling))
    return Sequence(request, 0, tokens)


@pytest.mark.parametrize(
    ("given_sequence", "context", "reason"),
    [
        (sequence([5, 6]), 100, None),
        (sequence([5, 0]), 100, "stop"),
        (sequence([5, 0], ignore_eos=True), 100, None),
        (sequence([5, 9], stop_token_ids=(9,)), 100, "stop"),
        (sequence([5, 9, 8], stop_token_ids=(9,)), 100, None),
        (sequence([5, 6, 7], max_tokens=2), 100, "length"),
        (sequence([5, 6, 7]), 3, "length"),
        (sequence([5, 0], max_tokens=1), 100, "stop"),
    ],
    ids=[
        "goes on",
        "end token",
        "ignored end token",
        "stop token",
        "earlier stop token",
        "max_tokens",
        "context",
        "end token at the limit",
    ],
)
def test_the_newest_token_decides(
    given_sequence: Sequence, context: int, reason: str | None
) -> None:
    """A stop goes before a length."""
    assert finish_reason_of(given_sequence, EOS, context) == reason
