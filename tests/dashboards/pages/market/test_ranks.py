"""Ranks by week: a line that ends has left the ten, and names stand where lines end."""

from datetime import date

import polars as pl
import pytest
from support.dashboard.components import traces_of

from dashboards.components.theme import Theme
from dashboards.pages.market.ranks import rank_flow

LIGHT = Theme()
WEEKS = [date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15)]


def ranks(**members: list[int | None]) -> pl.DataFrame:
    """Return ranks of members over three weeks."""
    return pl.DataFrame(
        [
            {"week_start": week, "member": member, "rank": rank, "dimension": "author"}
            for member, own in members.items()
            for week, rank in zip(WEEKS, own, strict=True)
        ],
        schema_overrides={"rank": pl.Int64},
    )


ROWS = ranks(first=[1, 1, 2], second=[2, 2, 1], gone=[3, None, None])


def test_a_line_is_a_member_by_week() -> None:
    lines = traces_of(rank_flow(ROWS, LIGHT))
    assert lines["first"].y == (1, 1, 2)
    assert lines["gone"].y == (3, None, None)
    assert not any(line.connectgaps for line in lines.values())


def test_the_first_of_the_newest_week_has_the_first_colour() -> None:
    assert list(traces_of(rank_flow(ROWS, LIGHT))) == ["second", "first", "gone"]


def test_a_name_stands_at_the_newest_week_only() -> None:
    lines = traces_of(rank_flow(ROWS, LIGHT))
    assert [text.strip() for text in lines["second"].text] == ["", "", "second"]
    assert set(lines["gone"].text) == {""}


def test_long_names_are_cut_and_their_lab_is_left_out() -> None:
    rows = ranks(**{"lab/a-model-with-a-very-long-name": [1, 1, 1]})
    [line] = rank_flow(rows, LIGHT).data
    assert line.text[-1].strip() == "a-model-with-a-very-l…"
    assert line.name == "lab/a-model-with-a-very-long-name"


def test_there_is_room_for_the_names() -> None:
    short, long = (rank_flow(ranks(**{name: [1, 1, 1]}), LIGHT) for name in ("ab", "a" * 20))
    assert short.layout.margin.r < long.layout.margin.r


def test_the_axis_counts_ranks_from_the_top() -> None:
    axis = rank_flow(ROWS, LIGHT).layout.yaxis
    assert axis.tickvals == tuple(range(1, 11))
    assert axis.range == (10.5, 0.5)


@pytest.mark.parametrize("rows", [ROWS.clear(), ranks(one=[None, None, None])])
def test_frames_without_a_rank_draw(rows: pl.DataFrame) -> None:
    assert len(rank_flow(rows, LIGHT).data) == rows["member"].n_unique()


def test_one_week_draws_without_a_range() -> None:
    rows = ROWS.filter(pl.col("week_start") == WEEKS[0])
    assert [line.y for line in rank_flow(rows, LIGHT).data] == [(1,), (2,), (3,)]
