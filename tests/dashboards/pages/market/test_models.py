"""Charts of use and price: tasks by group, price against volume."""

import math
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.market.models import MAX_LABELS, price_volume, tasks

LIGHT = Theme()
TASKS = pl.DataFrame(
    {
        "task": ["Debugging", "Roleplay", "Code review"],
        "category": ["code", "general", "code"],
        "token_share": [0.4, 0.35, 0.25],
        "request_share": [0.5, 0.3, 0.2],
    }
)
PRICES = pl.DataFrame(
    {
        "model_permaslug": ["a/cheap", "b/dear", "c/free", "d/odd"],
        "model_family": ["a/cheap", None, "c/free", "d/odd"],
        "weights": ["open", "closed", "open", "unknown"],
        "usd_per_mtok": [0.1, 10.0, 0.0, 1.0],
        "tokens": [10**12, 10**9, 10**11, 10**10],
    }
)


def test_tasks_keep_their_order_and_each_group_has_a_pattern() -> None:
    made = tasks(TASKS, LIGHT)
    groups = traces_of(made)
    assert groups["code"].y == ("Debugging", "Code review")
    assert groups["code"].x == (0.4, 0.25)
    assert made.layout.yaxis.categoryarray == ("Debugging", "Roleplay", "Code review")
    assert groups["code"].marker.pattern.shape != groups["general"].marker.pattern.shape


def test_the_largest_group_comes_first_and_requests_are_on_hover() -> None:
    groups = traces_of(tasks(TASKS, LIGHT))
    assert list(groups) == ["code", "general"]
    assert groups["general"].customdata == (0.3,)
    assert unit_of(tasks(TASKS, LIGHT), "xaxis") == ",.6~p"


def test_a_listing_at_no_price_is_not_drawn() -> None:
    """A log scale has no place for it."""
    made = price_volume(PRICES, LIGHT)
    points = [point for trace in made.data for point in trace.text]
    assert [point.partition("<br>")[0] for point in points] == ["a/cheap", "b/dear", "d/odd"]
    assert points[0] == "a/cheap<br>$0.1/Mtok<br>1.00T tokens"


def test_kinds_of_weights_have_a_sign_each() -> None:
    signs = traces_of(price_volume(PRICES, LIGHT))
    assert list(signs) == ["open weights", "closed weights", "unknown weights"]
    assert len({trace.marker.symbol for trace in signs.values()}) == 3


def test_units_stand_on_both_axes() -> None:
    made = price_volume(PRICES, LIGHT)
    assert unit_of(made, "xaxis") == "$/Mtok"
    assert unit_of(made) == "tokens in seven days"
    assert (made.layout.xaxis.type, made.layout.yaxis.type) == ("log", "log")


def test_the_range_is_that_of_the_points() -> None:
    low, high = price_volume(PRICES, LIGHT).layout.xaxis.range
    assert low < math.log10(0.1) < math.log10(10) < high


def test_a_point_leads_to_its_family_if_it_has_one() -> None:
    signs = traces_of(price_volume(PRICES, LIGHT))
    assert signs["open weights"].customdata == ("/model?family=a%2Fcheap",)
    assert signs["closed weights"].customdata == ("",)


def test_the_largest_are_named_as_far_as_there_is_room() -> None:
    names = [note.text for note in price_volume(PRICES, LIGHT).layout.annotations]
    assert names == ["cheap", "dear", "odd"]
    crowded = pl.concat([PRICES.head(1)] * 20)
    assert len(price_volume(crowded, LIGHT).layout.annotations) <= MAX_LABELS


@pytest.mark.parametrize(("draw", "rows"), [(tasks, TASKS), (price_volume, PRICES)])
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame) -> None:
    assert not draw(rows.clear(), LIGHT).data
