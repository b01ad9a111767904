"""Charts of the live panel: the last ten minutes, a line for each target and model."""

from datetime import UTC, datetime, timedelta

import polars as pl
import pytest
from support.dashboard.components import traces_of

from dashboards.components.theme import Theme
from dashboards.pages.tier.live import EMPTY
from dashboards.pages.tier.live_figures import GIB, PANELS, LivePanel, draw_panel

LIGHT = Theme()
NOW = datetime(2026, 6, 18, 10, tzinfo=UTC)
BY_KEY = {panel.key: panel for panel in PANELS}


def samples(*rows: tuple[str, str | None, str, float, float | None]) -> pl.DataFrame:
    """Return samples as (target, model, metric, seconds ago, value)."""
    made = [
        (target, model, metric, NOW - timedelta(seconds=ago), value)
        for target, model, metric, ago, value in rows
    ]
    return pl.DataFrame(made, schema=EMPTY.schema, orient="row")


def test_a_null_breaks_the_line() -> None:
    found = samples(
        ("a", "m", "requests_running", 15.0, 1.0),
        ("a", "m", "requests_running", 10.0, None),
        ("a", "m", "requests_running", 5.0, 2.0),
    )
    [line] = draw_panel(found, LIGHT, BY_KEY["load"], NOW).data
    assert line.y == (1.0, None, 2.0)
    assert line.connectgaps is False


def test_lines_are_named_by_target_model_and_metric() -> None:
    found = samples(
        ("a", "m", "requests_running", 5.0, 1.0),
        ("a", "m", "requests_waiting", 5.0, 3.0),
        ("b", "m", "requests_running", 5.0, 2.0),
    )
    made = draw_panel(found, LIGHT, BY_KEY["load"], NOW)
    assert list(traces_of(made)) == ["a m running", "b m running", "a m waiting"]
    assert made.layout.showlegend


def test_a_device_has_no_model_in_its_name() -> None:
    found = samples(("a", None, "power_watts", 5.0, 90.0))
    assert list(traces_of(draw_panel(found, LIGHT, BY_KEY["power"], NOW))) == ["a"]


def test_memory_is_in_gibibytes() -> None:
    found = samples(("a", None, "memory_used_bytes", 5.0, 3.0 * GIB))
    [line] = draw_panel(found, LIGHT, BY_KEY["memory"], NOW).data
    assert line.y == (3.0,)
    assert BY_KEY["memory"].unit == "GiB"


def test_the_axis_is_the_last_ten_minutes() -> None:
    made = draw_panel(EMPTY, LIGHT, BY_KEY["speed"], NOW)
    assert made.layout.xaxis.range == (NOW - timedelta(minutes=10), NOW)


@pytest.mark.parametrize("panel", PANELS, ids=lambda panel: panel.key)
def test_a_panel_without_samples_says_so(panel: LivePanel) -> None:
    made = draw_panel(EMPTY, LIGHT, panel, NOW)
    assert not made.data
    assert made.layout.annotations[0].text == "nothing is reported"
