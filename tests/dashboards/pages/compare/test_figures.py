"""Charts of families beside each other: one line a family, gaps where nothing is known."""

from datetime import date, timedelta

import polars as pl

from dashboards.components.theme import Theme
from dashboards.pages.compare.figures import prices, shares, tokens

WEEKS = [date(2026, 11, 2), date(2026, 11, 9)]
ROWS = pl.DataFrame(
    {
        "week_start": [*WEEKS, *WEEKS],
        "member": ["a/x", "a/x", "b/y", "b/y"],
        "tokens": [3, 4, None, None],
        "share": [0.3, 0.4, None, None],
        "rank": [1, 1, None, None],
    }
)


def test_a_family_below_the_cutoff_is_in_the_legend_without_a_line() -> None:
    made = shares(ROWS, Theme())
    assert {line.name: list(line.y) for line in made.data} == {
        "a/x": [0.3, 0.4],
        "b/y": [None, None],
    }


def test_tokens_are_on_a_log_scale_and_a_click_leads_to_the_family() -> None:
    made = tokens(ROWS, Theme())
    assert made.layout.yaxis.type == "log"
    assert made.data[0].customdata[0] == "/model?family=a%2Fx"


def test_a_day_without_a_catalogue_is_a_gap_of_a_price() -> None:
    days = [date(2026, 11, 2), date(2026, 11, 2) + timedelta(days=9)]
    rows = pl.DataFrame({"date": days, "member": "a/x", "usd_per_mtok": [0.5, 0.4]})
    [line] = prices(rows, Theme()).data
    assert None in line.y
