"""The tokenizer: lossless, with single tokens for indentation and digits."""

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tokenizers import Tokenizer

from models.config import SHIPPED_MODEL
from models.training.tokenizer import END, SPECIAL_TOKENS, encode_stream, train_tokenizer

TEXTS = ["def add(left, right):\n    return left + right\n", "for each in range(10):\n    pass\n"]
SHIPPED = Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))


@given(st.text(max_size=40))
def test_any_text_can_be_encoded(text: str) -> None:
    """Byte-level BPE has no unknown token."""
    assert SHIPPED.decode(SHIPPED.encode(text).ids, skip_special_tokens=False) == text


@pytest.fixture(scope="module")
def tokenizer() -> Tokenizer:
    """Train on two texts."""
    return train_tokenizer(TEXTS * 50)


def test_special_tokens_come_first(tokenizer: Tokenizer) -> None:
    """The end token is 0, as the networks expect."""
    assert [tokenizer.token_to_id(each) for each in SPECIAL_TOKENS] == [0, 1, 2]


def test_indentation_is_separate_and_digits_are_single(tokenizer: Tokenizer) -> None:
    """Numbers do not become words."""
    tokens = tokenizer.encode("    return 10").tokens
    assert tokens[0] == "Ġ" * 3
    assert tokens[-2:] == ["1", "0"]


def test_a_stream_closes_each_text_with_the_end_token(tokenizer: Tokenizer) -> None:
    """Texts are not joined to one."""
    stream = encode_stream(tokenizer, TEXTS).tolist()
    end = tokenizer.token_to_id(END)
    assert stream.count(end) == len(TEXTS)
    assert stream[-1] == end
    assert tokenizer.decode(stream) == "".join(TEXTS)
