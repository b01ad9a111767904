"""Lines over time: no line crosses a gap, and each has a dash and a symbol beside its colour."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import (
    MINUTE,
    add_line,
    insert_gaps,
    line_chart,
    most_frequent,
    note_missing,
    reason_chart,
    stacked_bars,
    step_hours,
)

LIGHT = Theme()
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(at: list[int], values: list[float | None], series: str = "ours") -> pl.DataFrame:
    """Return one series with values at these hours."""
    instants = [TEN + timedelta(hours=hour) for hour in at]
    return pl.DataFrame(
        {"instant": instants, "series": [series] * len(at), "value": values},
        schema_overrides={"value": pl.Float64},
    )


def test_a_missing_hour_gets_an_empty_row() -> None:
    """It stands in the middle of the gap."""
    rows = insert_gaps(hours([0, 1, 3], [1.0, 2.0, 3.0]))
    assert rows["value"].to_list() == [1.0, 2.0, None, 3.0]
    assert rows["instant"][2] == TEN + timedelta(hours=2, minutes=30)


def test_rows_without_a_gap_stay_as_they_are() -> None:
    rows = hours([0, 1, 2], [1.0, 2.0, 3.0])
    assert insert_gaps(rows).equals(rows)


def test_the_step_may_come_with_the_rows() -> None:
    """A day is no gap where points are days apart."""
    days = hours([0, 24, 72], [1.0, 2.0, 3.0]).with_columns(step_hours=pl.lit(24))
    assert insert_gaps(days)["value"].to_list() == [1.0, 2.0, None, 3.0]
    assert (step_hours(days), step_hours(hours([0], [1.0]))) == (24, 1)


def test_a_chart_has_a_line_for_each_series_and_its_unit_on_the_axis() -> None:
    rows = pl.concat([hours([0, 1], [1.0, 2.0], "b"), hours([0, 1], [3.0, None], "a")])
    made = line_chart(rows, LIGHT, "value", "tokens per second")
    lines = traces_of(made)
    assert {name: line.y for name, line in lines.items()} == {"a": (3.0, None), "b": (1.0, 2.0)}
    assert lines["a"].line.dash != lines["b"].line.dash
    assert lines["a"].marker.symbol != lines["b"].marker.symbol
    assert unit_of(made) == "tokens per second"
    assert made.layout.showlegend


def test_one_line_needs_no_legend() -> None:
    assert not line_chart(hours([0], [1.0]), LIGHT, "value", "s").layout.showlegend


def test_a_share_has_its_top_on_the_axis() -> None:
    made = line_chart(hours([0], [0.5]), LIGHT, "value", "share", ".0%", top=1)
    assert (made.layout.yaxis.range, made.layout.yaxis.tickformat) == ((0, 1.02), ",.6~p")


def test_an_empty_frame_draws_an_empty_chart() -> None:
    made = line_chart(hours([], []), LIGHT, "value", "s")
    assert not made.data
    assert unit_of(made) == "s"


def test_a_long_line_has_no_signs_on_its_points() -> None:
    rows = hours(list(range(60)), [1.0] * 60)
    [line] = line_chart(rows, LIGHT, "value", "s", step=MINUTE * 60).data
    assert line.mode == "lines"


def test_open_points_are_estimates() -> None:
    made = figure(LIGHT)
    rows = hours([0, 1], [1.0, 2.0]).with_columns(is_rated=pl.Series([True, False]))
    add_line(made, LIGHT, rows, "value", "ours", 0, opened="is_rated")
    assert list(made.data[0].marker.symbol) == ["circle-open", "circle"]


def test_bars_stand_on_each_other_with_a_pattern_each() -> None:
    rows = pl.DataFrame({"instant": [TEN], "stop": [3], "length": [2]})
    parts = [("stop", "reached their end"), ("length", "reached their limit")]
    made = stacked_bars(rows, LIGHT, parts, "requests")
    bars = traces_of(made)
    assert {name: bar.y for name, bar in bars.items()} == {
        "reached their end": (3,),
        "reached their limit": (2,),
    }
    assert len({bar.marker.pattern.shape for bar in made.data}) == 2
    assert (made.layout.barmode, unit_of(made)) == ("stack", "requests")


def test_a_reason_stands_in_place_of_a_chart_in_short_lines() -> None:
    made = reason_chart(LIGHT, "No hour has both a throughput and a time per token.")
    text = made.layout.annotations[0].text
    assert max(len(line) for line in text.split("<br>")) <= 44
    assert not made.data


@pytest.mark.parametrize(
    ("reasons", "most"),
    [(["b", "a", "b", None], "b"), (["b", "a"], "a"), ([None, None], None), ([], None)],
)
def test_the_reason_of_most_rows(reasons: list[str | None], most: str | None) -> None:
    """Of two that are as frequent the first by name, so that it does not change."""
    assert most_frequent(pl.Series(reasons, dtype=pl.String)) == most


def test_a_line_without_a_known_point_is_named_unknown() -> None:
    """Its entry in the legend would otherwise promise a line that is not there."""
    rows = hours([0, 1], [None, None])
    [line] = line_chart(rows, LIGHT, "value", "share").data
    assert line.name.endswith(" (unknown)")


def test_hover_keeps_digits_that_the_axis_does_not_need() -> None:
    [line] = line_chart(hours([0], [0.004]), LIGHT, "value", "share", ".0%").data
    assert line.hovertemplate.startswith("%{y:,.3~p}")


def test_a_note_says_above_the_chart_what_is_missing() -> None:
    made = note_missing(line_chart(hours([0], [0.5]), LIGHT, "value", "share"), "Ours is missing.")
    assert made.layout.annotations[0].text == "Ours is missing."
