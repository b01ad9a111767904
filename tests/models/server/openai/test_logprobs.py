"""Names of tokens, and logprobs in OpenAI's two forms."""

import json
from typing import Any

from support.tier import EOS, make_tokenizer

from models.protocol import TokenLogprobs
from models.server.openai.detokenizer import TextPiece
from models.server.openai.logprobs import TokenNames, chat_logprobs, completion_logprobs

TOKENIZER = make_tokenizer()
NAMES = TokenNames(TOKENIZER)
[A, B, C] = (TOKENIZER.encode(each).ids[0] for each in "abc")


def piece(token: int, chosen: float, top: dict[int, float]) -> TextPiece:
    """Make a piece of one token."""
    return TextPiece("a", [token], [7], [TokenLogprobs(chosen, top)])


def test_names_are_unique() -> None:
    """No two ids of the vocabulary share a name, unused ones included."""
    assert len({NAMES.name(token) for token in range(384)}) == 384
    assert NAMES.name(383) == "token_id:383"
    assert NAMES.raw(383) is None


def test_bytes_of_tokens_are_those_of_the_text() -> None:
    """Joined, they are its UTF-8."""
    tokens = TOKENIZER.encode("naïve €").ids
    assert b"".join(NAMES.raw(token) or b"" for token in tokens).decode() == "naïve €"


def test_a_part_of_a_character_is_named_by_its_bytes() -> None:
    """Its text would be the same replacement character for all of them."""
    [first, *_] = TOKENIZER.encode("€").ids
    assert NAMES.name(first) == "bytes:\\xe2"


def test_special_tokens_keep_their_names() -> None:
    """They are not spelt in bytes."""
    assert NAMES.name(0) == EOS


def test_a_completion_has_parallel_lists() -> None:
    """The chosen token is shown even if it is not among the likeliest."""
    logprobs = completion_logprobs(piece(A, -2.0, {B: -0.5, C: -1.5}), NAMES)
    assert logprobs == {
        "tokens": ["a"],
        "token_logprobs": [-2.0],
        "top_logprobs": [{"b": -0.5, "c": -1.5, "a": -2.0}],
        "text_offset": [7],
    }


def test_a_chat_has_one_entry_per_token() -> None:
    """With bytes, and the likeliest alternatives."""
    logprobs = chat_logprobs(piece(A, -2.0, {B: -0.5}), NAMES)
    alternative = {"token": "b", "logprob": -0.5, "bytes": [98]}
    chosen: dict[str, Any] = {"token": "a", "logprob": -2.0, "bytes": [97]}
    assert logprobs == {"content": [chosen | {"top_logprobs": [alternative]}], "refusal": None}


def test_impossible_tokens_have_a_finite_logprob() -> None:
    """JSON has no minus infinity, so OpenAI's -9999 stands for it."""
    impossible = piece(A, -float("inf"), {B: -0.5, C: -float("inf")})
    completion, chat = completion_logprobs(impossible, NAMES), chat_logprobs(impossible, NAMES)
    assert completion["token_logprobs"] == [-9999.0]
    alternatives = chat["content"][0]["top_logprobs"]
    assert [each["logprob"] for each in alternatives] == [-0.5, -9999.0]
    assert json.dumps([completion, chat], allow_nan=False)
