"""Events on charts: named where one hovers and in a list, and few of them."""

from datetime import date

import polars as pl
import pytest
from support.dashboard.components import text_of

from dashboards.chart import Chart
from dashboards.components.theme import Theme
from dashboards.components.time.events import (
    MAX_EVENTS_OF_KIND,
    add_events,
    list_events,
    market_events,
)
from dashboards.components.time.periods import DayRange
from dashboards.generations import OpenGeneration

EVENTS = pl.DataFrame(
    {
        "date": [date(2026, 11, 2), date(2026, 11, 9)],
        "kind": ["price", "launch"],
        "text": ["z-ai/glm-5.2: price by a quarter", "lab/new first among the named models"],
    }
)


def test_an_event_is_a_line_and_a_sign_that_names_it() -> None:
    made = add_events(Chart(), EVENTS, Theme())
    assert [line.x0 for line in made.layout.shapes] == EVENTS["date"].to_list()
    assert [sign.text for sign in made.layout.annotations] == ["$", "▲"]
    assert made.layout.annotations[0].hovertext == "02 Nov 2026<br>z-ai/glm-5.2: price by a quarter"


def test_events_of_one_day_share_a_line() -> None:
    same = EVENTS.with_columns(date=date(2026, 11, 2))
    [sign] = add_events(Chart(), same, Theme()).layout.annotations
    assert sign.text == "$▲"


def test_without_events_a_chart_stays_as_it_is() -> None:
    assert add_events(Chart(), EVENTS.clear(), Theme()) == Chart()


def test_the_list_says_what_each_sign_means() -> None:
    text = text_of(list_events(EVENTS))
    assert "2 marks: $ change of price, ▲ launch" in text
    assert "▲ 09 Nov 2026: lab/new first among the named models" in text


@pytest.mark.slow
def test_events_are_the_largest_few_of_the_period(generation: OpenGeneration) -> None:
    """Of one family only its own."""
    period = DayRange(date(2026, 10, 20), date(2026, 11, 20))
    events = generation.frame(market_events(period))
    assert events.height
    assert events["date"].is_between(period.first, period.last).all()
    assert max(events.group_by("kind").len()["len"].to_list()) <= MAX_EVENTS_OF_KIND
    family = generation.frame(market_events(period, "z-ai/glm-5.2"))
    named = family.filter(pl.col("kind") != "restatement")["text"].to_list()
    assert all(text.startswith("z-ai/glm") for text in named)
