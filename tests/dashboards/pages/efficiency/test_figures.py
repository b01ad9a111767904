"""Charts of the efficiency page: frontiers, gaps, ratings and reasons."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
import pytest
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.efficiency.figures import (
    cost,
    energy,
    frontier,
    pareto_frontier,
    utilisation,
)

LIGHT = Theme()
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(**columns: list[Any]) -> pl.DataFrame:
    """Return hours of one target and model."""
    count = len(next(iter(columns.values())))
    base: dict[str, list[Any]] = {
        "instant": [TEN + timedelta(hours=hour) for hour in range(count)],
        "series": ["ours"] * count,
        "line": ["a"] * count,
        "model_name": ["m"] * count,
    }
    return pl.DataFrame({**base, **columns}, strict=False)


SPEEDS = hours(
    tokens_per_second_per_user=[10.0, 15.0, 20.0, 30.0],
    tokens_per_second_per_device=[50.0, 20.0, 30.0, 10.0],
)


def test_the_frontier_is_the_hours_that_no_other_beats_in_both() -> None:
    """(10, 50), (20, 30) and (30, 10) are on it; (15, 20) is beaten by (20, 30)."""
    best = pareto_frontier(SPEEDS)
    assert sorted(best["tokens_per_second_per_user"].to_list()) == [10, 20, 30]


def test_points_and_frontier_are_drawn() -> None:
    """The corner between two hours was never measured, so the steps are flat first."""
    made = frontier(SPEEDS, LIGHT)
    points, line = made.data
    assert (points.mode, len(points.x), line.mode) == ("markers", 4, "lines")
    assert (line.line.shape, line.x) == ("hv", (30.0, 20.0, 10.0))
    assert points.text[0] == "2026-06-18 10:00 UTC"
    assert unit_of(made) == "tokens/s of a device"
    assert unit_of(made, "xaxis") == "tokens/s of one request"


def test_one_point_is_no_frontier() -> None:
    assert len(frontier(SPEEDS.head(1), LIGHT).data) == 1


def test_an_hour_without_throughput_is_not_drawn() -> None:
    rows = hours(
        tokens_per_second_per_user=[10.0, 20.0, None],
        tokens_per_second_per_device=[5.0, 0.0, 7.0],
    )
    assert frontier(rows, LIGHT).data[0].x == (10.0,)


def test_two_targets_of_one_kind_are_two_lines_of_one_name() -> None:
    """A line between them would show a change that never was; the legend has the kind once."""
    rows = hours(
        joules_per_token=[5.0, 7.0],
        is_rated=[False, False],
        energy_reason=[None, None],
        line=["a", "b"],
        series=["H20"] * 2,
    )
    lines = energy(rows, LIGHT).data
    assert [line.y for line in lines] == [(5.0,), (7.0,)]
    assert [(line.name, line.showlegend) for line in lines] == [("H20", True), ("H20", False)]


def test_unknown_energy_is_a_gap_and_a_rating_is_open() -> None:
    rows = hours(
        joules_per_token=[5.0, None, 7.0],
        is_rated=[False, None, True],
        energy_reason=[None, "no tokens", None],
    )
    made = energy(rows, LIGHT)
    [line] = made.data
    assert line.y == (5.0, None, 7.0)
    assert line.connectgaps is False
    assert list(line.marker.symbol) == ["circle", "circle", "circle-open"]
    assert unit_of(made) == "J per token"


def test_cost_is_drawn_with_and_without_idle_time() -> None:
    rows = hours(usd_per_mtok=[2.0], usd_per_mtok_without_idle=[1.5], cost_reason=[None])
    made = cost(rows, LIGHT)
    assert {name: line.y for name, line in traces_of(made).items()} == {
        "with idle": (2.0,),
        "without idle": (1.5,),
    }
    assert unit_of(made) == "$/Mtok"


def test_lines_of_several_series_are_named_after_them() -> None:
    rows = hours(
        usd_per_mtok=[2.0, 3.0],
        usd_per_mtok_without_idle=[1.5, None],
        cost_reason=[None, None],
        series=["H20", "910B2"],
        line=["a", "b"],
    )
    names = list(traces_of(cost(rows, LIGHT)))
    assert names == ["910B2: with idle", "H20: with idle", "H20: without idle"]


def test_the_use_of_peaks_is_a_percentage() -> None:
    made = utilisation(hours(mfu=[0.06], mbu=[0.05], mfu_reason=[None]), LIGHT)
    assert list(traces_of(made)) == ["MFU", "MBU"]
    assert made.layout.yaxis.tickformat == ",.6~p"


EMPTY_COLUMNS: dict[str, list[Any]] = {
    "joules_per_token": [None],
    "energy_reason": ["no exporter"],
    "usd_per_mtok": [None],
    "usd_per_mtok_without_idle": [None],
    "cost_reason": ["no cost of the kind"],
    "mfu": [None],
    "mbu": [None],
    "mfu_reason": ["no peak of the kind"],
    "is_rated": [None],
}


@pytest.mark.parametrize(
    ("draw", "reason"),
    [(energy, "no exporter"), (cost, "no cost of the kind"), (utilisation, "no peak of the kind")],
)
def test_figures_that_are_unknown_in_every_hour_have_their_reason(draw: Any, reason: str) -> None:
    made = draw(hours(**EMPTY_COLUMNS), LIGHT)
    assert not made.data
    assert made.layout.annotations[0].text == f"Unknown: {reason}."


@pytest.mark.parametrize("draw", [energy, cost, utilisation])
def test_an_empty_frame_draws(draw: Any) -> None:
    made = draw(hours(**EMPTY_COLUMNS).clear(), LIGHT)
    assert made.layout.annotations[0].text == "Unknown."


def test_no_known_hour_says_what_is_missing() -> None:
    made = frontier(SPEEDS.clear(), LIGHT)
    assert "No hour has both" in made.layout.annotations[0].text
