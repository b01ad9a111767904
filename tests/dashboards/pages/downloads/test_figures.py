"""Charts of downloads: bounds are bands, three attributions stand apart, ranks meet on a line."""

from datetime import date
from typing import Any

import polars as pl

from dashboards.components.theme import Theme
from dashboards.pages.downloads.figures import COUNTED, SPREAD, attributions, days, ranks, shares

WEEK = date(2026, 11, 2)


def share(member: str, value: float, **more: Any) -> dict[str, Any]:
    """Return a row of a member's share."""
    return {
        "week_start": WEEK,
        "member": member,
        "downloads": int(1000 * value),
        "share": value,
        "share_low": value - 0.1,
        "share_high": value + 0.1,
        "rank": 1,
        "days": 7,
        **more,
    }


def test_a_share_has_its_bounds_and_the_days_of_its_week() -> None:
    made = shares(pl.DataFrame([share("CN", 0.6), share("US", 0.3, days=3)]), Theme())
    lines = {line.name: line for line in made.data if line.mode == "lines+markers"}
    assert {name: list(line.y) for name, line in lines.items()} == {
        "China": [0.6],
        "United States": [0.3],
    }
    assert lines["China"].text[0] == "60.0% (at least 50.0%, at most 70.0%) · 600 downloads"
    assert lines["United States"].text[0].endswith("3 days of the week")


def test_a_country_is_counted_three_times() -> None:
    rows = [
        share("CN", value, attribution=attribution)
        for attribution, value in (("publisher", 0.2), ("releasing_lab", 0.5), ("base_lab", 0.6))
    ]
    made = attributions(pl.DataFrame(rows), Theme())
    assert [bar.x[0] for bar in made.data] == [0.2, 0.5, 0.6]
    assert {bar.y[0] for bar in made.data} == {"China"}


def test_members_stand_at_their_ranks() -> None:
    rows = pl.DataFrame(
        {
            "member": ["qwen", "z-ai"],
            "downloads": [100, 50],
            "download_rank": [1, 2],
            "tokens": [10, 20],
            "token_rank": [2, 1],
            "likes": [5, None],
        }
    )
    line, points = ranks(rows, Theme()).data
    assert list(line.x) == [1, 2]
    assert (list(points.x), list(points.y)) == ([1, 2], [2, 1])
    assert points.customdata[1] == "50 downloads, 20 tokens"


def test_what_is_spread_is_a_part_of_its_day() -> None:
    rows = pl.DataFrame(
        {
            "date": [WEEK, date(2026, 11, 3)],
            "downloads": [100, None],
            "spread_downloads": [40, None],
            "reason": ["counters stood still", None],
        },
        schema_overrides={"downloads": pl.Int64, "spread_downloads": pl.Int64},
    )
    counted, spread = days(rows, Theme()).data
    assert (counted.name, list(counted.y)) == (COUNTED, [60, None])
    assert (spread.name, list(spread.y)) == (SPREAD, [40, 0])


def test_no_rows_are_an_empty_chart() -> None:
    frame = pl.DataFrame([share("CN", 0.6, attribution="publisher")])
    for draw in (shares, attributions):
        assert not any(trace.x for trace in draw(frame.clear(), Theme()).data)
    columns = ("member", "downloads", "download_rank", "tokens", "token_rank", "likes")
    empty = pl.DataFrame(schema=dict.fromkeys(columns, pl.Int64))
    assert len(ranks(empty, Theme()).data) == 2
