"""Charts of unknown columns: the first choice is sensible, and what is left out is counted."""

from datetime import date
from decimal import Decimal

import polars as pl
import pytest
from support.dashboard.components import traces_of

from dashboards.components.charts.explore import (
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


SIDES = pl.DataFrame(
    {
        "week_start": [date(2026, 3, 2), date(2026, 3, 9)] * 2,
        "basis": ["top50", "top50", "top9", "top9"],
        "chinese_share": [0.5, 0.6, 0.7, 0.8],
        "us_share": [0.4, 0.3, 0.2, 0.1],
        "unknown_share": pl.Series([None] * 4, dtype=pl.Float64),
        "days": [7, 7, 7, 7],
    }
)


def test_a_comparison_draws_both_sides_on_every_basis() -> None:
    """Columns of the same quantity; one that is wholly unknown is no side."""
    axes = suggest_axes(SIDES)
    assert axes == Axes("week_start", "chinese_share", "basis", beside=("us_share",))
    made = chart(SIDES, LIGHT, axes)
    assert {name: line.y for name, line in traces_of(made).items()} == {
        "top50: chinese share": (0.5, 0.6),
        "top50: us share": (0.4, 0.3),
        "top9: chinese share": (0.7, 0.8),
        "top9: us share": (0.2, 0.1),
    }
    assert made.layout.yaxis.title.text == "share"


def test_a_side_has_one_colour_and_a_basis_one_dash() -> None:
    theme = LIGHT.with_members((("CN", 3), ("US", 4)))
    lines = traces_of(chart(SIDES, theme, suggest_axes(SIDES)))
    assert {lines[f"{basis}: us share"].line.color for basis in ("top50", "top9")} == {
        theme.colour(4)
    }
    assert lines["top9: us share"].line.dash == lines["top9: chinese share"].line.dash
    assert lines["top9: us share"].line.dash != lines["top50: us share"].line.dash


def test_bounds_are_drawn_together() -> None:
    rows = pl.DataFrame({"basis": ["a", "b"], "gain_low": [1.1, 1.2], "gain_high": [1.5, 1.6]})
    assert suggest_axes(rows) == Axes("basis", "gain_low", "", "bar", ("gain_high",))
    assert len(chart(rows, LIGHT, suggest_axes(rows)).data) == 2


def test_a_place_is_no_figure_to_draw() -> None:
    rows = pl.DataFrame({"window": ["a", "b"], "place": [1, 2], "tokens": [9, 8]})
    assert suggest_axes(rows).y == "tokens"
