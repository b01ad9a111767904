"""The page of our tier: every card draws a whole home, and of many targets the busiest."""

from dataclasses import replace

import pytest

from dashboards.components.filters import read_filters
from dashboards.components.page import Card, Heading, PageView
from dashboards.components.served import read_served
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.tier.page import TIER
from dashboards.query import Query

pytestmark = pytest.mark.slow
BUSIEST = Query(
    "select target from served_tokens_hourly where hour_at > "
    "(select max(hour_at) from served_tokens_hourly) - interval 24 hour "
    "group by target order by sum(generation_tokens) desc"
)


def cards(generation: OpenGeneration, search: str = "") -> dict[str, Card]:
    listed = PageView(TIER, generation, Theme(), search).cards()
    return {card.key: card for card in listed if isinstance(card, Card)}


@pytest.mark.parametrize(
    "search",
    ["", "?window=0&latency=tpot&method=events", "?target=tier-00&window=168", "?service=tier-00"],
)
def test_every_card_draws_a_whole_home(generation: OpenGeneration, search: str) -> None:
    """Each query has rows there, except for counts that agree."""
    for card in cards(generation, search).values():
        rows = generation.frame(card.query)
        assert rows.height or card.key == "disagreements", card.key
        if rows.height:
            assert card.draw(rows, Theme("light")) is not None
            assert card.draw(rows, Theme("dark")) is not None


def test_of_many_targets_the_busiest_are_drawn_and_the_page_says_so(
    generation: OpenGeneration,
) -> None:
    """With room for all, nothing is left out and nothing is said."""
    filters = read_filters("", TIER.controls(generation))
    by_tokens = generation.frame(BUSIEST)["target"].to_list()
    served = read_served(filters, generation, max_lines=2)
    assert list(served.drawn) == by_tokens[:2]
    assert "2 of 4 services" in served.left_out
    assert read_served(filters, generation, max_lines=4).drawn == ()


def test_the_newest_hour_is_one_row_for_each_target_and_model(generation: OpenGeneration) -> None:
    """Latency, cache and drafts are joined to it by hour, so nothing comes twice."""
    rows = generation.frame(cards(generation)["now"].query)
    assert rows.select("service", "model_name").is_unique().all()
    assert rows.height == 4


def test_a_longer_window_has_a_point_a_day(generation: OpenGeneration) -> None:
    """Percentiles do not add up, so a day shows its middle hour."""
    assert cards(generation)["latency"].unit.endswith("by hour")
    month = cards(generation, "?window=720")
    assert month["latency"].unit.endswith("the middle hour of each day")
    assert month["requests"].unit == "requests per day"


def test_a_short_window_has_a_point_for_minutes(generation: OpenGeneration) -> None:
    assert "by 1 min" in cards(generation, "?window=6")["generated"].unit
    assert "by 5 min" in cards(generation)["generated"].unit


def test_another_latency_changes_that_card_alone(generation: OpenGeneration) -> None:
    """The others are equal, so the browser keeps them."""
    before, after = cards(generation), cards(generation, "?latency=e2e")
    changed = [key for key in before if before[key] != after[key]]
    assert changed == ["latency"]
    assert after["latency"].title == "Whole request: percentiles"


def test_the_history_says_how_old_it_is(generation: OpenGeneration) -> None:
    view = PageView(TIER, generation, Theme(), "")
    heading = next(each for each in view.cards() if isinstance(each, Heading))
    assert "live panel above is not in it yet" in heading.below
    assert replace(view, search="?window=0").cards()[0] == heading
