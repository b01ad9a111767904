"""Charts that compare our tier with the market: missing days break lines, unknown has a reason."""

from datetime import date, datetime
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.metal.figures import cost_by_day, devices, parity, share

LIGHT = Theme()
DAY, NEXT, LATER = date(2026, 6, 18), date(2026, 6, 19), date(2026, 6, 21)
COSTS = pl.DataFrame(
    {
        "date": [DAY, DAY, LATER, LATER],
        "kind": ["list", "cheapest"] * 2,
        "local_usd": [2.0, 2.0, 2.5, 2.5],
        "market_usd": [1.0, None, 1.5, 0.5],
        "market_low": [1.0, 0.2, 1.5, 0.5],
        "market_high": [1.0, 0.8, 1.5, 0.5],
    }
)
HOSTS = pl.DataFrame(
    {
        "who": ["near", "far", "our tier"],
        "p50": [100.0, 50.0, None],
        "coverage": [1.0, 0.5, None],
        "is_compared": [True, False, True],
        "is_ours": [False, False, True],
        "reason": ["no latency"] * 3,
        "times_as_fast": [2.0, None, None],
        "percentile_among_hosts": [None] * 3,
    },
    schema_overrides={"percentile_among_hosts": pl.Float64},
)
SHARES = pl.DataFrame(
    {"date": [DAY, LATER], "local_to_market": [0.1, 0.2], "reason": [None, None]},
    schema_overrides={"reason": pl.String},
)
NEEDED = pl.DataFrame({"wanted_share": [1e-4, 5e-4, 1e-3], "devices_needed": [46, 230, 4590]})


def test_costs_and_prices_are_lines_by_day() -> None:
    lines = traces_of(cost_by_day(COSTS, LIGHT))
    assert lines["ours"].y == (2.0, None, 2.5)
    assert lines["list price"].y == (1.0, None, 1.5)
    assert unit_of(cost_by_day(COSTS, LIGHT)) == "$/Mtok"


def test_a_price_that_is_only_bounded_is_a_bar() -> None:
    lines = traces_of(cost_by_day(COSTS, LIGHT))
    bounds = lines["cheapest host, bounds"]
    assert (bounds.x, bounds.y) == ((DAY,), (0.5,))
    assert bounds.error_y.array == pytest.approx((0.3,))
    assert "list price, bounds" not in lines


def test_few_days_have_a_tick_each() -> None:
    assert cost_by_day(COSTS, LIGHT).layout.xaxis.dtick == 86_400_000


def test_a_day_that_is_not_there_breaks_the_line() -> None:
    """The 18th and the 21st are not joined over the days between."""
    made = share(SHARES, LIGHT)
    [line] = made.data
    assert line.y == (0.1, None, 0.2)
    assert line.connectgaps is False
    assert line.x[0] == datetime(2026, 6, 18)
    assert unit_of(made) == "ours over the market's"


def test_a_share_that_is_never_known_has_its_reason() -> None:
    rows = SHARES.with_columns(
        local_to_market=pl.lit(None, pl.Float64), reason=pl.lit("below the cutoff")
    )
    made = share(rows, LIGHT)
    assert not made.data
    assert made.layout.annotations[0].text == "Unknown: below the cutoff."


def test_our_unknown_speed_stands_among_the_hosts_with_its_reason() -> None:
    """It has no bar of length 0."""
    made = parity("ttft")(HOSTS, LIGHT)
    assert made.layout.annotations[0].text == "unknown: no latency"
    assert made.layout.yaxis.categoryarray == ("our tier", "near", "far")


def test_hosts_with_other_weights_differ_in_pattern() -> None:
    bars = traces_of(parity("ttft")(HOSTS, LIGHT))
    assert (bars["nearest weights"].y, bars["other weights"].y) == (("near",), ("far",))
    assert len({bar.marker.pattern.shape for bar in bars.values()}) == 3


@pytest.mark.parametrize(
    ("metric", "order", "unit"),
    [
        ("ttft", ("our tier", "near", "far"), "ms to the first token"),
        ("throughput", ("our tier", "far", "near"), "tokens/s of one request"),
    ],
)
def test_the_fastest_stands_at_the_top(metric: str, order: tuple[str, ...], unit: str) -> None:
    """Few milliseconds are fast, many tokens are."""
    made = parity(metric)(HOSTS, LIGHT)
    assert made.layout.yaxis.categoryarray == order
    assert unit_of(made, "xaxis") == unit


def test_our_bar_says_how_many_hosts_it_is_ahead_of() -> None:
    rows = HOSTS.with_columns(p50=pl.lit(80.0), percentile_among_hosts=pl.lit(0.75))
    ours = traces_of(parity("ttft")(rows, LIGHT))["ours"]
    assert ours.text == ("ahead of 75%",)


def test_a_host_says_how_much_of_the_day_was_sampled_and_how_fast_we_are() -> None:
    bars = traces_of(parity("ttft")(HOSTS, LIGHT))
    assert bars["nearest weights"].hovertext == (
        "100% of the day sampled<br>we are 2.00 times as fast in the same half hours",
    )
    assert bars["other weights"].hovertext == ("50% of the day sampled",)


def test_devices_for_a_share_have_labels_at_powers_of_ten() -> None:
    made = devices(NEEDED, LIGHT)
    [line] = made.data
    assert line.text == ("46", "", "4,590")
    assert (made.layout.xaxis.type, made.layout.yaxis.type) == ("log", "log")
    assert (unit_of(made, "xaxis"), unit_of(made)) == ("share of the market", "devices")


@pytest.mark.parametrize(
    ("draw", "rows", "traces"),
    [(cost_by_day, COSTS, 4), (parity("ttft"), HOSTS, 3), (share, SHARES, 0), (devices, NEEDED, 1)],
)
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame, traces: int) -> None:
    assert len(draw(rows.clear(), LIGHT).data) == traces
