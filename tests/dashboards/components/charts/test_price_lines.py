"""Prices beside our cost by load: each price once, bounds as bands, break-even as a sign."""

from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.charts.price_lines import (
    add_prices,
    cost_figure,
    distinct_prices,
    price_axis_top,
)
from dashboards.components.theme import Theme

LIGHT = Theme()
KINDS = (("list", "list price"), ("cheapest", "cheapest host"), ("modal", "price of most hosts"))
UNKNOWN = {"market_usd": None, "market_low": None, "market_high": None, "break_even_load": None}


def price(kind: str, usd: float | None, **more: Any) -> dict[str, Any]:
    known = {"market_usd": usd, "market_low": usd, "market_high": usd}
    return {"kind": kind, **UNKNOWN, **known, **more}


def rows(*prices: dict[str, Any]) -> pl.DataFrame:
    floats = dict.fromkeys(UNKNOWN, pl.Float64)
    return pl.DataFrame(prices, schema={"kind": pl.String, **floats})


def test_equal_prices_are_one_line_with_all_names_the_dearest_first() -> None:
    found = distinct_prices(
        rows(price("list", 1.0), price("cheapest", 0.5), price("modal", 1.0)), KINDS
    )
    assert [name for _, name in found] == ["list price, price of most hosts", "cheapest host"]


def test_a_price_of_which_nothing_is_known_is_left_out() -> None:
    assert distinct_prices(rows(price("list", None)), KINDS) == []


def test_a_known_price_is_a_line_with_the_load_of_break_even() -> None:
    made = cost_figure(LIGHT, 5.0)
    add_prices(made, LIGHT, distinct_prices(rows(price("list", 2.0, break_even_load=0.4)), KINDS))
    drawn = traces_of(made)
    assert (drawn["list price"].x, drawn["list price"].y) == ((0, 1), (2.0, 2.0))
    even = drawn["even with list price"]
    assert (even.x, even.y, even.text) == ((0.4,), (2.0,), ("even at 40%",))


def test_bounds_are_a_band_and_without_a_price_no_line() -> None:
    made = cost_figure(LIGHT, 5.0)
    bounded = price("list", None, market_low=1.0, market_high=2.0)
    add_prices(made, LIGHT, distinct_prices(rows(bounded), KINDS))
    [band] = made.data
    assert (band.name, band.y) == ("list price, bounds", (1.0, 1.0, 2.0, 2.0, 1.0))


@pytest.mark.parametrize(("own", "top"), [(None, 5.0), (4.0, 10.0)])
def test_the_axis_ends_above_the_dearest_of_prices_and_our_cost(
    own: float | None, top: float
) -> None:
    assert price_axis_top(distinct_prices(rows(price("list", 2.0)), KINDS), own) == top
    made = cost_figure(LIGHT, top)
    assert (unit_of(made), made.layout.yaxis.range) == ("$/Mtok", (0, top))


def test_an_axis_without_any_figure_is_an_axis() -> None:
    assert price_axis_top([], None) > 0
