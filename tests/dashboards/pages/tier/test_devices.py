"""Charts of devices: power that was not measured is open, memory has its total."""

from datetime import UTC, datetime, timedelta
from typing import Any

import polars as pl
from support.dashboard.components import traces_of, unit_of

from dashboards.components.theme import Theme
from dashboards.pages.tier.devices import MAX_TOTALS, memory, power

LIGHT = Theme()
TEN = datetime(2026, 6, 18, 10, tzinfo=UTC)


def hours(series: str = "tier-00 · 0", **columns: list[Any]) -> pl.DataFrame:
    """Return hours of one device."""
    count = len(next(iter(columns.values())))
    instants = [TEN + timedelta(hours=hour) for hour in range(count)]
    kinds = {
        name: pl.Float64
        for name in ("mean_watts", "memory_used_gib", "memory_total_gib")
        if name in columns
    }
    return pl.DataFrame(
        {"instant": instants, "series": [series] * count, **columns}, schema_overrides=kinds
    )


def test_an_hour_that_was_not_measured_whole_is_open() -> None:
    rows = hours(
        mean_watts=[100.0, 90.0, None],
        is_valid=[True, False, None],
        reason=[None, "gap", "no sample"],
    )
    made = power(rows, LIGHT)
    [line] = made.data
    assert list(line.marker.symbol) == ["circle", "circle-open", "circle-open"]
    assert line.y == (100.0, 90.0, None)
    assert unit_of(made) == "watts"


def test_power_that_nobody_knows_has_its_reason() -> None:
    rows = hours(mean_watts=[None], is_valid=[None], reason=["no exporter"])
    made = power(rows, LIGHT)
    assert not made.data
    assert made.layout.annotations[0].text == "Unknown: no exporter."


def test_power_without_a_reason_says_that_too() -> None:
    made = power(hours(mean_watts=[None], is_valid=[None], reason=[None]), LIGHT)
    assert "no reason is given" in made.layout.annotations[0].text


def test_memory_has_what_is_used_below_what_there_is() -> None:
    made = memory(hours(memory_used_gib=[40.0], memory_total_gib=[64.0]), LIGHT)
    lines = traces_of(made)
    assert lines["tier-00 · 0"].y == (40.0,)
    assert lines["tier-00 · 0: total"].y == (64.0,)
    assert lines["tier-00 · 0: total"].line.dash == "dot"
    assert unit_of(made) == "GiB"


def test_of_many_devices_only_some_totals_are_drawn() -> None:
    rows = pl.concat(
        hours(f"tier-{number}", memory_used_gib=[40.0], memory_total_gib=[64.0])
        for number in range(9)
    )
    names = traces_of(memory(rows, LIGHT))
    assert sum(name.endswith(": total") for name in names) == MAX_TOTALS


def test_memory_that_nobody_reports_says_so() -> None:
    made = memory(hours(memory_used_gib=[None], memory_total_gib=[None]), LIGHT)
    assert not made.data
    assert "no device reports its memory" in made.layout.annotations[0].text
