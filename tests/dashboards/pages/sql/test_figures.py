"""The chart of a result: what it shows and leaves out, in words."""

from datetime import date

import polars as pl
import pytest
from support.dashboard.components import find_all, text_of

from dashboards.components.charts.explore import Axes
from dashboards.components.theme import Theme
from dashboards.pages.sql.figures import MAX_SHOWN_ROWS, describe_chart, result_chart

WEEKS = pl.DataFrame(
    {
        "week": [date(2026, 6, 1)] * 2 + [date(2026, 6, 8)] * 2,
        "member": ["a", "b"] * 2,
        "share": [0.1, 0.2, 0.3, 0.4],
    }
)


def test_a_chart_says_what_is_drawn_against_what() -> None:
    axes = Axes("week", "share", "member")
    assert describe_chart(WEEKS, axes) == "share by week, each member by itself."


def test_lines_that_jump_say_why() -> None:
    text = describe_chart(WEEKS, Axes("week", "share"))
    assert "several rows share one week, so lines jump" in text


def test_series_without_room_are_counted() -> None:
    rows = pl.DataFrame({"x": [1] * 15, "y": range(15), "name": [f"s{n}" for n in range(15)]})
    text = describe_chart(rows, Axes("x", "y", "name", "point"))
    assert "5 smaller ones of name are not drawn" in text


def test_a_result_that_is_cut_says_so() -> None:
    rows = pl.DataFrame({"x": range(MAX_SHOWN_ROWS), "y": range(MAX_SHOWN_ROWS)})
    assert "of the first 10,000 rows only" in describe_chart(rows, Axes("x", "y", "", "point"))


def test_the_chart_has_a_name_for_screen_readers() -> None:
    made = result_chart(WEEKS, Theme(), Axes("week", "share", "member"))
    [graph] = find_all(made, "Graph")
    assert graph.id == {"type": "graph", "key": "sql"}
    labels = [getattr(each, "aria-label", "") for each in find_all(made, "Div")]
    assert "Chart: share by week, each member by itself." in labels


@pytest.mark.parametrize("axes", [Axes(), Axes("week")])
def test_without_a_column_of_numbers_it_says_what_to_do(axes: Axes) -> None:
    made = result_chart(WEEKS, Theme(), axes)
    assert "Choose a column of numbers for y." in text_of(made)
    assert find_all(made, "Graph") == []
