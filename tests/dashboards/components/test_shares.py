"""Shares with bounds: a line and its band, gaps that stay gaps, links to the member."""

from datetime import date

import polars as pl
from support.dashboard.components import traces_of, unit_of

from dashboards.components.shares import (
    bounded_shares,
    describe_points,
    describe_share,
    point_links,
)
from dashboards.components.theme import Theme
from dashboards.names import Names

LIGHT = Theme()
SHARES = pl.DataFrame(
    {
        "week_start": [date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 15)],
        "member": ["CN"] * 3,
        "tokens": [50, None, 60],
        "share": [0.5, None, 0.6],
        "share_low": [0.5, None, 0.6],
        "share_high": [0.7, None, 0.65],
        "rank": [1, None, 1],
        "dimension": ["country"] * 3,
    }
)


def test_a_share_is_a_line_that_breaks_where_a_week_is_not_known() -> None:
    line = traces_of(bounded_shares(SHARES, LIGHT))["China"]
    assert line.y == (0.5, None, 0.6)
    assert line.connectgaps is False


def test_its_bounds_are_a_band_for_each_stretch() -> None:
    bands = [trace for trace in bounded_shares(SHARES, LIGHT).data if trace.fill == "toself"]
    assert [band.y for band in bands] == [(0.7, 0.5), (0.65, 0.6)]
    assert {band.name for band in bands} == {"China, bounds"}
    assert not any(band.showlegend for band in bands)


def test_the_axis_is_in_percent_from_zero() -> None:
    made = bounded_shares(SHARES, LIGHT)
    assert unit_of(made) == ",.6~p"
    assert made.layout.yaxis.rangemode == "tozero"


def test_the_hover_says_the_bounds() -> None:
    line = traces_of(bounded_shares(SHARES, LIGHT))["China"]
    assert line.text == (
        "50.0% (at least 50.0%, at most 70.0%) · 50.0 tokens · rank 1 · CN",
        "",
        "60.0% (at least 60.0%, at most 65.0%) · 60.0 tokens · rank 1 · CN",
    )


def test_the_hover_of_a_column_says_all_that_is_known() -> None:
    """Share, bounds, tokens, rank, and the slug behind a name; nothing of what is not known."""
    row = {"member": "z-ai", "share": 0.25, "share_low": 0.2, "share_high": 0.3}
    named = Theme(names=Names([("author", "z-ai", "Z.ai", None)]))
    [words] = describe_points(pl.DataFrame([{**row, "tokens": 1_500_000_000, "rank": 3}]), named)
    assert words == "25.0% (at least 20.0%, at most 30.0%) · 1.50B tokens · rank 3 · z-ai"
    nothing = {"member": "z-ai", "share": None, "share_low": None, "tokens": None, "rank": None}
    assert describe_points(pl.DataFrame([nothing]), named) == [""]
    others = {"member": "all others", "share": 0.5, "share_low": None}
    assert describe_points(pl.DataFrame([others]), LIGHT) == ["50.0%"]


def test_a_share_without_bounds_is_said_alone() -> None:
    row = {"share": 0.25, "share_low": None, "share_high": None}
    assert describe_share(row) == "25.0%"


def test_a_click_leads_to_the_member() -> None:
    links = point_links(SHARES, "CN")
    assert links == ["/market?dimension=country&one=country%3ACN"] * 3


def test_rows_without_a_dimension_lead_nowhere() -> None:
    assert point_links(SHARES.drop("dimension"), "CN") == ["", "", ""]


def test_an_empty_frame_draws() -> None:
    made = bounded_shares(SHARES.clear(), LIGHT)
    assert not made.data
    assert unit_of(made) == ",.6~p"
