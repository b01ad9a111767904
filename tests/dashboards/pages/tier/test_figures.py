"""Charts of our tier: gaps stay gaps, null is never 0, bounds differ from measurements."""

from datetime import UTC, datetime, timedelta
from typing import Any

import duckdb
import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.components.timelines import HOUR, MINUTE
from dashboards.pages.tier import figures
from dashboards.query import query

LIGHT = Theme()
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(at: list[int], **columns: list[Any]) -> pl.DataFrame:
    """Return hours of one series."""
    instants = [TEN + timedelta(hours=hour) for hour in at]
    return pl.DataFrame(
        {"instant": instants, "series": ["ours"] * len(at), **columns}, strict=False
    )


SPEED = hours([0, 2], generated_tokens_per_second=[5.0, 7.0], prompt_tokens_per_second=[50.0, None])


def test_no_line_crosses_a_missing_hour() -> None:
    """11:00 is not there: an empty row between 10:00 and 12:00 breaks the line."""
    [line] = figures.generated_speed(HOUR)(SPEED, LIGHT).data
    assert line.y == (5.0, None, 7.0)
    assert line.connectgaps is False


def test_prompts_have_their_own_speed_and_unit() -> None:
    made = figures.prompt_speed(HOUR)(SPEED, LIGHT)
    assert made.data[0].y == (50.0, None, None)
    assert unit_of(made) == "tokens per second"


def test_days_are_joined_and_a_missing_day_is_not() -> None:
    """Beyond a week a point is a day: the step comes with the rows."""
    rows = hours([0, 24, 72], generated_tokens_per_second=[5.0, 6.0, 7.0], step_hours=[24] * 3)
    [line] = figures.generated_speed(HOUR)(rows, LIGHT).data
    assert line.y == (5.0, 6.0, None, 7.0)


def test_the_same_step_is_drawn_by_the_same_function() -> None:
    """Cards are compared, and one that draws the same stays as it is in the browser."""
    assert figures.generated_speed(HOUR) is figures.generated_speed(HOUR)
    assert figures.generated_speed(HOUR) is not figures.generated_speed(5 * MINUTE)


def test_requests_stand_on_each_other_by_reason() -> None:
    rows = pl.DataFrame(
        {
            "instant": [TEN] * 2,
            "reason": ["length", "stop"],
            "step_hours": [1] * 2,
            "requests": [2, 8],
        }
    )
    made = figures.requests(rows, LIGHT)
    assert {name: bar.y for name, bar in traces_of(made).items()} == {
        "reached their end": (8,),
        "reached their limit": (2,),
    }
    assert unit_of(made) == "requests"


def test_coverage_is_a_share_of_the_hour() -> None:
    made = figures.coverage(hours([0], covered_share=[0.5]), LIGHT)
    assert made.layout.yaxis.range == (0, 1.02)
    assert unit_of(made) == "share of the hour"


def latency(**changes: list[Any]) -> pl.DataFrame:
    """Return two hours of percentiles."""
    known: dict[str, list[Any]] = {
        "p50_seconds": [0.2, 0.3],
        "p90_seconds": [0.5, None],
        "p99_seconds": [None, None],
        "p50_lower_bound_seconds": [None, None],
        "p90_lower_bound_seconds": [None, 2.0],
        "p99_lower_bound_seconds": [2.0, 2.0],
    }
    return hours([0, 1], **(known | changes))


def test_a_percentile_beyond_the_last_bucket_is_at_least_its_bound() -> None:
    """The line has a gap there, and an open triangle has the bound."""
    drawn = traces_of(figures.latency(latency(), LIGHT))
    assert drawn["p90"].y == (0.5, None)
    bound = drawn["p90, at least"]
    assert (bound.y, bound.marker.symbol) == ((2.0,), "triangle-up-open")
    assert "p50, at least" not in drawn


