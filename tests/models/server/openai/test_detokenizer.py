"""Text from tokens: the pieces are the whole, and a stop text never shows."""

from hypothesis import given
from hypothesis import strategies as st
from support.tier import make_tokenizer

from models.protocol import TokenLogprobs
from models.server.openai.detokenizer import Detokenizer, TextPiece

TOKENIZER = make_tokenizer()


def detokenize(tokens: list[int], stop: tuple[str, ...], cuts: list[int]) -> TextPiece:
    """Push tokens in several steps and join the pieces."""
    detokenizer = Detokenizer(TOKENIZER, stop)
    ends = [*cuts, len(tokens)]
    steps = [tokens[start:end] for start, end in zip([0, *cuts], ends, strict=True)]
    return TextPiece.join(
        detokenizer.push(step, [], number == len(steps) - 1) for number, step in enumerate(steps)
    )


@given(
    text=st.text(max_size=30),
    stop=st.lists(st.text(min_size=1, max_size=3), max_size=2),
    data=st.data(),
)
def test_pieces_end_where_the_stop_begins(text: str, stop: list[str], data: st.DataObject) -> None:
    """Text ends where the first stop text begins, for any number of tokens a step."""
    tokens = TOKENIZER.encode(text).ids
    whole = TOKENIZER.decode(tokens)
    cuts = sorted(data.draw(st.lists(st.integers(0, len(tokens)), max_size=5)))
    is_stopped = any(each in whole for each in stop)
    piece = detokenize(tokens, tuple(stop), cuts)
    assert is_stopped or piece.text == whole
    assert whole.startswith(piece.text)
    assert not any(each in piece.text for each in stop)
    assert piece.token_ids == tokens
    assert piece.offsets == sorted(piece.offsets)


def test_the_beginning_of_a_stop_text_is_held_back() -> None:
    """It is shown once it cannot become the stop text any more."""
    detokenizer = Detokenizer(TOKENIZER, ("return",))
    texts = [
        detokenizer.push(TOKENIZER.encode(part).ids, [], False).text
        for part in ("x re", "tu", "bular ret")
    ]
    assert texts == ["x ", "", "retubular "]
    assert detokenizer.push([], [], True).text == "ret"


def test_half_a_character_is_held_back() -> None:
    """A character of several bytes may need several tokens."""
    tokens = TOKENIZER.encode("€").ids
    assert len(tokens) > 1
    detokenizer = Detokenizer(TOKENIZER, ())
    texts = [detokenizer.push([token], [], False).text for token in tokens]
    assert texts == [""] * (len(tokens) - 1) + ["€"]


def test_offsets_count_characters_of_the_text() -> None:
    """Each token begins where the text before it ends."""
    piece = detokenize(TOKENIZER.encode("x = 10").ids, (), [])
    names = [TOKENIZER.decode([token]) for token in piece.token_ids]
    assert piece.offsets[0] == 0
    for offset, name in zip(piece.offsets, names, strict=True):
        assert piece.text[offset:].startswith(name)


def test_joined_pieces_keep_their_logprobs() -> None:
    """In the order of the tokens."""
    first, second = TokenLogprobs(-1.0, {}), TokenLogprobs(-2.0, {})
    pieces = [TextPiece("a", [1], [0], [first]), TextPiece("b", [2], [1], [second])]
    assert TextPiece.join(pieces) == TextPiece("ab", [1, 2], [0, 1], [first, second])
    assert TextPiece.join([]) == TextPiece("", [], [], [])
