"""Completion: tables after FROM, columns of the tables that are read, keywords, own commands."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from pipelines.cli.shell.completion import COMMANDS, complete

TABLES = {
    "market_days": ["date", "platform_tokens"],
    "market_tokens_daily": ["date", "total_tokens"],
    "models": ["model_id"],
}


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("from market", ["market_days", "market_tokens_daily"]),
        ("select 1 from marts.mo", ["marts.models"]),
        ("describe mod", ["models"]),
        ("from models join market_d", ["market_days"]),
        ("from market_days where plat", ["platform_tokens"]),
        # The column of a table that the statement does not read.
        ("from market_days where total", []),
        ("select total", ["total_tokens"]),
        ("from market_days as d where d.p", ["d.platform_tokens"]),
        ("from market_days d where d.", ["d.date", "d.platform_tokens"]),
        ("select models.", ["models.model_id"]),
        ("from models where x", []),
        ("from models ord", ["order"]),
        ("from models ORD", ["ORDER"]),
        ("sel", ["select"]),
        (".d", [".describe"]),
        (".describe market_d", ["market_days"]),
        (".", list(COMMANDS)),
        # Of a statement of several lines.
        ("select date\nfrom market_days\nwhere plat", ["platform_tokens"]),
    ],
)
def test_what_fits_is_offered(text: str, found: list[str]) -> None:
    assert complete(text, TABLES) == found


@given(st.text(max_size=40))
def test_whatever_is_offered_begins_as_the_word_does(text: str) -> None:
    """And no text is too strange."""
    for word in complete(f"from {text}", TABLES):
        assert f"from {text}".lower().endswith(tuple(word.lower()[:size] for size in range(99)))
