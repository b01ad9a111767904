"""Names at the ends of lines: none lies over another, and a legend where they cannot be read."""

from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.components.charts.line_ends import label_line_ends, spread
from dashboards.components.theme import Theme, figure

LIGHT = Theme()
HEIGHTS = st.lists(st.floats(0, 200), max_size=6)


def lines(*ends: list[float | None], axis: Any = None) -> Any:
    made = figure(LIGHT, yaxis=axis or {})
    for number, values in enumerate(ends):
        x = list(range(len(values)))
        made.add_scatter(x=x, y=values, name=f"line {number}", mode="lines")
    return label_line_ends(made, LIGHT)


def test_each_line_has_its_name_at_its_end_and_no_legend() -> None:
    made = lines([1, 2, 3], [3, 2, 1])
    labels = {each.text: (each.x, each.y) for each in made.layout.annotations}
    assert labels == {"line 0": (2, 3), "line 1": (2, 1)}
    assert made.layout.showlegend is False


def test_names_of_lines_that_meet_are_moved_apart() -> None:
    made = lines([1, 2.0], [1, 2.01])
    low, high = (each.yshift for each in made.layout.annotations)
    assert low < 0 < high


def test_a_log_axis_places_names_by_powers() -> None:
    """Plotly takes the position on it as a power of ten."""
    made = lines([1, 1000], [1, 10], axis={"type": "log"})
    assert [each.y for each in made.layout.annotations] == [3, 1]


def test_a_category_is_named_by_its_number() -> None:
    """Plotly would take the category "50" for the fiftieth place."""
    made = figure(LIGHT, xaxis={"type": "category", "categoryarray": ["1", "50"]})
    made.add_scatter(x=["1", "50"], y=[2, 1], name="a", mode="lines")
    assert [each.x for each in label_line_ends(made, LIGHT).layout.annotations] == [1]


@pytest.mark.parametrize(
    "ends",
    [
        [],
        [[None, None]],
        # One ends earlier: its name would stand amid the others.
        [[1, 2], [1, None]],
        [[1, 2]] * 7,
    ],
)
def test_lines_that_cannot_be_named_so_keep_their_legend(ends: list[list[float | None]]) -> None:
    made = lines(*ends)
    assert made.layout.showlegend is None
    assert len(made.layout.annotations) == 0


def test_a_band_is_no_line() -> None:
    made = figure(LIGHT)
    made.add_scatter(x=[1, 2, 2, 1], y=[1, 1, 2, 2], fill="toself", mode="lines", name="bounds")
    made.add_scatter(x=[1, 2], y=[1, 1], mode="lines", name="a name that is far too long to stand")
    [label] = label_line_ends(made, LIGHT).layout.annotations
    assert label.text == "a name that is far …"


@given(HEIGHTS)
def test_heights_are_a_gap_apart_in_their_order(heights: list[float]) -> None:
    placed = spread(heights, 16)
    order = sorted(range(len(heights)), key=lambda number: heights[number])
    assert all(placed[b] - placed[a] >= 16 - 1e-6 for a, b in pairwise(order))


@given(st.lists(st.integers(0, 10), unique=True, max_size=6))
def test_heights_far_enough_apart_stay(steps: list[int]) -> None:
    heights = [20.0 * step for step in steps]
    assert spread(heights, 16) == pytest.approx(heights)
