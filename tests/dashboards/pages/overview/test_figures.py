"""Charts of the overview: a week that is not whole has a cross, a gap of scrapes breaks a line."""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.overview.figures import leaders, minutes, platform

LIGHT = Theme()
WEEKS = [date(2026, 6, 1), date(2026, 6, 8)]
PLATFORM = pl.DataFrame({"week_start": WEEKS, "tokens": [10**13, None], "known_days": [7, 3]})
LEADERS = pl.DataFrame(
    {
        "member": ["deepseek", "openai"],
        "share": [0.25, 0.12],
        "share_low": [0.25, 0.12],
        "share_high": [0.33, 0.2],
        "share_before": [0.24, None],
        "dimension": ["author"] * 2,
        "basis": ["platform"] * 2,
        "attribution": ["releasing_lab"] * 2,
    }
)
NOON = datetime(2026, 6, 18, 12, tzinfo=UTC)
MINUTES = pl.DataFrame(
    {
        "instant": [NOON, NOON + timedelta(minutes=10), NOON + timedelta(minutes=40)],
        "service": ["tier-00"] * 3,
        "tokens_per_minute": [100.0, None, 300.0],
    }
)


def test_a_week_that_is_not_known_whole_is_a_cross_and_no_bar() -> None:
    traces = traces_of(platform(PLATFORM, LIGHT))
    assert traces["tokens"].y == (10**13, None)
    cross = traces["not known whole"]
    assert (cross.x, cross.y, cross.text) == ((WEEKS[1],), (0,), ("3",))


def test_tokens_stand_on_an_axis_from_zero() -> None:
    made = platform(PLATFORM, LIGHT)
    assert unit_of(made) == "tokens a week"
    assert made.layout.yaxis.rangemode == "tozero"


def test_leaders_have_bounds_and_their_share_of_before() -> None:
    made = leaders(LEADERS, LIGHT)
    now, before = made.data
    assert now.x == (0.25, 0.12)
    assert now.error_x.array == pytest.approx((0.08, 0.08))
    assert now.text[0] == "25.0% (at least 25.0%, at most 33.0%)"
    assert before.x == (0.24, None)
    assert unit_of(made, "xaxis") == ",.6~p"


def test_a_leader_leads_to_its_share() -> None:
    [link, _] = leaders(LEADERS, LIGHT).data[0].customdata
    assert link.startswith("/market?dimension=author&one=author%3Adeepseek&basis=platform")


def test_the_largest_author_stands_at_the_top() -> None:
    made = leaders(LEADERS, LIGHT)
    assert made.data[0].y == ("deepseek", "openai")
    assert made.layout.yaxis.autorange == "reversed"


def test_a_gap_of_scrapes_breaks_the_line() -> None:
    """A null row does, and so does a missing one."""
    [line] = minutes(MINUTES, LIGHT).data
    assert line.y == (100.0, None, None, 300.0)
    assert line.connectgaps is False


def test_targets_have_a_line_each_and_the_rest_is_grey() -> None:
    other = MINUTES.with_columns(service=pl.lit("all others"))
    made = minutes(pl.concat([MINUTES, other]), LIGHT)
    lines = traces_of(made)
    assert list(lines) == ["tier-00", "all others"]
    assert lines["all others"].line.dash == "dot"
    # Their names stand at their ends.
    assert [each.text for each in made.layout.annotations] == ["tier-00", "all others"]
    assert unit_of(made) == "tokens a minute"


@pytest.mark.parametrize(
    ("draw", "rows", "traces"),
    [(platform, PLATFORM, 2), (leaders, LEADERS, 2), (minutes, MINUTES, 0)],
)
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame, traces: int) -> None:
    made = draw(rows.clear(), LIGHT)
    assert len(made.data) == traces
    assert not any(trace.x for trace in made.data)
