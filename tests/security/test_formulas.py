"""Texts that begin like a formula, in files that a spreadsheet opens."""

import csv
import io

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.grid import write_csv

# The last ones are wide forms, which a spreadsheet that was set to Japanese takes too.
BEGINNINGS = "=+-@\t\r\n\uff1d\uff0b\uff0d\uff20"
WIDE = "\uff1d1+1"
FORMULAS = [
    "=1+1",
    "+1",
    "-1",
    "@sum(a1)",
    "\t=1",
    "\r=1",
    "\n=1",
    WIDE,
    '=cmd|" /C calc"!a0',
    "=",
    "-",
]


def read(text: str) -> list[list[str]]:
    return list(csv.reader(io.StringIO(text, newline="")))


@pytest.mark.parametrize("formula", FORMULAS)
def test_a_formula_stays_text(formula: str) -> None:
    """In a value, in a list, and as the name of a column; numbers stay numbers."""
    rows = pl.DataFrame({formula: [formula, None, "plain"], "loss": [-1, 2, None]})
    head, *body = read(write_csv(rows))
    assert head == [f"'{formula}", "loss"]
    assert body == [[f"'{formula}", "-1"], ["", "2"], ["plain", ""]]


@given(st.lists(st.text(st.characters(codec="utf-8")) | st.none(), min_size=1))
def test_no_text_begins_like_a_formula_and_none_is_lost(texts: list[str | None]) -> None:
    rows = pl.DataFrame({"text": pl.Series(texts, dtype=pl.String), "row": range(len(texts))})
    _, *body = read(write_csv(rows))
    assert [int(row) for _, row in body] == list(range(len(texts)))
    for (shown, _), text in zip(body, texts, strict=True):
        assert not shown.startswith(tuple(BEGINNINGS))
        assert shown.removeprefix("'") == (text or "").removeprefix("'")
