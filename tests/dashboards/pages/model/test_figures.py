"""Charts of one model family: tokens over the cutoff, ranks, prices at their changes, launches."""

from datetime import date, timedelta
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.model.figures import cohort, daily_tokens, prices, ranks, tasks

LIGHT = Theme()
DAYS = [date(2026, 6, 1) + timedelta(days=day) for day in range(4)]
TOKENS = pl.DataFrame(
    {
        "date": DAYS[:2] * 2,
        "model_permaslug": ["lab/a"] * 2 + ["lab/a:free"] * 2,
        "tokens": [100, None, 900, 800],
        "rank": [9, None, 2, 3],
        "cutoff_tokens": [50, 60, 50, 60],
    }
)
RANKS = pl.DataFrame({"week_start": DAYS[:3], "rank": [4, None, 16]})
PRICES = pl.DataFrame(
    {
        "date": [*DAYS, *DAYS[:2]],
        "model_id": ["lab/a"] * 6,
        "kind": ["list"] * 6,
        "part": ["prompt"] * 4 + ["completion"] * 2,
        "usd_per_mtok": [0.1, 0.1, 0.2, 0.2, 0.5, 0.5],
        "price_basis": ["usd"] * 6,
    }
)
COHORT = pl.DataFrame(
    {
        "weeks_since_launch": [0, 1, 2],
        "share_of_peak": [0.5, 1.0, None],
        "is_left_censored": [False] * 3,
        "lower": [0.1, 0.2, 0.3],
        "middle": [0.4, 0.5, 0.6],
        "upper": [0.7, 0.8, 0.9],
        "families": [9, 8, 2],
    }
)
TASKS = pl.DataFrame(
    {"task": ["Debugging"], "token_share_of_task": [0.25], "request_share_of_task": [0.2]}
)


def test_each_listing_is_a_line_and_a_day_below_the_cutoff_a_gap() -> None:
    made = daily_tokens(TOKENS, LIGHT)
    lines = traces_of(made)
    assert list(lines) == ["cutoff: nothing below it is visible", "lab/a:free", "lab/a"]
    assert lines["lab/a"].y == (100, None)
    assert lines["lab/a"].text == ("100 tokens · rank 9", "")
    assert made.layout.yaxis.type == "log"


def test_the_cutoff_is_drawn_once_a_day() -> None:
    cutoff = daily_tokens(TOKENS, LIGHT).data[0]
    assert (cutoff.x, cutoff.y) == (tuple(DAYS[:2]), (50, 60))
    assert cutoff.line.dash == "dot"


def test_ranks_count_from_the_top_and_break_where_there_is_none() -> None:
    made = ranks(RANKS, LIGHT)
    [line] = made.data
    assert line.y == (4, None, 16)
    assert line.connectgaps is False
    top, bottom = made.layout.yaxis.range[::-1]
    assert top < 1
    assert bottom > 16
    assert (unit_of(made), made.layout.yaxis.tickvals[:2]) == ("rank", (1, 3))


def test_a_family_that_never_ranked_has_an_empty_axis() -> None:
    made = ranks(RANKS.with_columns(rank=pl.lit(None, pl.Int64)), LIGHT)
    assert made.data[0].y == (None, None, None)


def test_a_price_has_a_sign_where_it_begins_changes_or_ends() -> None:
    lines = traces_of(prices(PRICES, LIGHT))
    assert lines["list, prompt"].y == (0.1, 0.1, 0.2, 0.2)
    assert lines["list, prompt"].marker.size == (9, 0, 9, 9)


def test_prompt_is_full_and_completion_open() -> None:
    lines = traces_of(prices(PRICES, LIGHT))
    assert lines["list, prompt"].marker.symbol == "circle"
    assert lines["list, completion"].marker.symbol == "circle-open"
    assert lines["list, completion"].line.dash == "dash"


def test_several_listings_are_named_with_their_prices() -> None:
    other = PRICES.with_columns(model_id=pl.lit("lab/a:free"))
    names = list(traces_of(prices(pl.concat([PRICES, other]), LIGHT)))
    assert names[0] == "lab/a, list, prompt"
    assert names[-1] == "lab/a:free, list, completion"


def test_prices_that_were_not_collected_break_the_line() -> None:
    """Two days between two prices are joined, more are not."""
    rows = PRICES.filter(pl.col("part") == "prompt")
    late = rows.with_columns(pl.col("date") + pl.duration(days=30)).with_columns(
        pl.col("date").cast(pl.Date)
    )
    line = traces_of(prices(pl.concat([rows, late]), LIGHT))["list, prompt"]
    assert line.y == (0.1, 0.1, 0.2, 0.2, None, 0.1, 0.1, 0.2, 0.2)


def test_prices_are_in_dollars_from_zero() -> None:
    made = prices(PRICES, LIGHT)
    assert (unit_of(made), made.layout.yaxis.rangemode) == ("$", "tozero")


def test_all_families_are_drawn_for_weeks_that_enough_of_them_reached() -> None:
    made = cohort(COHORT, LIGHT)
    lines = traces_of(made)
    assert lines["median of all families"].y == (0.4, 0.5, None)
    assert lines["this family"].y == (0.5, 1.0, None)
    band = lines["middle half of all families"]
    assert band.y == (0.7, 0.8, 0.2, 0.1)
    assert band.showlegend
    assert (unit_of(made), unit_of(made, "xaxis")) == (",.6~p", "weeks since launch")


def test_a_family_whose_best_week_may_lie_before_the_data_says_so() -> None:
    rows = COHORT.with_columns(is_left_censored=pl.lit(True))
    assert "this family; its best week may lie before the data" in traces_of(cohort(rows, LIGHT))


def test_without_other_families_only_this_one_is_drawn() -> None:
    rows = COHORT.with_columns(families=pl.lit(1, pl.Int64))
    assert list(traces_of(cohort(rows, LIGHT))) == ["this family"]


def test_tasks_have_shares_of_tokens_and_requests() -> None:
    made = tasks(TASKS, LIGHT)
    [bar] = made.data
    assert (bar.x, bar.y, bar.customdata) == ((0.25,), ("Debugging",), (0.2,))
    assert unit_of(made, "xaxis") == ",.6~p"


@pytest.mark.parametrize(
    ("draw", "rows", "traces"),
    [
        (daily_tokens, TOKENS, 1),
        (ranks, RANKS, 1),
        (prices, PRICES, 0),
        (cohort, COHORT, 0),
        (tasks, TASKS, 1),
    ],
)
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame, traces: int) -> None:
    assert len(draw(rows.clear(), LIGHT).data) == traces
