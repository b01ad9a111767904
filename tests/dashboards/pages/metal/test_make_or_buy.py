"""Make or buy: what is measured differs from what-if, a bounded price is a band."""

from datetime import date
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import tiles_of, traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.metal.make_or_buy import (
    cost_by_load,
    describe_break_even,
    format_price,
    verdict,
)

LIGHT = Theme()


def curve(even: float | None, **columns: list[Any]) -> pl.DataFrame:
    """Return a curve of two loads at a list price."""
    base: dict[str, list[Any]] = {
        "date": [date(2026, 6, 18)] * 2,
        "kind": ["list"] * 2,
        "load": [0.5, 1.0],
        "busy_share": [0.4] * 2,
        "measured_usd": [2.4] * 2,
        "market_usd": [1.0] * 2,
        "market_low": [1.0] * 2,
        "market_high": [1.0] * 2,
        "local_usd": [2.0, 1.0],
        "local_usd_at_chosen_load": [2.0] * 2,
        "break_even_load": [even] * 2,
        "break_even_load_unbounded": [even or 3.0] * 2,
    }
    return pl.DataFrame(
        {**base, **columns},
        schema_overrides={"market_usd": pl.Float64, "break_even_load": pl.Float64},
    )


BOUNDED = curve(None, market_usd=[None] * 2, market_low=[0.5] * 2, market_high=[1.5] * 2)


def test_the_load_at_which_both_cost_the_same_is_marked() -> None:
    marks = [trace.text for trace in cost_by_load(0.5)(curve(0.8), LIGHT).data if trace.text]
    assert marks == [("even at 80%",)]


def test_where_there_is_no_such_load_no_mark_is_drawn() -> None:
    assert not [t for t in cost_by_load(0.5)(curve(None), LIGHT).data if t.text]


def test_the_measured_day_is_no_what_if() -> None:
    drawn = traces_of(cost_by_load(0.5)(curve(0.8), LIGHT))
    measured = drawn["ours as measured on 2026-06-18"]
    assert (measured.x, measured.y) == ((0.4,), (2.4,))
    others = [name for name in drawn if name.startswith("ours") and "measured" not in name]
    assert all("what if" in name for name in others)


def test_an_unknown_load_has_no_measured_point() -> None:
    rows = curve(0.8, busy_share=[None] * 2)
    names = traces_of(cost_by_load(0.5)(rows, LIGHT))
    assert not [name for name in names if "measured" in name]


def test_the_chosen_load_is_a_point_on_the_curve() -> None:
    drawn = traces_of(cost_by_load(0.5)(curve(0.8), LIGHT))
    assert (drawn["ours, what if"].x, drawn["ours, what if"].y) == ((0.5, 1.0), (2.0, 1.0))
    chosen = drawn["ours at the chosen load, what if"]
    assert (chosen.x, chosen.y) == ((0.5,), (2.0,))


def test_equal_prices_are_one_line_with_both_names() -> None:
    rows = pl.concat(
        curve(0.8).with_columns(kind=pl.lit(kind)) for kind in ("list", "cheapest", "modal")
    )
    names = traces_of(cost_by_load(0.5)(rows, LIGHT))
    assert "list price, cheapest host, price of most hosts" in names


def test_a_price_that_is_only_bounded_is_a_band() -> None:
    """No line in its middle, and no load at which both are even."""
    [band] = [t for t in cost_by_load(0.5)(BOUNDED, LIGHT).data if "bounds" in t.name]
    assert (band.fill, set(band.y)) == ("toself", {0.5, 1.5})
    row = BOUNDED.row(0, named=True)
    assert format_price(row) == "$0.5 to $1.50"
    assert "only bounds are known" in describe_break_even(row)


def test_units_stand_on_both_axes() -> None:
    made = cost_by_load(0.5)(curve(0.8), LIGHT)
    assert unit_of(made) == "$/Mtok"
    assert unit_of(made, "xaxis") == "load: share of time busy"


def test_the_axis_ends_a_little_above_what_is_of_interest() -> None:
    """At low loads a token costs many times as much."""
    assert cost_by_load(0.5)(curve(0.8), LIGHT).layout.yaxis.range == (0, 5.0)
    dear = curve(0.8, measured_usd=[10.0] * 2)
    assert cost_by_load(0.5)(dear, LIGHT).layout.yaxis.range == (0, 12.0)


def test_the_same_load_is_drawn_by_the_same_function() -> None:
    assert cost_by_load(0.5) is cost_by_load(0.5)


@pytest.mark.parametrize(
    ("even", "unbounded", "words"),
    [
        (0.8, 0.8, "even at 80% busy"),
        (None, 3.0, "even at no load: 3.0 times too dear when always busy"),
        (None, None, "even at no load: energy alone costs more"),
    ],
)
def test_the_break_even_in_words(even: float | None, unbounded: float | None, words: str) -> None:
    row = {
        "market_usd": 1.0,
        "break_even_load": even,
        "break_even_load_unbounded": unbounded,
    }
    assert describe_break_even(row) == words


def test_the_verdict_is_ours_beside_each_price() -> None:
    made = tiles_of(verdict(curve(0.8)))
    assert made["Ours at the chosen load"] == (
        "$2.00",
        "what if; measured $2.40 on 2026-06-18, 40% busy",
    )
    assert made["List price"] == ("$1.00", "even at 80% busy")


def test_a_load_that_was_not_measured_is_unknown_in_the_verdict() -> None:
    _, note = tiles_of(verdict(curve(0.8, busy_share=[None] * 2)))["Ours at the chosen load"]
    assert note.endswith("load unknown")
