"""Charts of unknown columns: the first choice is sensible, and what is left out is counted."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from support.dashboard.components import traces_of

from dashboards.components.explore import (
    MAX_SERIES,
    Axes,
    chart,
    count_left_out,
    is_ambiguous,
    suggest_axes,
)
from dashboards.components.theme import Theme

LIGHT = Theme()
WEEKS = pl.DataFrame(
    {
        "member": ["a", "b", "a", "b"],
        "week": [date(2026, 6, 1)] * 2 + [date(2026, 6, 8)] * 2,
        "share": [0.25, None, 0.5, 0.75],
    }
)


@pytest.mark.parametrize(
    ("rows", "axes"),
    [
        (WEEKS, Axes("week", "share", "member")),
        (WEEKS.filter(pl.col("member") == "a"), Axes("week", "share")),
        (WEEKS.select("member"), Axes()),
        (WEEKS.select("member", "share"), Axes("member", "share", "", "bar")),
        (pl.DataFrame({"x": [1, 2], "y": [3, 4]}), Axes("x", "y", "", "point")),
        (pl.DataFrame({"x": [1, 2]}), Axes("x", "x", "", "point")),
    ],
)
def test_the_first_choice_of_columns(rows: pl.DataFrame, axes: Axes) -> None:
    """Time across, numbers up, names apart; without numbers nothing."""
    assert suggest_axes(rows) == axes


def test_each_series_is_a_line_and_a_null_a_gap() -> None:
    made = chart(WEEKS, LIGHT, Axes("week", "share", "member"))
    assert {name: line.y for name, line in traces_of(made).items()} == {
        "a": (0.25, 0.5),
        "b": (None, 0.75),
    }
    assert not any(line.connectgaps for line in made.data)
    assert (made.layout.xaxis.title.text, made.layout.yaxis.title.text) == ("week", "share")


@pytest.mark.parametrize(("kind", "trace"), [("bar", "bar"), ("point", "scatter")])
def test_other_kinds_of_chart(kind: str, trace: str) -> None:
    made = chart(WEEKS, LIGHT, Axes("week", "share", "member", kind))  # type: ignore[arg-type]
    assert {each.type for each in made.data} == {trace}


def test_lines_go_forward_in_time_whatever_the_order_of_rows() -> None:
    [line] = chart(WEEKS.reverse(), LIGHT, Axes("week", "share", "member")).data[:1]
    assert list(line.x) == sorted(line.x)


def test_of_many_series_the_largest_are_drawn() -> None:
    rows = pl.DataFrame({"name": [f"s{n:02}" for n in range(15)], "x": [1] * 15, "y": range(15)})
    axes = Axes("x", "y", "name", "point")
    made = chart(rows, LIGHT, axes)
    assert len(made.data) == MAX_SERIES
    assert made.data[0].name == "s14"
    assert count_left_out(rows, axes) == 5
    assert count_left_out(rows, Axes("x", "y")) == 0


def test_a_line_with_several_values_at_one_place_is_ambiguous() -> None:
    assert is_ambiguous(WEEKS, Axes("week", "share"))
    assert not is_ambiguous(WEEKS, Axes("week", "share", "member"))
    assert not is_ambiguous(WEEKS, Axes("week", "share", "", "bar"))


@pytest.mark.parametrize("axes", [Axes(), Axes("week", "gone"), Axes("gone", "share")])
def test_columns_that_are_not_there_draw_nothing(axes: Axes) -> None:
    assert not chart(WEEKS, LIGHT, axes).data


def test_decimals_are_numbers_and_nested_values_text() -> None:
    rows = pl.DataFrame({"x": [["a"]], "y": [Decimal("1.5")]})
    [points] = chart(rows, LIGHT, Axes("x", "y", "", "point")).data
    assert points.y == (1.5,)
    assert isinstance(points.x[0], str)


def test_an_empty_frame_draws() -> None:
    assert chart(WEEKS.clear(), LIGHT, Axes("week", "share", "member")).data == ()
