"""Charts of speculative decoding and of expert layers."""

import polars as pl

from dashboards.chart import Chart
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import (
    add_line,
    insert_gaps,
    label_series,
    line_chart,
    most_frequent,
    name_known,
    reason_chart,
    series_names,
    stacked_bars,
    y_axis,
)

LAYER_TIME = (
    ("compute_seconds", "experts at work"),
    ("dispatch_seconds", "rows sent out"),
    ("combine_seconds", "rows sent back"),
    ("exposed_wait_seconds", "waiting, nothing to do"),
)


def speculation(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of draft tokens that were accepted."""
    return line_chart(rows, theme, "acceptance", "share of draft tokens", ".0%", top=1)


def speculation_positions(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw how many of the tokens drafted at each position were accepted."""
    made = figure(
        theme,
        xaxis={"title": {"text": "position within the draft"}, "dtick": 1},
        yaxis=y_axis(theme, "share of tokens drafted there", ".0%", 1),
    )
    for number, series in enumerate(series_names(rows)):
        part = rows.filter(pl.col("series") == series)
        shown = part.select("accepted_share", instant="place")
        name = f"{series}, at least" if part["is_bound"].any() else series
        add_line(made, theme, shown, "accepted_share", name, number, ".1%")
    return label_series(made)


def layer_time(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw where the time of expert layers went."""
    if rows["layer_seconds"].is_null().all():
        return _reason(rows, theme)
    sums = [pl.col(column).sum() for column, _ in LAYER_TIME]
    hours = rows.group_by("instant", "step_hours").agg(sums).sort("instant")
    return stacked_bars(hours, theme, LAYER_TIME, "seconds")


def overlap_gain(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw overlap efficiency beside the share of time that waits exposed."""
    if rows["overlap_efficiency"].is_null().all() and rows["exposed_share"].is_null().all():
        return _reason(rows, theme)
    made = figure(theme, yaxis={**y_axis(theme, "share", ".0%"), "rangemode": "normal"})
    for number, series in enumerate(series_names(rows)):
        part = insert_gaps(rows.filter(pl.col("series") == series))
        saved, waiting = f"{series}: saved of what could be", f"{series}: waiting"
        saved = name_known(saved, part["overlap_efficiency"])
        add_line(made, theme, part, "overlap_efficiency", saved, 2 * number, ".1%")
        waiting = name_known(waiting, part["exposed_share"])
        add_line(made, theme, part, "exposed_share", waiting, 2 * number + 1, ".1%")
    return made


def balance(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the busiest expert over the mean one; 1 is even."""
    made = line_chart(rows, theme, "balance", "busiest over mean", ".2~f")
    made.add_shape(
        type="line",
        x0=0,
        x1=1,
        xref="x domain",
        y0=1,
        y1=1,
        line={"color": theme.ink, "dash": "dot", "width": 1},
    )
    made.add_annotation(
        x=1,
        xref="x domain",
        y=1,
        xanchor="right",
        yanchor="bottom",
        text="even",
        showarrow=False,
        font={"size": 11},
    )
    return made


def _reason(rows: pl.DataFrame, theme: Theme) -> Chart:
    return reason_chart(theme, most_frequent(rows["overlap_reason"]) or "No reason is given.")
