"""Charts of the efficiency page: throughput against interactivity, energy, cost, MFU and MBU."""

from collections.abc import Iterator

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.theme import Theme, figure
from dashboards.components.timelines import (
    add_line,
    insert_gaps,
    label_series,
    most_frequent,
    reason_chart,
    series_names,
    y_axis,
)

DEVICE, USER = "tokens_per_second_per_device", "tokens_per_second_per_user"


def frontier(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw a device's throughput against one user's speed, an hour a point, and their frontier."""
    known = rows.drop_nulls([DEVICE, USER]).filter(pl.col(DEVICE) > 0)
    if known.is_empty():
        reason = "No hour has both a throughput and a time per token: the server must report both."
        return reason_chart(theme, reason)
    made = figure(
        theme,
        xaxis={"title": {"text": "tokens/s of one request"}, "rangemode": "tozero"},
        yaxis=y_axis(theme, "tokens/s of a device"),
        hovermode="closest",
    )
    for number, series in enumerate(series_names(known)):
        part = known.filter(pl.col("series") == series)
        _add_points(made, theme, part, series, number)
        _add_frontier(made, theme, part, series, number)
    return label_series(made)


def _add_points(made: Chart, theme: Theme, part: pl.DataFrame, series: str, number: int) -> None:
    mark = numbered_mark(number, theme)
    made.add_scatter(
        x=part[USER].to_list(),
        y=part[DEVICE].to_list(),
        mode="markers",
        name=series,
        marker={"symbol": mark.symbol, "color": mark.colour, "size": 7, "opacity": 0.7},
        text=[f"{at:%Y-%m-%d %H:%M} UTC" for at in part["instant"].to_list()],
        hovertemplate=(
            "%{text}<br>%{x:,.1f} for one request<br>%{y:,.1f} a device"
            "<extra>%{fullData.name}</extra>"
        ),
    )


def _add_frontier(made: Chart, theme: Theme, part: pl.DataFrame, series: str, number: int) -> None:
    best = pareto_frontier(part)
    if best.height < 2:
        return
    mark = numbered_mark(number, theme)
    made.add_scatter(
        x=best[USER].to_list(),
        y=best[DEVICE].to_list(),
        mode="lines",
        # Flat first: no hour had both the speed of one point and the throughput of the next.
        line={"shape": "hv", "color": mark.colour, "dash": mark.dash, "width": 2},
        name=f"{series}: frontier",
        hoverinfo="skip",
        showlegend=False,
    )


def pareto_frontier(part: pl.DataFrame) -> pl.DataFrame:
    """Return the hours that no other hour beats in both, the fastest for one user first."""
    ordered = part.sort([USER, DEVICE], descending=True)
    throughput = pl.col(DEVICE)
    return ordered.filter(throughput > throughput.cum_max().shift(1).fill_null(-1))


def energy(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw joules per generated token; a point is open if the power is rated and not measured."""
    if rows["joules_per_token"].is_null().all():
        return _reason(rows, "energy_reason", theme)
    made = figure(theme, yaxis=y_axis(theme, "J per token"))
    for number, series, part in _parts(rows):
        shown = part.with_columns(pl.col("is_rated").fill_null(value=False))
        add_line(made, theme, shown, "joules_per_token", series, number, opened="is_rated")
    return _merge_legend(made)


def cost(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw dollars a million tokens, with and without idle time."""
    if rows["usd_per_mtok"].is_null().all():
        return _reason(rows, "cost_reason", theme)
    columns = (("usd_per_mtok", "with idle"), ("usd_per_mtok_without_idle", "without idle"))
    return _draw_pairs(rows, theme, columns, "$/Mtok", ",.4~f")


def utilisation(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw MFU and MBU: the parts of the devices' peaks that were used."""
    if rows["mfu"].is_null().all() and rows["mbu"].is_null().all():
        return _reason(rows, "mfu_reason", theme)
    return _draw_pairs(rows, theme, (("mfu", "MFU"), ("mbu", "MBU")), "part of the peak", ".0%")


def _draw_pairs(
    rows: pl.DataFrame, theme: Theme, columns: tuple[tuple[str, str], ...], unit: str, form: str
) -> Chart:
    made = figure(theme, yaxis=y_axis(theme, unit, form if "%" in form else ""))
    is_one = len(series_names(rows)) == 1
    for number, series, part in _parts(rows):
        for offset, (column, label) in enumerate(columns):
            if part[column].is_null().all():
                continue
            name = label if is_one else f"{series}: {label}"
            add_line(made, theme, part, column, name, len(columns) * number + offset, form)
    return _merge_legend(made)


def _parts(rows: pl.DataFrame) -> Iterator[tuple[int, str, pl.DataFrame]]:
    """Yield the hours of each service or target, and model: a line joins no two of them."""
    for number, series in enumerate(series_names(rows)):
        own = rows.filter(pl.col("series") == series)
        for part in own.partition_by("line", "model_name", maintain_order=True):
            yield number, series, insert_gaps(part)


def _merge_legend(made: Chart) -> Chart:
    """List lines of one name once in the legend, and hide them together."""
    listed: set[str] = set()
    for trace in made.traces:
        name = trace["name"]
        trace.update(legendgroup=name, showlegend=name not in listed)
        listed.add(name)
    return made.update_layout(showlegend=len(listed) > 1)


def _reason(rows: pl.DataFrame, column: str, theme: Theme) -> Chart:
    reason = most_frequent(rows[column])
    return reason_chart(theme, f"Unknown: {reason}." if reason else "Unknown.")
