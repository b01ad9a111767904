"""Queries of the cards: a value never becomes SQL, and every file reads as it should."""

import re
from datetime import UTC, date, datetime
from importlib.resources import files
from pathlib import Path

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.query import NAME, Query, inline, literal, query

FOLDER = Path(str(files("dashboards")))
OWNERS = [*(FOLDER / "pages").iterdir(), FOLDER / "components", FOLDER / "planner"]
QUERIES = {
    f"{owner.name}/{file.relative_to(owner / 'queries').with_suffix('').as_posix()}": file
    for owner in OWNERS
    for file in (owner / "queries").rglob("*.sql")
}


@given(
    st.text(),
    st.integers(-(2**62), 2**62),
    st.floats(allow_nan=False, allow_infinity=False),
    st.booleans(),
    st.none() | st.dates(),
)
def test_a_value_is_never_sql(
    text: str, number: int, real: float, truth: bool, day: date | None
) -> None:
    """Quotes, comments, `$names`: a filter's value leaves the query as it went in."""
    text = text.replace("\x00", "")
    values = {"text": text, "number": number, "real": real, "truth": truth, "day": day}
    made = Query("select $text, $number, $real, $truth, $day", values)
    with duckdb.connect() as con:
        assert con.sql(inline(made)).fetchall() == [(text, number, pytest.approx(real), truth, day)]


@pytest.mark.parametrize(
    ("value", "sql"),
    [
        (None, "null"),
        (True, "true"),
        (3, "3"),
        (0.5, "0.5::double"),
        ("it's", "'it''s'"),
        (["a", 1], "['a', 1]"),
        ((), "[]"),
        (date(2026, 6, 1), "date '2026-06-01'"),
        (datetime(2026, 6, 1, 9, tzinfo=UTC), "timestamptz '2026-06-01T09:00:00+00:00'"),
    ],
)
def test_values_as_a_person_reads_them(value: object, sql: str) -> None:
    assert literal(value) == sql


def test_a_value_without_a_form_is_an_error() -> None:
    with pytest.raises(TypeError, match="has no form in a query"):
        literal({"a": 1})


def test_a_name_without_a_value_is_an_error() -> None:
    with pytest.raises(KeyError):
        inline(Query("select $a", {}))


def test_a_verbatim_query_keeps_its_dollars() -> None:
    assert inline(Query("select '$5'", is_verbatim=True)) == "select '$5'"


def test_a_query_is_found_by_its_page_and_name() -> None:
    found = query("market/share", basis="top50")
    assert found.values == {"basis": "top50"}
    assert {"basis", "attribution", "dimension", "first", "last"} == set(NAME.findall(found.sql))


@pytest.mark.parametrize("name", sorted(QUERIES))
def test_a_query_opens_with_what_one_row_is(name: str) -> None:
    """The page shows the comment too."""
    first, *_ = QUERIES[name].read_text().splitlines()
    assert re.match(r"-- One row( per|:) ", first), first
