"""What our devices do, and make or buy: frontiers, gaps and reasons drawn as they are, and sliders that change the what-if."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest
from support.browser import browser, dashboard, settled

from dashboards.components.filters import Filters, read_filters
from dashboards.components.page import Card, Page
from dashboards.components.theme import Look
from dashboards.generations import Published, Sources
from dashboards.pages.efficiency import figures as efficiency
from dashboards.pages.efficiency.page import EFFICIENCY
from dashboards.pages.metal import figures
from dashboards.pages.metal.page import METAL
from pipelines.publish import query
from warehouse.connection import open_published

LIGHT = Look("light")
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(**columns: list[object]) -> pl.DataFrame:
    count = len(next(iter(columns.values())))
    base = {
        "instant": [TEN + timedelta(hours=hour) for hour in range(count)],
        "series": ["ours"] * count, "target": ["a"] * count, "model_name": ["m"] * count,
    }  # fmt: skip
    return pl.DataFrame({**base, **columns}, strict=False)


def test_the_frontier_holds_the_hours_that_no_other_beats_in_both() -> None:
    """(10, 50) and (20, 30) and (30, 10) are on it; (15, 20) is beaten by (20, 30)."""
    rows = hours(
        tokens_per_second_per_user=[10.0, 15.0, 20.0, 30.0],
        tokens_per_second_per_device=[50.0, 20.0, 30.0, 10.0],
    )
    best = efficiency.best_of(rows)
    assert sorted(best["tokens_per_second_per_user"].to_list()) == [10, 20, 30]
    points, line = efficiency.frontier(rows, LIGHT).data
    assert (points.mode, len(points.x), line.mode, len(line.x)) == ("markers", 4, "lines", 3)
    # From the fastest for one user on at its own throughput: the corner of no two hours together was ever measured.
    assert line.line.shape == "hv"
    assert line.x == (30.0, 20.0, 10.0)


def test_two_targets_of_one_kind_are_two_lines_of_one_name() -> None:
    """A line from one target to the other would show a change that never was; the legend has the kind once."""
    rows = hours(
        joules_per_token=[5.0, 7.0],
        is_rated=[False, False],
        energy_reason=[None, None],
        target=["a", "b"],
        series=["H20"] * 2,
    )
    drawn = efficiency.energy(rows, LIGHT).data
    assert [trace.y for trace in drawn] == [(5.0,), (7.0,)]
    assert [(trace.name, trace.showlegend) for trace in drawn] == [("H20", True), ("H20", False)]


def test_energy_that_is_not_known_is_a_gap_and_a_rating_is_open() -> None:
    """Null is not 0, a missing hour breaks the line, and a point of rated power is drawn open."""
    rows = hours(
        joules_per_token=[5.0, None, 7.0],
        is_rated=[False, None, True],
        energy_reason=[None, "no tokens", None],
    )
    (line,) = efficiency.energy(rows, LIGHT).data
    assert line.y == (5.0, None, 7.0)
    assert line.connectgaps is False
    assert list(line.marker.symbol) == ["circle", "circle", "circle-open"]


def test_what_is_unknown_in_every_hour_is_told_with_its_reason() -> None:
    """The most frequent reason stands where the chart would be."""
    rows = hours(
        usd_per_mtok=[None, None],
        usd_per_mtok_without_idle=[None, None],
        cost_reason=["no cost of the device kind"] * 2,
    )
    made = efficiency.cost(rows, LIGHT)
    assert "no cost of the" in made.layout.annotations[0].text
    assert not made.data


def curve(even: float | None, **columns: list[object]) -> pl.DataFrame:
    base: dict[str, list[object]] = {
        "date": [TEN.date()] * 2, "kind": ["list"] * 2, "load": [0.5, 1.0], "busy_share": [0.4] * 2, "measured_usd": [2.4] * 2,
        "market_usd": [1.0] * 2, "market_low": [1.0] * 2, "market_high": [1.0] * 2, "local_usd": [2.0, 1.0],
        "local_usd_at_chosen_load": [2.0] * 2, "break_even_load": [even] * 2, "break_even_load_unbounded": [even or 3.0] * 2,
    }  # fmt: skip
    return pl.DataFrame(
        {**base, **columns},
        schema_overrides={"market_usd": pl.Float64, "break_even_load": pl.Float64},
    )


def test_the_load_at_which_both_cost_the_same_is_marked() -> None:
    """And where there is none, no mark is drawn and the words say how much too dear we are."""
    marked = [
        trace.text for trace in figures.make_or_buy(0.5)(curve(0.8), LIGHT).data if trace.text
    ]
    assert marked == [("even at 80%",)]
    assert not [trace for trace in figures.make_or_buy(0.5)(curve(None), LIGHT).data if trace.text]
    dear = {"market_usd": 1.0, "break_even_load": None, "break_even_load_unbounded": 3.0}
    assert figures.even(dear) == "even at no load: 3.0 times too dear when always busy"


def test_what_was_measured_is_told_from_what_if() -> None:
    """The measured day has a mark of its own, and all else of ours says that it is a what-if."""
    drawn = {trace.name: trace for trace in figures.make_or_buy(0.5)(curve(0.8), LIGHT).data}
    measured = drawn["ours as measured on 2026-06-18"]
    assert (measured.x, measured.y) == ((0.4,), (2.4,))
    assert [
        name
        for name in drawn
        if name.startswith("ours") and "measured" not in name and "what if" not in name
    ] == []


def test_a_price_that_is_only_bounded_is_a_band() -> None:
    """No line in its middle, no load at which both are even, and words that say so."""
    rows = curve(None, market_usd=[None, None], market_low=[0.5, 0.5], market_high=[1.5, 1.5])
    (band,) = [
        trace
        for trace in figures.make_or_buy(0.5)(rows, LIGHT).data
        if "between bounds" in trace.name
    ]
    assert (band.fill, set(band.y)) == ("toself", {0.5, 1.5})
    assert figures.price(rows.row(0, named=True)) == "$0.5 to $1.50"
    assert "only bounds are known" in figures.even(rows.row(0, named=True))


def test_a_day_that_is_not_there_breaks_the_line() -> None:
    """The 18th and the 20th are not joined over the 19th."""
    rows = pl.DataFrame(
        {
            "date": [TEN.date(), (TEN + timedelta(days=2)).date()],
            "local_to_market": [0.1, 0.2],
            "reason": [None, None],
        }
    )
    (line,) = figures.share(rows, LIGHT).data
    assert line.y == (0.1, None, 0.2)
    assert line.connectgaps is False


def test_our_unknown_speed_stands_among_the_hosts_with_its_reason() -> None:
    """No bar of length 0; hosts with other weights differ in their pattern too."""
    rows = pl.DataFrame(
        {
            "who": ["near", "far", "our tier"], "p50": [100.0, 50.0, None], "coverage": [1.0, 1.0, None],
            "is_compared": [True, False, True], "is_ours": [False, False, True], "reason": ["no latency"] * 3,
            "times_as_fast": [None] * 3, "percentile_among_hosts": [None] * 3,
        }
    )  # fmt: skip
    made = figures.parity("ttft")(rows, LIGHT)
    assert made.layout.annotations[0].text == "unknown: no latency"
    assert made.layout.yaxis.categoryarray == ("our tier", "near", "far")
    assert len({trace.marker.pattern.shape for trace in made.data}) == 3


def cards(page: Page, whole: Path, search: str = "") -> dict[str, tuple[Card, pl.DataFrame]]:
    generation = Published(Sources(whole, open_published, query.frame)).newest()
    assert generation
    filters: Filters = read_filters(search, page.controls(generation))
    return {
        card.key: (card, generation.frame(card.query))
        for card in page.cards_for(filters, generation)
        if isinstance(card, Card)
    }


@pytest.mark.slow
@pytest.mark.parametrize("page", [EFFICIENCY, METAL], ids=["efficiency", "metal"])
def test_every_card_draws_a_whole_home(whole: Path, page: Page) -> None:
    """Each query has rows there, and each figure can be drawn in light and dark."""
    for card, rows in cards(page, whole).values():
        assert rows.height, card.key
        assert card.draw(rows, LIGHT) is not None
        assert card.draw(rows, Look("dark")) is not None


@pytest.mark.slow
def test_the_what_if_is_the_mart_s_own_figure_where_they_meet(whole: Path) -> None:
    """At factors of 1 and a load of a half, the page's SQL and make_or_buy_sensitivity give one figure; dearer energy raises it."""
    rows = cards(METAL, whole, "?load=0.5&energy=1&amortisation=1")["curve"][1]
    generation = Published(Sources(whole, open_published, query.frame)).newest()
    assert generation
    target, _, family = METAL.controls(generation)[0].default.partition("|")
    mart = query.frame(
        generation.path,
        f"select local_usd_per_mtok::double as usd from make_or_buy_sensitivity where target = '{target}' and model_family = '{family}' "
        "and kind = 'list' and load = 0.5 and energy_factor = 1 and amortisation_factor = 1", 30,
    )  # fmt: skip
    assert rows["local_usd_at_chosen_load"][0] == pytest.approx(mart["usd"][0], rel=1e-6)
    dearer = cards(METAL, whole, "?load=0.5&energy=4")["curve"][1]
    assert dearer["local_usd_at_chosen_load"][0] > rows["local_usd_at_chosen_load"][0]


@pytest.mark.slow
def test_a_slider_changes_the_figure_and_the_url(whole: Path) -> None:
    """By keyboard, as anybody can; the link then shows the same to others."""
    with dashboard(whole) as url, browser() as chromium:
        page = chromium.new_page()
        page.goto(f"{url}/metal")
        figure = settled(page).locator("#card-verdict .tile-value").first
        before = figure.inner_text()
        page.locator(".slider [role=slider]").first.focus()
        page.keyboard.press("ArrowRight")
        page.wait_for_function("() => location.search.includes('load=0.55')")
        page.wait_for_function(
            f"() => document.querySelector('#card-verdict .tile-value').innerText !== '{before}'"
        )
        assert figure.inner_text() != before
        with page.expect_download() as download:
            page.locator("#card-curve").get_by_text("CSV").click()
        assert "local_usd_at_chosen_load" in download.value.path().read_text()
