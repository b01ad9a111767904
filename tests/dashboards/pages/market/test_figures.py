"""Charts of shares on the market page: stacked, indexed and ranked."""

from datetime import date

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.market.figures import (
    SHARE_VIEWS,
    indexed_tokens,
    ranked_shares,
    stacked_shares,
)

LIGHT, DARK = Theme("light"), Theme("dark")
FIRST, SECOND, FOURTH = date(2026, 6, 1), date(2026, 6, 8), date(2026, 6, 22)


def shares(*rows: tuple[date, str, int, float]) -> pl.DataFrame:
    """Return rows of the chart: (week, member, tokens, share), each with room for the unknown."""
    names = {"week_start": pl.Date, "member": pl.String, "tokens": pl.Int64, "share": pl.Float64}
    is_member = pl.col("member") != "all others"
    return pl.DataFrame(rows, schema=names, orient="row").with_columns(
        share_low=pl.when(is_member).then(pl.col("share")),
        share_high=pl.when(is_member).then(pl.col("share") + 0.1),
        dimension=pl.lit("author"),
        basis=pl.lit("platform"),
        attribution=pl.lit("releasing_lab"),
    )


ROWS = shares(
    (FIRST, "deepseek", 60, 0.6),
    (FIRST, "openai", 30, 0.3),
    (FIRST, "all others", 10, 0.1),
    (SECOND, "deepseek", 90, 0.45),
    (SECOND, "openai", 80, 0.4),
    (SECOND, "all others", 30, 0.15),
)


def test_shares_stand_on_each_other_the_largest_first() -> None:
    made = stacked_shares(ROWS, LIGHT)
    bars = traces_of(made)
    assert list(bars) == ["deepseek", "openai", "all others"]
    assert bars["deepseek"].y == (0.6, 0.45)
    assert bars["deepseek"].x == (FIRST, SECOND)
    assert made.layout.barmode == "stack"


def test_the_axis_of_shares_ends_at_everything() -> None:
    made = stacked_shares(ROWS, LIGHT)
    assert (unit_of(made), made.layout.yaxis.range) == (",.6~p", (0, 1))


def test_each_member_has_a_colour_and_a_pattern() -> None:
    bars = stacked_shares(ROWS, LIGHT).data
    assert len({(bar.marker.color, bar.marker.pattern.shape) for bar in bars}) == 3


def test_a_bar_leads_to_its_member_and_the_rest_nowhere() -> None:
    bars = traces_of(stacked_shares(ROWS, LIGHT))
    assert bars["openai"].customdata[0].startswith("/market?dimension=author&one=author%3Aopenai")
    assert bars["all others"].customdata == ("", "")


def test_growth_starts_at_a_hundred() -> None:
    made = indexed_tokens(ROWS, LIGHT)
    lines = traces_of(made)
    assert lines["deepseek"].y == (100, 150)
    assert lines["openai"].y[1] == pytest.approx(266.67, abs=0.01)
    assert (made.layout.yaxis.type, unit_of(made)) == ("log", "first week = 100")


def test_a_week_without_a_row_is_a_gap_in_growth() -> None:
    rows = shares((FIRST, "a", 10, 0.1), (FOURTH, "a", 20, 0.2))
    [line] = indexed_tokens(rows, LIGHT).data
    assert line.y == (100, None, None, 200)
    assert line.connectgaps is False


def test_a_member_without_tokens_has_no_growth() -> None:
    assert not indexed_tokens(shares((FIRST, "a", 0, 0.0)), LIGHT).data


def test_ranks_are_of_the_newest_week_with_bounds() -> None:
    bars = traces_of(ranked_shares(ROWS, LIGHT))
    assert [(name, bar.x[0]) for name, bar in bars.items()] == [
        ("deepseek", 0.45),
        ("openai", 0.4),
        ("all others", 0.15),
    ]
    assert bars["deepseek"].error_x.array == pytest.approx((0.1,))
    assert "at most 55.0%" in bars["deepseek"].hovertemplate


def test_a_sum_of_members_has_no_bounds() -> None:
    bar = traces_of(ranked_shares(ROWS, LIGHT))["all others"]
    assert bar.error_x.array is None
    assert bar.hovertemplate.startswith("15.0% · 30.0 tokens<")
    assert bar.marker.pattern.shape


def test_the_axis_of_ranks_is_in_percent() -> None:
    assert unit_of(ranked_shares(ROWS, LIGHT), "xaxis") == ",.6~p"


@pytest.mark.parametrize("view", SHARE_VIEWS)
@pytest.mark.parametrize("theme", [LIGHT, DARK])
def test_an_empty_frame_draws(view: str, theme: Theme) -> None:
    made = SHARE_VIEWS[view](ROWS.clear(), theme)
    assert not made.data
    assert made.layout.paper_bgcolor == theme.paper
