"""The model card: figures from an evaluation of the shipped checkpoints."""

import re

import pytest
from tokenizers import Tokenizer

from models.config import CHECKPOINTS, SHIPPED_MODEL
from models.training.corpus import Corpus
from models.training.model_card import make_card

TEXT = "def add(left, right):\n    return left + right\n\n\n" * 60
COMMITTED = (CHECKPOINTS / "README.md").read_text()


@pytest.fixture(scope="module")
def card() -> str:
    """Make the card from one short held-out text."""
    tokenizer = Tokenizer.from_file(str(SHIPPED_MODEL / "tokenizer.json"))
    return make_card(CHECKPOINTS, Corpus(["x"], [TEXT], "0123456789abcdef" * 4), tokenizer)


def words_of(card: str) -> list[str]:
    """Return the words of a card without its figures, which depend on the machine."""
    return re.findall(r"[A-Za-z][\w-]*", re.sub(r"`[0-9a-f]{16}`", "", card))


def test_the_committed_card_has_this_text(card: str) -> None:
    """Only figures, versions and line breaks may differ."""
    assert words_of(card) == words_of(COMMITTED)


def test_sizes_are_those_of_the_checkpoints(card: str) -> None:
    """They do not depend on the held-out text."""
    for line in card.splitlines():
        if line.startswith(("| layers", "| experts", "| parameters", "| active", "| file")):
            assert line in COMMITTED, line


def test_lines_fit(card: str) -> None:
    """In an editor."""
    assert max(map(len, card.splitlines())) <= 120
