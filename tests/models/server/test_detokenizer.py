"""From tokens to text: the pieces are the whole, and a stop text never shows."""

import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models.protocol import TokenLogprobs
from models.server.detokenizer import TextPiece, Detokenizer
from models.server.logprobs import TokenNames, chat_logprobs, completion_logprobs


@pytest.fixture(scope="module")
def tokenizer(checkpoint: Path) -> Tokenizer:
    return Tokenizer.from_file(str(checkpoint / "tokenizer.json"))


def said(tokenizer: Tokenizer, tokens: list[int], stop: tuple[str, ...], cuts: list[int]) -> TextPiece:
    """The text of tokens that come in steps."""
    stream = Detokenizer(tokenizer, stop)
    steps = [tokens[start:end] for start, end in zip([0, *cuts], [*cuts, len(tokens)], strict=True)]
    return TextPiece.joined(
        stream.push(step, [], place == len(steps) - 1) for place, step in enumerate(steps)
    )


@given(
    text=st.text(max_size=30),
    stop=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    data=st.data(),
)
def test_pieces_are_the_text_up_to_the_stop(
    tokenizer: Tokenizer, text: str, stop: list[str], data: st.DataObject
) -> None:
    """However many tokens a step gives, what is shown ends where the first stop text begins."""
    tokens = tokenizer.encode(text).ids
    whole = tokenizer.decode(tokens)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(tokens)), max_size=5)))
    places = [each for each in stop if each in whole]
    found = said(tokenizer, tokens, tuple(stop), cuts)
    assert places or found.text == whole
    assert whole.startswith(found.text)
    assert not any(each in found.text for each in stop)
    assert found.token_ids == tokens
    assert found.offsets == sorted(found.offsets)


def test_the_beginning_of_a_stop_text_is_held_back(tokenizer: Tokenizer) -> None:
    """Until it is clear what becomes of it."""
    stream = Detokenizer(tokenizer, ("return",))
    shown = [
        stream.push(tokenizer.encode(part).ids, [], False).text
        for part in ("x re", "tu", "bular ret")
    ]
    assert shown == ["x ", "", "retubular "]
    assert stream.push([], [], True).text == "ret"


def test_names_are_unique(tokenizer: Tokenizer) -> None:
    """No two tokens of the vocabulary have one name, and bytes are those of the text."""
    names = TokenNames(tokenizer)
    assert len({names.name(token) for token in range(384)}) == 384
    tokens = tokenizer.encode("naïve €").ids
    assert b"".join(names.raw(token) or b"" for token in tokens).decode() == "naïve €"
    assert names.name(383) == "token_id:383"
    assert names.raw(383) is None


def test_impossible_tokens_have_a_number(tokenizer: Tokenizer) -> None:
    """JSON has no minus infinity, so the least is -9999."""
    piece = TextPiece("", [5], [0], [TokenLogprobs(-float("inf"), {6: -0.5, 7: -float("inf")})])
    plain, chat = (
        completion_logprobs(piece, TokenNames(tokenizer)),
        chat_logprobs(piece, TokenNames(tokenizer)),
    )
    assert plain["token_logprobs"] == [-9999.0]
    assert len(plain["top_logprobs"][0]) == 3
    assert [each["logprob"] for each in chat["content"][0]["top_logprobs"]] == [-0.5, -9999.0]
    assert json.dumps([plain, chat], allow_nan=False)
