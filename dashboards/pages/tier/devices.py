"""Charts of our tier's devices: power and memory."""

import polars as pl

from dashboards.chart import Chart
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import (
    add_line,
    insert_gaps,
    label_series,
    line_chart,
    most_frequent,
    reason_chart,
    series_names,
    y_axis,
)

# With more devices than these, lines of their whole memory would hide the others.
MAX_TOTALS = 4


def power(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw mean watts of each device; an open point is no measurement of the whole hour."""
    if rows["mean_watts"].is_null().all():
        reason = most_frequent(rows["reason"]) or "no reason is given"
        return reason_chart(theme, f"Unknown: {reason}.")
    made = figure(theme, yaxis=y_axis(theme, "watts"))
    rows = rows.with_columns(is_open=~pl.col("is_valid").fill_null(value=False))
    for number, series in enumerate(series_names(rows)):
        part = insert_gaps(rows.filter(pl.col("series") == series))
        shown = part.with_columns(pl.col("is_open").fill_null(value=True))
        add_line(made, theme, shown, "mean_watts", series, number, ",.1f", opened="is_open")
    return label_series(made)


def memory(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw memory in use, and where devices are few their whole memory as a dotted line."""
    if rows["memory_used_gib"].is_null().all():
        return reason_chart(theme, "Unknown: no device reports its memory.")
    made = line_chart(rows, theme, "memory_used_gib", "GiB")
    for series in series_names(rows)[:MAX_TOTALS]:
        part = insert_gaps(rows.filter(pl.col("series") == series))
        made.add_scatter(
            x=part["instant"].to_list(),
            y=part["memory_total_gib"].to_list(),
            name=f"{series}: total",
            mode="lines",
            connectgaps=False,
            line={"color": theme.ink, "dash": "dot", "width": 1},
        )
    return made
