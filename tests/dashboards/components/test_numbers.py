"""Number formats: a file without scripts writes a number as d3 writes it on the page."""

from dataclasses import replace

import pytest

from dashboards.components.numbers import (
    AMOUNT,
    CHANGE,
    COUNT,
    SHARE,
    SHORT_TOKENS,
    TOKENS,
    WRITE_CELL,
    NumberFormat,
    usd,
)

MINUS = "\N{MINUS SIGN}"


@pytest.mark.parametrize(
    ("number_format", "d3"),
    [
        (SHARE, ",.1%"),
        (CHANGE, "+,.1%"),
        (COUNT, ",.0f"),
        (AMOUNT, ",.3~r"),
        (TOKENS, ".3s"),
        (SHORT_TOKENS, ".3~s"),
    ],
)
def test_the_browser_gets_a_format_of_d3(number_format: NumberFormat, d3: str) -> None:
    assert number_format.d3() == d3


@pytest.mark.parametrize(
    ("number_format", "value", "text"),
    [
        (SHARE, 0.2484, "24.8%"),
        (SHARE, 12.5, "1,250.0%"),
        (CHANGE, -0.031, f"{MINUS}3.1%"),
        (CHANGE, 0.5, "+50.0%"),
        (CHANGE, 0, "+0.0%"),
        (COUNT, 1234567.4, "1,234,567"),
        (COUNT, -3, f"{MINUS}3"),
        (TOKENS, 31_710_000_000_000, "31.7T"),
        (TOKENS, 999_960, "1.00M"),
        (TOKENS, 12, "12.0"),
        (TOKENS, 0, "0.00"),
        (TOKENS, 0.5, "500m"),
        (SHORT_TOKENS, 1_200_000_000_000, "1.2T"),
        (SHORT_TOKENS, 7, "7"),
        (SHORT_TOKENS, 100, "100"),
        (AMOUNT, 0.415, "0.415"),
        (AMOUNT, 1234.5, "1,230"),
        (AMOUNT, 0.0000123, "0.0000123"),
        (AMOUNT, 0, "0"),
        (AMOUNT, -1.5, f"{MINUS}1.5"),
    ],
)
def test_a_number_is_written_as_d3_writes_it(
    number_format: NumberFormat, value: float, text: str
) -> None:
    assert number_format.text(value) == text


def test_a_number_that_rounds_to_zero_has_no_sign() -> None:
    """A share of -0.01 % is `0.0%` as in d3; only a change keeps its sign."""
    assert SHARE.text(-0.0001) == "0.0%"
    assert CHANGE.text(-0.0001) == f"{MINUS}0.0%"


def test_an_unknown_number_is_a_word_and_never_zero() -> None:
    assert SHARE.text(None) == "unknown"
    assert replace(TOKENS, unknown="below the cutoff").text(None) == "below the cutoff"


def test_a_column_carries_its_format_as_data() -> None:
    """The expression is the same in every column, and the format comes back whole."""
    column = CHANGE.column()
    assert column["valueFormatter"] == {"function": WRITE_CELL}
    assert column["context"]["d3"] == "+,.1%"
    assert NumberFormat.of_column(column) == CHANGE
    assert NumberFormat.of_column({"field": "name"}) is None


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (None, "unknown"),
        (0, "$0.00"),
        (1234.5, "$1,234.50"),
        (1, "$1.00"),
        (0.123456, "$0.123"),
        (0.00004, "$4e-05"),
    ],
)
def test_dollars_have_cents_or_three_significant_digits(value: float | None, text: str) -> None:
    assert usd(value) == text
