"""Tables of unknown columns: any name, any type, and whole numbers that stay exact."""

from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import polars as pl
import pytest

from dashboards.components.grid import fit_rows, flatten, grid


def values(column: pl.Series) -> list[Any]:
    """Return a column's values as the browser gets them."""
    made: Any = grid(pl.DataFrame([column]), "t")
    return [row["c0"] for row in made.rowData]


def test_whole_numbers_beyond_a_browsers_stay_exact() -> None:
    """2^53 + 1 is not a number of JavaScript's, so the column is text."""
    rows = pl.DataFrame({"a.b": [2**53 + 1], "c": [7], "d": [None]})
    made: Any = grid(rows, "t")
    assert made.rowData == [{"c0": "9007199254740993", "c1": 7, "c2": None}]
    assert [column["headerName"] for column in made.columnDefs] == ["a.b", "c", "d"]


@pytest.mark.parametrize(
    ("column", "shown"),
    [
        (pl.Series([Decimal("1.50")]), 1.5),
        (pl.Series([datetime(2026, 6, 1, 12, tzinfo=UTC)]), "2026-06-01 12:00:00 UTC"),
        (pl.Series([datetime(2026, 6, 1, 12, 0, 0, 250_000)]), "2026-06-01 12:00:00.250"),
        (pl.Series([date(2026, 6, 1)]), "2026-06-01"),
        (pl.Series([b"\x00\xff"]), "00ff"),
        (pl.Series([["a", None]]), "['a', None]"),
        (pl.Series([timedelta(seconds=90)]), "0:01:30"),
        (pl.Series([time(12, 30)]), "12:30:00"),
        (pl.Series([True]), True),
    ],
)
def test_values_of_every_type_have_a_form(column: pl.Series, shown: object) -> None:
    assert values(column) == [shown]


def test_numbers_stand_to_the_right_and_filter_as_numbers() -> None:
    made: Any = grid(pl.DataFrame({"n": [1], "name": ["x"]}), "t")
    number, name = made.columnDefs
    assert (number["type"], number["filter"]) == ("rightAligned", "agNumberColumnFilter")
    assert "type" not in name


def test_a_wide_result_shows_fewer_rows() -> None:
    """A browser takes a number of cells, not of rows."""
    wide = pl.DataFrame({f"c{number}": range(5_000) for number in range(100)})
    assert fit_rows(wide, 10_000).height == 4_000
    assert fit_rows(wide.select("c0"), 10).height == 10


def test_nested_values_are_json_in_a_csv() -> None:
    rows = pl.DataFrame({"a": [["ä", None], None], "b": [1, 2]})
    assert flatten(rows).to_dict(as_series=False) == {"a": ['["ä", null]', None], "b": [1, 2]}
