"""Our tier's history: holes stay holes, null is never 0, bounds are told from measurements, and every card draws a whole home."""

from datetime import UTC, datetime, timedelta
from pathlib import Path

import polars as pl
import pytest

from dashboards.components.filters import read_filters
from dashboards.components.page import Card
from dashboards.components.theme import Look
from dashboards.components.timelines import HOUR, with_holes
from dashboards.generations import Generation, Published, Sources
from dashboards.pages.tier import figures
from dashboards.pages.tier.page import TIER, drawn_targets
from pipelines.publish import query
from warehouse.connection import open_published

LIGHT = Look("light")
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(at: list[int], **columns: list[object]) -> pl.DataFrame:
    """Hours of one series."""
    return pl.DataFrame(
        {
            "instant": [TEN + timedelta(hours=hour) for hour in at],
            "series": ["ours"] * len(at),
            **columns,
        },
        strict=False,
    )


def test_no_line_crosses_a_missing_hour() -> None:
    """11:00 is not there: an empty row between 10:00 and 12:00 breaks the line."""
    (line,) = figures.generated(HOUR)(
        hours([0, 2], generated_tokens_per_second=[5.0, 7.0]), LIGHT
    ).data
    assert line.y == (5.0, None, 7.0)
    assert line.connectgaps is False
    assert with_holes(hours([0, 1, 2]))["instant"].len() == 3


def test_days_are_joined_and_a_missing_day_is_not() -> None:
    """Beyond a week a point is a day: the step comes with the rows."""
    rows = hours([0, 24, 72], generated_tokens_per_second=[5.0, 6.0, 7.0], step_hours=[24] * 3)
    (line,) = figures.generated(HOUR)(rows, LIGHT).data
    assert line.y == (5.0, 6.0, None, 7.0)


@pytest.mark.slow
def test_of_many_targets_the_busiest_are_drawn_and_it_is_said(whole: Path) -> None:
    """Two of four, where two are the most; with room for all nothing is left out and nothing said."""
    generation = Published(Sources(whole, open_published, query.frame)).newest()
    assert generation
    filters = read_filters("", TIER.controls(generation))
    by_tokens = query.frame(
        generation.path,
        "select target from served_tokens_hourly where hour_at > (select max(hour_at) from served_tokens_hourly) - interval 24 hour "
        "group by target order by sum(generation_tokens) desc", 30,
    )["target"].to_list()  # fmt: skip
    drawn, left_out = drawn_targets(filters, generation, most=2)
    assert drawn == by_tokens[:2]
    assert "2 of 4 targets" in left_out
    assert drawn_targets(filters, generation, most=4) == ([], "")


def test_a_percentile_beyond_the_last_bucket_is_at_least_its_bound() -> None:
    """The line has a gap there, and an open triangle says how much it is at least."""
    empty = [None, None]
    rows = hours(
        [0, 1], p50_seconds=[0.2, 0.3], p90_seconds=[0.5, None], p99_seconds=[None, None],
        p50_lower_bound_seconds=empty, p90_lower_bound_seconds=[None, 2.0], p99_lower_bound_seconds=[2.0, 2.0],
    )  # fmt: skip
    drawn = {trace.name: trace for trace in figures.latency(rows, LIGHT).data}
    assert drawn["p90"].y == (0.5, None)
    assert (drawn["p90, at least"].y, drawn["p90, at least"].marker.symbol) == (
        (2.0,),
        "triangle-up-open",
    )
    assert "p50, at least" not in drawn


def test_power_that_no_whole_hour_was_measured_is_open() -> None:
    """And where nothing is known at all, the reason stands in its place."""
    rows = hours(
        [0, 1, 2],
        mean_watts=[100.0, 90.0, None],
        is_valid=[True, False, None],
        reason=[None, "gap", "no sample"],
    )
    (line,) = figures.power(rows, LIGHT).data
    assert list(line.marker.symbol) == ["circle", "circle-open", "circle-open"]
    assert line.y == (100.0, 90.0, None)
    none = hours([0], mean_watts=[None], is_valid=[None], reason=["no exporter"]).with_columns(
        pl.col("mean_watts").cast(pl.Float64)
    )
    made = figures.power(none, LIGHT)
    assert not made.data
    assert "no exporter" in made.layout.annotations[0].text


def test_what_is_not_known_is_said_so() -> None:
    """Not 0, and not an empty place."""
    assert figures.said(None) == "unknown"
    assert figures.said(0.0) == "0.0"


def whole_tier(whole: Path) -> Generation:
    generation = Published(Sources(whole, open_published, query.frame)).newest()
    assert generation
    return generation


@pytest.mark.slow
@pytest.mark.parametrize(
    "search", ["", "?window=0&latency=tpot&method=events", "?target=tier-00&window=168"]
)
def test_every_card_draws_a_whole_home(whole: Path, search: str) -> None:
    """Each query has rows there, but for counts that agree, and each figure can be drawn in light and dark."""
    generation = whole_tier(whole)
    filters = read_filters(search, TIER.controls(generation))
    for card in (each for each in TIER.cards_for(filters, generation) if isinstance(each, Card)):
        rows = generation.frame(card.query)
        assert rows.height or card.key == "disagreements", card.key
        if rows.height:
            assert card.draw(rows, LIGHT) is not None
            assert card.draw(rows, Look("dark")) is not None


@pytest.mark.slow
def test_the_newest_hour_is_one_row_for_each_target_and_model(whole: Path) -> None:
    """Latency, cache and speculation are joined to it by hour, so nothing comes twice."""
    generation = whole_tier(whole)
    card = next(
        each
        for each in TIER.cards_for(read_filters("", TIER.controls(generation)), generation)
        if isinstance(each, Card)
    )
    rows = generation.frame(card.query)
    assert rows.select("target", "model_name").is_unique().all()
    assert rows.height == 4
