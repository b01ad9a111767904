"""Cards of clusters: figures where they are known, and the reason where none is."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl

from dashboards.components.theme import Theme
from dashboards.pages.tier.clusters import newest, speed

AT = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(*speeds: float | None) -> pl.DataFrame:
    return pl.DataFrame(
        {
            "instant": [AT + timedelta(hours=number) for number in range(len(speeds))],
            "series": "pod",
            "tokens_per_second_per_device": pl.Series(speeds, dtype=pl.Float64),
            "reason": "no time of this hour is timed",
            "step_hours": 1,
        }
    )


def test_an_hour_without_a_figure_is_left_open() -> None:
    [line] = speed(hours(66.7, None, 70.0), Theme("light")).data
    assert list(line.y) == [66.7, None, 70.0]
    assert line.connectgaps is False


def test_a_speed_that_is_never_known_has_its_reason() -> None:
    made = speed(hours(None, None), Theme("light"))
    assert not made.data
    assert "no time of this hour is timed" in str(made.layout.annotations)


def test_a_cluster_is_a_row() -> None:
    row: dict[str, Any] = {"cluster": "pod", "hour_at": AT, "scaling_efficiency": 0.667}
    assert "2026-06-18 10:00" in str(newest(pl.DataFrame([row])))
