"""Cards of senders: the two logs stay apart, and a cost that is not known is no point."""

import polars as pl
import pytest

from dashboards.components.page import Card
from dashboards.components.served import Served
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.tier.callers import caller_cards
from dashboards.query import Query

pytestmark = pytest.mark.slow


def cards(hours: int = 0, service: str = "", model: str = "") -> dict[str, Card]:
    listed = caller_cards(Served(service, "", model, hours, 24))
    return {card.key: card for card in listed if isinstance(card, Card)}


def test_the_table_has_the_sums_of_the_usage(generation: OpenGeneration) -> None:
    """Each log by itself."""
    rows = generation.frame(cards()["callers"].query)
    expected = generation.frame(
        Query(
            "select if(source = 'tier', 'our tier', 'gateway litellm') as log, "
            "sum(requests)::bigint as requests from caller_usage_daily group by all order by log"
        )
    )
    found = rows.group_by("log").agg(pl.col("requests").sum()).sort("log")
    assert found.rows() == expected.rows()
    assert [log for log, _ in found.rows()] == ["gateway litellm", "our tier"]
    assert rows.filter(pl.col("log") == "gateway litellm")["usd"].null_count() == 0


def test_lines_are_senders_of_one_log(generation: OpenGeneration) -> None:
    """Eight at most, a point a day; the same sender at the gateway is another line."""
    rows = generation.frame(cards()["caller_tokens"].query)
    series = set(rows["series"])
    assert 2 <= len(series) <= 8
    assert {name.partition(":")[0] for name in series} == {"our tier", "litellm"}
    assert rows.select("instant", "series").is_unique().all()


def test_choices_narrow_the_senders(generation: OpenGeneration) -> None:
    """A window of hours is at least the newest day."""
    assert set(generation.frame(cards(service="litellm")["callers"].query)["log"]) == {
        "gateway litellm"
    }
    assert generation.frame(cards(hours=6)["caller_tokens"].query)["instant"].n_unique() == 1
    assert generation.frame(cards(model="no such")["callers"].query).is_empty()


def test_each_card_draws_its_rows(generation: OpenGeneration) -> None:
    """The figures have a line for each sender."""
    for key, card in cards().items():
        rows = generation.frame(card.query)
        drawn = card.draw(rows, Theme())
        assert key == "callers" or len(drawn.data) == rows["series"].n_unique()
