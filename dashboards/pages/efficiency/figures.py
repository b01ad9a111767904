"""Figures of the efficiency page."""

from collections.abc import Iterator

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components import widgets
from dashboards.components.theme import DASHES, SYMBOLS, Look, figure
from dashboards.components.timelines import add_line, labelled, names, unknown, with_holes, y_axis
from dashboards.pages.market.concentration import FIGURE, SHARE, USD, column

SUMMARY = (
    column("series", "what", minWidth=250),
    column("covered_hours", "hours watched", FIGURE),
    column("tokens_per_second_per_device", "tokens per second and device", FIGURE, minWidth=120),
    column("joules_per_token", "joules a token", FIGURE),
    column("power", "power is", minWidth=110),
    column("usd_per_mtok", "USD per Mtok", USD),
    column("usd_per_mtok_without_idle", "USD per Mtok without idle", USD, minWidth=110),
    column("mfu", "MFU", SHARE),
    column("mbu", "MBU", SHARE),
    column("hours_without_energy", "hours without energy", FIGURE, minWidth=100),
    column("hours_without_cost", "hours without cost", FIGURE, minWidth=100),
    column("most_frequent_reason", "because mostly", minWidth=230),
)


def summary(rows: pl.DataFrame, look: Look) -> Component:
    """One line for each series."""
    return widgets.table(rows, look, SUMMARY, height=110 + 42 * min(rows.height, 8))


def frontier(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Throughput of a device against the speed for one user: an hour a point, and the hours that no other beats in both as a line."""
    known = rows.drop_nulls(["tokens_per_second_per_device", "tokens_per_second_per_user"]).filter(
        pl.col("tokens_per_second_per_device") > 0
    )
    if known.is_empty():
        return unknown(
            look, "No hour has both a throughput and a time per token: the server must report both."
        )
    made = figure(
        look,
        xaxis={"title": {"text": "tokens/s of one request"}, "rangemode": "tozero"},
        yaxis=y_axis(look, "tokens/s of a device"),
        hovermode="closest",
    )
    for place, series in enumerate(names(known)):
        part = known.filter(pl.col("series") == series)
        _points(made, look, part, series, place)
        _best(made, look, part, series, place)
    return labelled(made)


def _points(made: go.Figure, look: Look, part: pl.DataFrame, series: str, place: int) -> None:
    made.add_scatter(
        x=part["tokens_per_second_per_user"].to_list(), y=part["tokens_per_second_per_device"].to_list(), mode="markers", name=series,
        marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "color": look.colour(place), "size": 7, "opacity": 0.7},
        text=[f"{at:%Y-%m-%d %H:%M} UTC" for at in part["instant"].to_list()],
        hovertemplate="%{text}<br>%{x:,.1f} for one request<br>%{y:,.1f} a device<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _best(made: go.Figure, look: Look, part: pl.DataFrame, series: str, place: int) -> None:
    # Flat first: between two hours the speed for one user of the faster comes with the throughput of the faster alone.
    best = best_of(part)
    if best.height > 1:
        made.add_scatter(
            x=best["tokens_per_second_per_user"].to_list(), y=best["tokens_per_second_per_device"].to_list(), mode="lines",
            line={"shape": "hv", "color": look.colour(place), "dash": DASHES[place % len(DASHES)], "width": 2},
            name=f"{series}: frontier", hoverinfo="skip", showlegend=False,
        )  # fmt: skip


def best_of(part: pl.DataFrame) -> pl.DataFrame:
    """The hours that no other hour beats in both, the fastest for one user first (the Pareto frontier)."""
    ordered = part.sort(
        ["tokens_per_second_per_user", "tokens_per_second_per_device"], descending=True
    )
    throughput = pl.col("tokens_per_second_per_device")
    return ordered.filter(throughput > throughput.cum_max().shift(1).fill_null(-1))


def energy(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Joules a generated token; open points where power is the rating and not a measurement."""
    if rows["joules_per_token"].null_count() == rows.height:
        return unknown(look, _why(rows, "energy_reason"))
    made = figure(look, yaxis=y_axis(look, "J per token"))
    for place, series, part in _served(rows):
        shown = part.with_columns(pl.col("is_rated").fill_null(value=False))
        add_line(made, look, shown, "joules_per_token", series, place, ",.3~f", opened="is_rated")
    return _told_once(made)


def cost(rows: pl.DataFrame, look: Look) -> go.Figure:
    """USD a million tokens with idle time, and below it without."""
    if rows["usd_per_mtok"].null_count() == rows.height:
        return unknown(look, _why(rows, "cost_reason"))
    return _pairs(
        rows,
        look,
        (("usd_per_mtok", "with idle"), ("usd_per_mtok_without_idle", "without idle")),
        "USD per Mtok",
    )


def use(rows: pl.DataFrame, look: Look) -> go.Figure:
    """MFU and MBU: what part of the peak of the devices was used."""
    if rows["mfu"].null_count() == rows.height and rows["mbu"].null_count() == rows.height:
        return unknown(look, _why(rows, "mfu_reason"))
    return _pairs(rows, look, (("mfu", "MFU"), ("mbu", "MBU")), "part of the peak", ".0%")


def _pairs(
    rows: pl.DataFrame,
    look: Look,
    columns: tuple[tuple[str, str], ...],
    unit: str,
    form: str = ",.4~f",
) -> go.Figure:
    made = figure(look, yaxis=y_axis(look, unit, form if "%" in form else ""))
    is_one = len(names(rows)) == 1
    for place, series, part in _served(rows):
        for number, (column_name, name) in enumerate(columns):
            if part[column_name].null_count() < part.height:
                called = name if is_one else f"{series}: {name}"
                add_line(made, look, part, column_name, called, len(columns) * place + number, form)
    return _told_once(made)


def _served(rows: pl.DataFrame) -> Iterator[tuple[int, str, pl.DataFrame]]:
    """Place and name of a series, and the hours of one target and model in it: two in one line would be a line between them."""
    for place, series in enumerate(names(rows)):
        for part in rows.filter(pl.col("series") == series).partition_by(
            "target", "model_name", maintain_order=True
        ):
            yield place, series, with_holes(part)


def _told_once(made: go.Figure) -> go.Figure:
    """Lines of one name stand in the legend once, and are hidden together."""
    told: set[str] = set()
    for trace in made.data:
        trace.update(legendgroup=trace.name, showlegend=trace.name not in told)
        told.add(trace.name)
    made.update_layout(showlegend=len(told) > 1)
    return made


def _why(rows: pl.DataFrame, column: str) -> str:
    """The most frequent reason why a figure is not known."""
    reasons = rows[column].drop_nulls()
    return "Unknown." if reasons.is_empty() else f"Unknown: {reasons.mode().sort()[0]}."