def test_percentiles_of_several_series_are_named_after_them() -> None:
    other = latency().with_columns(series=pl.lit("theirs"))
    made = figures.latency(pl.concat([latency(), other]), LIGHT)
    lines = {name for name in traces_of(made) if "at least" not in name}
    assert {"ours p50", "theirs p99"} <= lines
    assert len({trace.line.dash for trace in made.data if "at least" not in trace.name}) == 6
    assert unit_of(made) == "seconds"


def test_goodput_is_a_share_of_requests() -> None:
    made = figures.goodput(hours([0], goodput_share=[0.9]), LIGHT)
    assert (made.data[0].y, unit_of(made)) == ((0.9,), "share of requests")


CACHES = """
    create table prefix_cache_hourly as
    select timestamptz '2026-06-18 10:00:00+00' as hour_at, 'm' as model_name, *
    from (values
        ('a', 'pool', 100, 20, 50, 70, 0.2, 0.5, 0.7),
        ('b', 'pool', 300, 30, 0, 30, 0.1, 0.0, 0.1),
        ('old', 'pool', 600, 60, null, null, 0.1, null, null)
    ) as rows (
        target, service, queries, hits, hits_beyond_device, hits_in_all,
        device_hit_share, beyond_device_hit_share, total_hit_share
    )
"""


def test_a_share_of_replicas_is_over_those_that_know_it() -> None:
    """One that counts the device's hits alone is in that share only."""
    window = {"service": "", "target": "", "model": "", "drawn": [], "by": "service"}
    asked = query("tier/prefix_cache", **window, hours=24, step=1)
    with duckdb.connect() as con:
        con.execute(CACHES)
        [row] = con.execute(asked.sql, asked.values).pl().rows(named=True)
    assert row["total_share"] == pytest.approx(100 / 400)
    assert row["beyond_share"] == pytest.approx(50 / 400)
    assert row["device_share"] == pytest.approx(110 / 1000)


def cached(total: float | None, device: float | None, beyond: float | None) -> pl.DataFrame:
    """Return an hour with these shares of prompt tokens found in the cache."""
    rows = hours([0], total_share=[total], device_share=[device], beyond_share=[beyond])
    return rows.cast({name: pl.Float64 for name in rows.columns if name.endswith("_share")})


def test_a_cache_that_reports_no_hits_says_so() -> None:
    made = figures.prefix_cache(cached(None, None, None), LIGHT)
    assert not made.data
    assert "not hits" in made.layout.annotations[0].text


@pytest.mark.parametrize(
    ("shares", "lines"),
    [
        ((0.25, 0.25, 0.0), {"ours": (0.25,)}),
        ((0.75, 0.25, 0.5), {"ours: all tiers": (0.75,), "ours: device": (0.25,)}),
        ((None, 0.25, None), {"ours: device": (0.25,)}),
        ((0.4, None, None), {"ours": (0.4,)}),
    ],
)
def test_tiers_of_the_cache_are_lines_where_they_are_known(
    shares: tuple[float | None, ...], lines: dict[str, tuple[float]]
) -> None:
    """A server of one tier has one line, and none is drawn for what nobody counts."""
    made = figures.prefix_cache(cached(*shares), LIGHT)
    assert {name: trace.y for name, trace in traces_of(made).items()} == lines
    assert unit_of(made) == "share of prompt tokens"


@pytest.mark.parametrize(
    ("draw", "rows"),
    [
        (figures.generated_speed(HOUR), SPEED),
        (figures.prompt_speed(HOUR), SPEED),
        (figures.coverage, hours([0], covered_share=[0.5])),
        (figures.latency, latency()),
        (figures.goodput, hours([0], goodput_share=[0.9])),
        (figures.prefix_cache, cached(0.25, 0.25, 0.0)),
    ],
)
def test_an_empty_frame_draws(draw: Any, rows: pl.DataFrame) -> None:
    assert not draw(rows.clear(), LIGHT).data
