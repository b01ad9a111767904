"""Charts of our tier's history: speed, requests, latency, goodput, cache."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache

import polars as pl

from dashboards.chart import Chart
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import (
    add_line,
    insert_gaps,
    label_series,
    line_chart,
    name_known,
    reason_chart,
    series_names,
    stacked_bars,
    y_axis,
)

REASONS = {
    "stop": "reached their end",
    "length": "reached their limit",
    "abort": "cancelled",
    "error": "failed",
    "other": "another reason",
}
PERCENTILES = (("p50_seconds", "p50"), ("p90_seconds", "p90"), ("p99_seconds", "p99"))


@cache
def generated_speed(step: timedelta) -> Callable[[pl.DataFrame, Theme], Chart]:
    """Return a function that draws generated tokens per second, a point every `step`."""
    return _draw_speed("generated_tokens_per_second", step)


@cache
def prompt_speed(step: timedelta) -> Callable[[pl.DataFrame, Theme], Chart]:
    """Return a function that draws prompt tokens per second, a point every `step`."""
    return _draw_speed("prompt_tokens_per_second", step)


def _draw_speed(column: str, step: timedelta) -> Callable[[pl.DataFrame, Theme], Chart]:
    return lambda rows, theme: line_chart(rows, theme, column, "tokens per second", step=step)


def requests(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the requests that ended, by reason."""
    wide = rows.pivot("reason", index=["instant", "step_hours"], values="requests").sort("instant")
    parts = [(column, name) for column, name in REASONS.items() if column in wide.columns]
    return stacked_bars(wide, theme, parts, "requests")


def coverage(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw how much of each hour was covered by scrapes."""
    return line_chart(rows, theme, "covered_share", "share of the hour", ".0%", top=1)


def latency(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw percentiles by hour; an open triangle is a lower bound beyond the last bucket."""
    made = figure(theme, yaxis=y_axis(theme, "seconds"))
    all_series = series_names(rows)
    number = 0
    for series in all_series:
        part = insert_gaps(rows.filter(pl.col("series") == series))
        for percentile, label in PERCENTILES:
            name = label if len(all_series) == 1 else f"{series} {label}"
            bound = percentile.replace("_seconds", "_lower_bound_seconds")
            add_line(made, theme, part, percentile, name, number, ",.4~f")
            _add_lower_bounds(made, theme, part, bound, name, number)
            number += 1
    return made


def _add_lower_bounds(
    made: Chart, theme: Theme, part: pl.DataFrame, column: str, name: str, number: int
) -> None:
    known = part.filter(pl.col(column).is_not_null())
    if known.is_empty():
        return
    made.add_scatter(
        x=known["instant"].to_list(),
        y=known[column].to_list(),
        name=f"{name}, at least",
        mode="markers",
        marker={
            "symbol": "triangle-up-open",
            "size": 11,
            "color": theme.colour(number),
            "line": {"width": 2},
        },
    )


def goodput(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of requests that met every objective."""
    return line_chart(rows, theme, "goodput_share", "share of requests", ".0%", top=1)


def prefix_cache(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of prompt tokens found in all tiers of the cache, and on the device.

    A server of one tier has one line; of one that counts the device's hits alone, that is said.
    """
    if rows["total_share"].is_null().all() and rows["device_share"].is_null().all():
        return reason_chart(theme, "The servers count lookups, but not hits.")
    made = figure(theme, yaxis=y_axis(theme, "share of prompt tokens", ".0%", 1))
    number = 0
    for series in series_names(rows):
        part = insert_gaps(rows.filter(pl.col("series") == series))
        has_more = part["beyond_share"].fill_null(0).max() != 0
        in_all, device = part["total_share"], part["device_share"]
        if not in_all.is_null().all() or device.is_null().all():
            name = name_known(f"{series}: all tiers" if has_more else series, in_all)
            add_line(made, theme, part, "total_share", name, number, ".1%")
            number += 1
        if has_more or (in_all.is_null() & device.is_not_null()).any():
            add_line(made, theme, part, "device_share", f"{series}: device", number, ".1%")
            number += 1
    return label_series(made)
