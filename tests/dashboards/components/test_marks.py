"""Marks that distinguish members, bands between bounds, and labels that leave each other room."""

from datetime import date

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dashboards.chart import Chart
from dashboards.components.marks import (
    WEEK_HOVER,
    add_band,
    find_runs,
    labels_with_room,
    marks,
    member_link,
    members_by_size,
    numbered_mark,
    week_axis,
    whiskers,
)
from dashboards.components.theme import Theme

LIGHT = Theme()


def test_no_two_of_forty_members_share_colour_and_pattern() -> None:
    signs = [numbered_mark(number, LIGHT) for number in range(40)]
    assert len({(mark.colour, mark.pattern) for mark in signs}) == 40


def test_of_members_that_share_a_colour_every_other_sign_differs() -> None:
    """Lines, signs and bars alike."""
    for first in range(20):
        one, other = numbered_mark(first, LIGHT), numbered_mark(first + 10, LIGHT)
        assert one.colour == other.colour
        assert one.dash != other.dash
        assert one.symbol != other.symbol
        assert one.pattern != other.pattern


def test_a_member_of_the_market_has_one_mark_on_every_chart() -> None:
    """Its neighbours and their order do not matter; a name without a number takes a free one."""
    theme = LIGHT.with_members((("deepseek", 0), ("openai", 1), ("qwen", 7)))
    alone = marks(["qwen"], theme)["qwen"]
    among = marks(["openai", "new", "qwen", "unknown"], theme)
    assert alone == among["qwen"] == numbered_mark(7, theme)
    assert among["openai"] == numbered_mark(1, theme)
    assert among["new"] == numbered_mark(0, theme)


def test_members_keep_their_order_and_the_rest_is_grey_at_the_end() -> None:
    made = marks(["unknown", "b", "all others", "a"], LIGHT)
    assert list(made) == ["b", "a", "all others", "unknown"]
    assert made["b"] == numbered_mark(0, LIGHT)
    assert {made["all others"].dash, made["unknown"].dash} == {"dot"}


def test_the_largest_of_the_newest_week_comes_first() -> None:
    """A member that is gone comes after all that are there, by its tokens of all weeks."""
    rows = pl.DataFrame(
        {
            "week_start": [date(2026, 6, 1), date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 8)],
            "member": ["gone", "small", "small", "large"],
            "tokens": [1000, 1, 2, 3],
        }
    )
    assert members_by_size(rows) == ["large", "small", "gone"]


@pytest.mark.parametrize(
    ("member", "dimension", "link"),
    [
        ("all others", "author", ""),
        ("z-ai/glm", "family", "/model?family=z-ai%2Fglm"),
        ("unknown", "family", "/market?dimension=family&basis=top50"),
        ("CN", "country", "/market?dimension=country&one=country%3ACN&basis=top50"),
    ],
)
def test_a_click_leads_to_the_member(member: str, dimension: str, link: str) -> None:
    choices = {} if member == "z-ai/glm" else {"basis": "top50"}
    assert member_link(member, dimension, **choices) == link


@given(st.lists(st.booleans()))
def test_runs_cover_exactly_what_is_there(present: list[bool]) -> None:
    covered = {index for run in find_runs(present) for index in range(run.start, run.stop)}
    assert covered == {index for index, is_there in enumerate(present) if is_there}


def test_a_band_has_one_piece_for_each_stretch() -> None:
    """A single area over a gap would fill the gap."""
    made = Chart()
    low, high = pl.Series([1.0, None, 3.0, 4.0]), pl.Series([2.0, None, 5.0, 6.0])
    add_band(made, pl.Series([1, 2, 3, 4]), low, high, "#eee", "a, bounds", is_in_legend=True)
    first, second = made.data
    assert (first.x, first.y) == ((1, 1), (2.0, 1.0))
    assert (second.x, second.y) == ((3, 4, 4, 3), (5.0, 6.0, 4.0, 3.0))
    assert [trace.showlegend for trace in made.data] == [True, False]


def test_whiskers_reach_from_bound_to_bound() -> None:
    """A bound on the wrong side of its value, by rounding, has no length; unknown stays unknown."""
    made = whiskers(
        pl.Series([0.5, 0.2, None]),
        pl.Series([0.4, 0.2000001, None]),
        pl.Series([0.7, 0.3, None]),
        "#000",
    )
    assert made["array"] == pytest.approx([0.2, 0.1, None])
    assert made["arrayminus"] == pytest.approx([0.1, 0.0, None])


def test_a_label_over_an_earlier_one_is_left_out() -> None:
    points = [(0.0, 0.0), (0.1, 0.1), (0.1, 5.0), (3.0, 0.1)]
    assert labels_with_room(points, room=(1.0, 1.0)) == [0, 2, 3]


def weeks(count: int) -> pl.DataFrame:
    first = date(2026, 1, 5)
    starts = pl.date_range(
        first, first + (count - 1) * (date(2026, 1, 12) - first), "1w", eager=True
    )
    return pl.DataFrame({"week_start": starts})


def test_ticks_stand_on_mondays_while_there_is_room() -> None:
    few, many = week_axis(weeks(9)), week_axis(weeks(60))
    assert [day.weekday() for day in few["tickvals"]] == [0] * len(few["tickvals"])
    assert len(few["tickvals"]) <= 5
    assert many == {"tickformat": "%b<br>%Y", "tickangle": 0, "hoverformat": WEEK_HOVER}


def test_no_weeks_have_no_axis() -> None:
    assert week_axis(weeks(3).clear()) == {}
