"""Results in a terminal: tables where they fit, records where they do not."""

import io
from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st
from rich.console import Console

from pipelines.cli.shell.result_view import ResultLayout, readable, show_result
from pipelines.publish.query import QueryResult

WIDE_ROW = ("abc", "y" * 50, 3)
COLUMNS = ["first", "second", "third"]


def shown(
    rows: Sequence[tuple[object, ...]],
    columns: Sequence[str],
    layout: ResultLayout = ResultLayout.auto,
    width: int = 60,
) -> str:
    out = io.StringIO()
    console = Console(file=out, width=width, emoji=False)
    show_result(QueryResult(list(columns), iter(rows)), console, layout)
    return out.getvalue()


def test_a_result_that_fits_is_a_table() -> None:
    """Counts are grouped and to the right."""
    assert "│ 1,234,567 │ x     │" in shown([(1234567, "x")], ["tokens", "model"])


def test_a_wide_result_is_records_with_every_column() -> None:
    """Nothing is hidden: each column has a line, and a long value is folded."""
    text = shown([WIDE_ROW, WIDE_ROW], COLUMNS)
    assert text.startswith("row 1 ──")
    assert "row 2 ──" in text
    assert " first  abc" in text
    assert text.count("y") == 100
    assert max(map(len, text.splitlines())) <= 60


def test_wide_is_a_table_however_wide() -> None:
    """No line is broken, for a pager that scrolls to the side."""
    text = shown([WIDE_ROW], COLUMNS, ResultLayout.wide, 30)
    assert f"│ abc   │ {'y' * 50} │     3 │" in text


def test_vertical_is_records_even_where_a_table_fits() -> None:
    assert "row 1 ──" in shown([(1,)], ["a"], ResultLayout.vertical)


@pytest.mark.parametrize(
    ("layout", "columns", "count"),
    [("auto", 1, 100), ("auto", 30, 20), ("vertical", 1, 100), ("wide", 30, 100)],
)
def test_the_first_rows_are_shown(layout: str, columns: int, count: int) -> None:
    """And how to get the others; fewer of them as records, unless these are asked for."""
    names = [f"column_{number}" for number in range(columns)]
    more = f"The first {count} rows; --csv, --json and"
    kind = ResultLayout(layout)
    assert more in shown([("x",) * columns] * (count + 1), names, kind)
    assert "The first" not in shown([("x",) * columns] * count, names, kind)


def test_no_row_still_has_its_columns() -> None:
    assert "is_missing" in shown([], ["is_missing"])
    assert shown([], COLUMNS * 9).replace("\n", " ").startswith("No rows. Columns: first, second,")


@pytest.mark.parametrize("value", ["[/x]", "[red]x", "[key]", "[bold]", ":smile:", "\\[a]", "[/]"])
@pytest.mark.parametrize("layout", list(ResultLayout))
def test_brackets_are_shown_as_they_are(value: str, layout: ResultLayout) -> None:
    """Values and names that look like markup are printed as they are."""
    assert shown([(value, [value])], ["a", value], layout).count(value) >= 3


def test_a_value_does_not_steer_the_terminal() -> None:
    """An escape sequence in a name of a model is shown, not obeyed."""
    assert readable("a\x1b]0;title\x07b") == "a\\x1b]0;title\\x07b"
    assert "\x1b" not in shown([("\x1b[2J",)], ["\x1b[31mred"])


@given(st.lists(st.text(), min_size=1, max_size=5), st.sampled_from(list(ResultLayout)))
def test_any_text_can_be_shown(texts: list[str], layout: ResultLayout) -> None:
    """With all its characters; no control character but line breaks gets through."""
    text = shown([tuple(texts)], [f"c{number}" for number in range(len(texts))], layout)
    assert not set(text) & {chr(code) for code in (*range(10), *range(11, 32), *range(127, 160))}
