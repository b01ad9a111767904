"""Decoding, single values and typed columns; an invalid value raises or becomes null."""

import json
from datetime import UTC, date, datetime

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.source_payloads import archived_answer

from pipelines.errors import BadAnswer
from pipelines.sources.parsing import (
    a_count,
    a_day,
    an_instant,
    as_json,
    count,
    decode_json,
    inner,
    need,
    number,
    quoted,
    rows_of,
    text,
    unknown_keys,
)


@pytest.mark.parametrize("row", [1, None, "x", []], ids=repr)
def test_a_row_that_is_not_an_object_becomes_empty(row: object) -> None:
    """Loading quarantines the empty row and loads the others."""
    assert rows_of({"data": [{"a": 1}, row]}, "data") == [{"a": 1}, {}]


@pytest.mark.parametrize(
    "value",
    ["2026-02-30", "2026-2-3", "20260203", "2026-02-03T00:00:00Z", 20260203, None, "", "yesterday"],
)
def test_a_day_has_one_form(value: object) -> None:
    """YYYY-MM-DD as text; anything else is refused."""
    with pytest.raises(BadAnswer, match="d is"):
        a_day(value, "d")


@pytest.mark.parametrize("value", ["2026-05-12T02:00:00", "soon", None, 1700000000000])
def test_an_instant_needs_its_zone(value: object) -> None:
    """A local time is refused."""
    with pytest.raises(BadAnswer, match="i is"):
        an_instant(value, "i")


@pytest.mark.parametrize("value", [-1, 1.5, "", "x", True, None, "\u00b2", "1e3"])
def test_a_count_is_a_whole_number(value: object) -> None:
    """Only decimal digits are accepted, as a number or as text."""
    with pytest.raises(BadAnswer, match="which is no count"):
        a_count(value, "n")


def test_valid_values_are_read() -> None:
    """Counts as numbers or text, days and instants as text."""
    assert (a_count("12", "n"), a_count(12, "n"), a_count(0, "n")) == (12, 12, 0)
    assert a_day("2026-02-03", "d") == date(2026, 2, 3)
    assert an_instant("2026-05-12T02:00:00.000Z", "i") == datetime(2026, 5, 12, 2, tzinfo=UTC)


VALUES = [1, "2", 2.5, "2.5", -1, "-1", True, None, [1], {"a": 1}, "x", "", 10**30]
ROWS = [{"k": value} for value in VALUES]


def test_each_column_keeps_what_fits_its_type() -> None:
    """Anything else becomes null, so that loading can quarantine the row."""
    assert text(ROWS, "k").to_list() == [
        "1",
        "2",
        None,
        "2.5",
        "-1",
        "-1",
        None,
        None,
        None,
        None,
        "x",
        "",
        str(10**30),
    ]
    assert count(ROWS, "k").to_list() == [1, 2, *[None] * 11]
    assert number([{"k": "0.5"}, {"k": "NaN"}, {"k": "inf"}, {}], "k").to_list() == [
        0.5,
        None,
        None,
        None,
    ]


@given(values=st.lists(st.integers(-(2**70), 2**70) | st.text(max_size=8)))
def test_a_column_of_counts_is_whole_and_not_negative(values: list[object]) -> None:
    """A value of 64 bits is kept exactly; a larger or negative one becomes null."""
    found = count([{"k": value} for value in values], "k").to_list()
    for value, read in zip(values, found, strict=True):
        if isinstance(value, int):
            assert read == (value if 0 <= value < 2**63 else None)
        assert read is None or read == int(str(value))


def test_nested_values_are_kept_as_json() -> None:
    """With sorted keys, so that equal values are equal text; a missing one is null."""
    rows = [{"k": {"b": 1, "a": [2]}}, {"k": None}, {}]
    assert as_json(rows, "k").to_list() == ['{"a": [2], "b": 1}', None, None]
    assert inner(rows, "k") == [{"b": 1, "a": [2]}, {}, {}]


def test_fractions_are_decoded_as_text() -> None:
    """A float would round a count of seventeen digits."""
    body = b'{"a": 90071992547409931.5, "b": 12}'
    assert decode_json(archived_answer(), body) == {"a": "90071992547409931.5", "b": 12}


@pytest.mark.parametrize("body", [b"[]", b"1", b"", b"<html>", b"\xff", b"[" * 100_000])
def test_only_an_object_is_decoded(body: bytes) -> None:
    """Anything else is a bad answer, whatever the parser makes of it."""
    with pytest.raises(BadAnswer):
        decode_json(archived_answer(), body)


@given(
    value=st.dictionaries(
        st.text(max_size=5), st.integers() | st.text(max_size=5) | st.none() | st.booleans()
    )
)
def test_decoding_gives_back_what_was_encoded(value: dict[str, object]) -> None:
    """Whole numbers of any size included."""
    assert decode_json(archived_answer(), json.dumps(value).encode()) == value


def test_a_missing_field_is_named_by_its_path() -> None:
    """There is no default."""
    assert need({"meta": {"as_of": None}}, "meta", "as_of") is None
    with pytest.raises(BadAnswer, match=r"no meta\.as_of"):
        need({"meta": {}}, "meta", "as_of")
    with pytest.raises(BadAnswer, match="no meta"):
        need({"meta": 1}, "meta", "as_of")


def test_a_quote_hides_the_account() -> None:
    """It is short and on one line."""
    body = b'{"user_id": "user_2abc",\n\t"x": "' + b"y" * 500
    assert quoted(body, 40) == '{"user_id": "[id]", "x": "yyyyyyyyyyyyyy'


def test_unknown_keys_are_noted_once() -> None:
    """In order, whichever row has them."""
    rows = [{"a": 1, "z": 1}, {"z": 2, "b": 1}]
    assert unknown_keys("x data", rows, frozenset({"a"})) == [
        "unknown key 'b' in x data",
        "unknown key 'z' in x data",
    ]


def test_an_empty_answer_has_typed_columns() -> None:
    """Loading can insert a frame without rows."""
    dtypes = (text([], "k").dtype, count([], "k").dtype, number([], "k").dtype)
    assert dtypes == (pl.String, pl.Int64, pl.Float64)
