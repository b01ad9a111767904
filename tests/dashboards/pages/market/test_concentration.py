"""Charts of who leads: measures with bounds, leaders, the cut, tokens beside spend."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.market.concentration import (
    concentration,
    leaders,
    shares_by_top_n,
    tokens_and_spend,
)

LIGHT = Theme()
WEEKS = [date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15)]
BY_WEEK = pl.DataFrame(
    {
        "week_start": WEEKS,
        "hhi": [0.2, None, 0.3],
        "hhi_high": [0.25, None, 0.35],
        "cr4": [0.6, None, 0.7],
        "cr4_high": [0.65, None, 0.8],
        "leader": ["deepseek", None, "openai"],
        "leader_share": [0.4, None, 0.41],
        "is_lead_certain": [True, None, False],
    }
)
BY_CUT = pl.DataFrame(
    {
        "top_n": [5, 5, 50, 50],
        "member": ["a", "b", "a", "b"],
        "tokens": [60, 40, 60, 90],
        "share": [0.6, 0.4, 0.3, 0.45],
    }
)
SPEND = pl.DataFrame(
    {
        "member": ["unknown", "a", "b"],
        "share": [0.1, 0.5, 0.4],
        "spend_share": [None, 0.2, 0.7],
        "spend_share_low": [None, 0.1, 0.6],
        "spend_share_high": [None, 0.4, 0.75],
    }
)


def test_each_measure_has_a_line_and_a_band_up_to_its_most() -> None:
    made = concentration(BY_WEEK, LIGHT)
    lines = traces_of(made)
    assert lines["CR4: the four largest"].y == (0.6, None, 0.7)
    assert lines["HHI: sum of squares"].customdata == (0.25, None, 0.35)
    bands = [trace.y for trace in made.data if trace.name == "CR4: the four largest, bounds"]
    assert bands == [(0.65, 0.6), (0.8, 0.7)]


def test_measures_lie_between_zero_and_one() -> None:
    assert concentration(BY_WEEK, LIGHT).layout.yaxis.range == (0, 1)


def test_a_lead_that_the_unknown_could_overturn_is_open() -> None:
    signs = traces_of(leaders(BY_WEEK, LIGHT))
    assert list(signs) == ["openai", "deepseek"]
    assert signs["deepseek"].marker.symbol == ("square",)
    assert signs["openai"].marker.symbol == ("circle-open",)
    assert signs["openai"].text == ("the unknown could overturn it",)


def test_a_week_that_is_not_known_has_no_leader() -> None:
    assert sum(len(trace.x) for trace in leaders(BY_WEEK, LIGHT).data) == 2
    assert unit_of(leaders(BY_WEEK, LIGHT)) == ",.6~p"


def test_the_leader_may_depend_on_the_cut() -> None:
    made = shares_by_top_n(BY_CUT, LIGHT)
    lines = traces_of(made)
    assert list(lines) == ["b", "a"]
    assert lines["a"].y == (0.6, 0.3)
    assert made.layout.xaxis.categoryarray == ("5", "50")
    assert unit_of(made, "xaxis") == "models counted"


def test_a_member_that_misses_the_largest_cut_is_drawn_after_the_others() -> None:
    rows = BY_CUT.filter(~((pl.col("member") == "b") & (pl.col("top_n") == 50)))
    assert list(traces_of(shares_by_top_n(rows, LIGHT))) == ["a", "b"]


def test_spend_stands_beside_tokens_with_its_bounds() -> None:
    made = tokens_and_spend(SPEND, LIGHT)
    tokens, spend = made.data
    assert tokens.y == ("a", "b", "unknown")
    assert spend.x == (0.2, 0.7, None)
    assert spend.error_x.array == pytest.approx((0.2, 0.05, None))
    assert spend.error_x.arrayminus == pytest.approx((0.1, 0.1, None))
    assert tokens.marker.symbol != spend.marker.symbol
    assert unit_of(made, "xaxis") == ",.6~p"


@pytest.mark.parametrize(
    ("draw", "rows", "traces"),
    [
        (concentration, BY_WEEK, 2),
        (leaders, BY_WEEK, 0),
        (shares_by_top_n, BY_CUT, 0),
        (tokens_and_spend, SPEND, 2),
    ],
)
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame, traces: int) -> None:
    assert len(draw(rows.clear(), LIGHT).data) == traces
