"""Figures of the efficiency page."""

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards import parts
from dashboards.figures.timelines import add_line, labelled, names, unknown, with_holes, y_axis
from dashboards.theme import SYMBOLS, Look, figure


def summary(rows: pl.DataFrame, look: Look) -> Component:
    """One line for each series."""
    return parts.table(rows, look, height=80 + 42 * min(rows.height, 8))


def frontier(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Throughput of a device against the speed for one user: an hour a point, and the hours that no other beats in both as a line."""
    known = rows.drop_nulls(["tokens_per_second_per_device", "tokens_per_second_per_user"]).filter(
        pl.col("tokens_per_second_per_device") > 0
    )
    if known.is_empty():
        return unknown(look, "No hour has both a throughput and a time per token: the server must report both.")
    made = figure(
        look,
        xaxis={"title": {"text": "tokens per second of one request (1 / TPOT p50)"}, "rangemode": "tozero"},
        yaxis=y_axis(look, "tokens per second and device"),
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
    best = best_of(part)
    if best.height > 1:
        made.add_scatter(
            x=best["tokens_per_second_per_user"].to_list(), y=best["tokens_per_second_per_device"].to_list(), mode="lines",
            line={"shape": "vh", "color": look.colour(place), "width": 2}, name=f"{series}: frontier", hoverinfo="skip", showlegend=False,
        )  # fmt: skip


def best_of(part: pl.DataFrame) -> pl.DataFrame:
    """The hours that no other hour beats in both, the fastest for one user first (the Pareto frontier)."""
    ordered = part.sort(["tokens_per_second_per_user", "tokens_per_second_per_device"], descending=True)
    throughput = pl.col("tokens_per_second_per_device")
    return ordered.filter(throughput > throughput.cum_max().shift(1).fill_null(-1))


def energy(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Joules a generated token; open points where power is the rating and not a measurement."""
    if rows["joules_per_token"].null_count() == rows.height:
        return unknown(look, _why(rows, "energy_reason"))
    made = figure(look, yaxis=y_axis(look, "joules per generated token"))
    for place, series in enumerate(names(rows)):
        part = with_holes(rows.filter(pl.col("series") == series)).with_columns(pl.col("is_rated").fill_null(value=False))
        add_line(made, look, part, "joules_per_token", series, place, ",.3~f", opened="is_rated")
    return labelled(made)


def cost(rows: pl.DataFrame, look: Look) -> go.Figure:
    """USD a million tokens with idle time, and below it without."""
    if rows["usd_per_mtok"].null_count() == rows.height:
        return unknown(look, _why(rows, "cost_reason"))
    return _pairs(rows, look, (("usd_per_mtok", "with idle"), ("usd_per_mtok_without_idle", "without idle")), "USD per million tokens")


def use(rows: pl.DataFrame, look: Look) -> go.Figure:
    """MFU and MBU: what part of the peak of the devices was used."""
    if rows["mfu"].null_count() == rows.height and rows["mbu"].null_count() == rows.height:
        return unknown(look, _why(rows, "mfu_reason"))
    return _pairs(rows, look, (("mfu", "MFU"), ("mbu", "MBU")), "part of the peak", ".0%")


def _pairs(rows: pl.DataFrame, look: Look, columns: tuple[tuple[str, str], ...], unit: str, form: str = ",.4~f") -> go.Figure:
    made = figure(look, yaxis=y_axis(look, unit, form if "%" in form else ""))
    place = 0
    for series in names(rows):
        part = with_holes(rows.filter(pl.col("series") == series))
        for column, name in columns:
            if part[column].null_count() < part.height:
                add_line(made, look, part, column, name if len(names(rows)) == 1 else f"{series}: {name}", place, form)
                place += 1
    return labelled(made)


def _why(rows: pl.DataFrame, column: str) -> str:
    """The most frequent reason why a figure is not known."""
    reasons = rows[column].drop_nulls()
    return "Unknown." if reasons.is_empty() else f"Unknown: {reasons.mode().sort()[0]}."
