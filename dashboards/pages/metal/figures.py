"""Figures of the market-and-metal page."""

from collections.abc import Callable
from datetime import timedelta
from functools import cache
from typing import Any, TypeAlias

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components import widgets
from dashboards.components.marks import usd
from dashboards.components.theme import DASHES, SYMBOLS, Look, figure
from dashboards.components.timelines import unknown, with_holes, y_axis

Figured: TypeAlias = Callable[[pl.DataFrame, Look], go.Figure]

KINDS = (("list", "list price"), ("cheapest", "cheapest host"), ("modal", "price of most hosts"))
SHARES = (1e-4, 1e-3, 1e-2, 1e-1, 1)
FEW_DAYS = 10
HOSTS = (("ours", ""), ("nearest weights", "/"), ("other weights", "."))
AXES = {"ttft": "ms to the first token", "throughput": "tokens/s of one request"}
UNITS = {
    "ttft": "milliseconds to the first token",
    "throughput": "tokens per second of one request",
}


@cache
def make_or_buy(load: float) -> Figured:
    """How to draw what a million tokens cost at each load, with the chosen load and the measured day marked."""
    return lambda rows, look: _curve(rows, look, load)


def _curve(rows: pl.DataFrame, look: Look, load: float) -> go.Figure:
    ours = rows.filter(pl.col("kind") == rows["kind"][0])
    first = ours.row(0, named=True)
    dearest = max(
        (
            value
            for value in (rows["market_usd"].max(), rows["market_high"].max())
            if isinstance(value, float)
        ),
        default=0.0,
    )
    top = max(
        2.5 * max(dearest, first["local_usd_at_chosen_load"]), 1.2 * (first["measured_usd"] or 0)
    )
    made = figure(
        look,
        xaxis={
            "title": {"text": "load: share of time busy"},
            "tickformat": ".0%",
            "range": [0, 1.02],
        },
        yaxis={**y_axis(look, "USD per Mtok", "$,.2~f"), "range": [0, top]},
        hovermode="closest",
    )
    made.add_scatter(
        x=ours["load"].to_list(), y=ours["local_usd"].to_list(), mode="lines", name="ours, what if",
        line={"color": look.colour(0), "width": 3}, hovertemplate="%{x:.0%} busy: %{y:$,.3f}<extra>ours, what if</extra>",
    )  # fmt: skip
    for place, (row, name) in enumerate(_prices(rows), start=1):
        _market(made, look, row, name, place)
    _mark(
        made,
        look,
        "ours at the chosen load, what if",
        "diamond-open",
        load,
        first["local_usd_at_chosen_load"],
    )
    if first["measured_usd"] is not None and first["busy_share"] is not None:
        _mark(
            made,
            look,
            f"ours as measured on {first['date']}",
            "circle",
            first["busy_share"],
            first["measured_usd"],
        )
    return made


def _mark(made: go.Figure, look: Look, name: str, symbol: str, load: float, usd: float) -> None:
    made.add_scatter(
        x=[load], y=[usd], mode="markers", name=name,
        marker={"symbol": symbol, "size": 13, "color": look.colour(0), "line": {"width": 3, "color": look.colour(0)}},
        hovertemplate="%{x:.0%} busy: %{y:$,.3f}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _prices(rows: pl.DataFrame) -> list[tuple[dict[str, Any], str]]:
    """Each price once, the dearest first, with all that it is the price of: the cheapest host may ask what most hosts ask."""
    found: dict[tuple[float, ...], tuple[dict[str, Any], list[str]]] = {}
    for kind, name in KINDS:
        for row in rows.filter(pl.col("kind") == kind).head(1).to_dicts():
            key = tuple(row[each] for each in ("market_usd", "market_low", "market_high"))
            found.setdefault(key, (row, []))[1].append(name)
    told = [(row, ", ".join(names)) for row, names in found.values()]
    return sorted(told, key=lambda each: -(each[0]["market_usd"] or each[0]["market_high"] or 0))


def _market(made: go.Figure, look: Look, row: dict[str, Any], name: str, place: int) -> None:
    line = {"color": look.colour(place), "dash": DASHES[place % len(DASHES)], "width": 2}
    if row["market_usd"] is None:
        low, high = row["market_low"], row["market_high"]
        made.add_scatter(
            x=[0, 1, 1, 0, 0], y=[low, low, high, high, low], mode="lines", fill="toself", fillcolor=look.faded(place), line=line,
            name=f"{name}, between bounds", hoverinfo="name",
        )  # fmt: skip
        return
    made.add_scatter(
        x=[0, 1],
        y=[row["market_usd"]] * 2,
        mode="lines",
        name=name,
        line=line,
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )
    if row["break_even_load"] is not None:
        made.add_scatter(
            x=[row["break_even_load"]], y=[row["market_usd"]], mode="markers+text", showlegend=False, name=f"even with {name}",
            # Beside the curve, where it leaves room: above the dearest price, below the others.
            text=[f"even at {row['break_even_load']:.0%}"], textposition="top right" if place == 1 else "bottom left",
            marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 11, "color": look.colour(place)},
            hovertemplate="%{x:.1%} busy: %{y:$,.3f}<extra>%{fullData.name}</extra>",
        )  # fmt: skip


def verdict(rows: pl.DataFrame, look: Look) -> Component:
    """The what-if in figures: ours at the chosen load, each price, and the load at which they are even."""
    del look
    first = rows.row(0, named=True)
    busy = "load unknown" if first["busy_share"] is None else f"{first['busy_share']:.0%} busy"
    measured = f"what if; measured {usd(first['measured_usd'])} on {first['date']}, {busy}"
    told = [("Ours at the chosen load", usd(first["local_usd_at_chosen_load"]), measured)]
    for kind, name in KINDS:
        told += [
            (name.capitalize(), price(row), even(row))
            for row in rows.filter(pl.col("kind") == kind).head(1).to_dicts()
        ]
    return widgets.tiles(told)


def price(row: dict[str, Any]) -> str:
    """What the market asks, or between which bounds."""
    return (
        usd(row["market_usd"])
        if row["market_usd"] is not None
        else f"{usd(row['market_low'])} to {usd(row['market_high'])}"
    )


def even(row: dict[str, Any]) -> str:
    """At which load ours costs as much, in words."""
    if row["market_usd"] is None:
        return "only bounds are known: no load at which both are even can be said"
    if row["break_even_load"] is not None:
        return f"even at {row['break_even_load']:.0%} busy"
    times = row["break_even_load_unbounded"]
    return (
        f"even at no load: {times:,.1f} times too dear when always busy"
        if times
        else "even at no load: energy alone costs more"
    )


def days(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Our cost and the market's prices by day; a bar where a price is only bounded."""
    made = figure(look, yaxis=y_axis(look, "USD per Mtok", "$,.2~f"), xaxis=_of_days(rows))
    ours = rows.unique("date", keep="first", maintain_order=True)
    _daily(made, look, ours, "local_usd", "ours", 0)
    for place, (kind, name) in enumerate(KINDS, start=1):
        part = rows.filter(pl.col("kind") == kind)
        _daily(made, look, part, "market_usd", name, place)
        if not (
            bounded := part.filter(
                pl.col("market_usd").is_null() & pl.col("market_low").is_not_null()
            )
        ).is_empty():
            _bounds(made, look, bounded, name, place)
    return made


def _of_days(rows: pl.DataFrame) -> dict[str, object]:
    """An axis of whole days: no hour between two of them."""
    return {
        "hoverformat": "%d %b %Y",
        **(
            {"dtick": 86_400_000, "tickformat": "%d %b"}
            if rows["date"].n_unique() <= FEW_DAYS
            else {}
        ),
    }


def _daily(
    made: go.Figure, look: Look, part: pl.DataFrame, column: str, name: str, place: int
) -> None:
    part = with_holes(
        part.with_columns(pl.col("date").cast(pl.Datetime("us"))), "date", timedelta(days=1)
    )
    made.add_scatter(
        x=part["date"].to_list(), y=part[column].to_list(), name=name, mode="lines+markers", connectgaps=False,
        line={"color": look.colour(place), "dash": DASHES[place % len(DASHES)]},
        marker={"symbol": SYMBOLS[place % len(SYMBOLS)], "size": 8},
        hovertemplate="%{y:$,.3f}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


def _bounds(made: go.Figure, look: Look, part: pl.DataFrame, name: str, place: int) -> None:
    middle = ((part["market_low"] + part["market_high"]) / 2).to_list()
    half = ((part["market_high"] - part["market_low"]) / 2).to_list()
    made.add_scatter(
        x=part["date"].to_list(), y=middle, mode="markers", name=f"{name}, bounds", marker={"size": 1, "color": look.colour(place)},
        error_y={"type": "data", "array": half}, hovertemplate="%{y:$,.3f} ± %{error_y.array:$,.3f}<extra>%{fullData.name}</extra>",
    )  # fmt: skip


@cache
def parity(metric: str) -> Figured:
    """How to draw hosts beside us, the fastest at the top."""
    return lambda rows, look: _parity(rows, look, metric)


def _parity(rows: pl.DataFrame, look: Look, metric: str) -> go.Figure:
    # What is not known would have no bar, so it stands below with its reason.
    ordered = pl.concat(
        [
            rows.filter(pl.col("p50").is_null()),
            rows.drop_nulls("p50").sort("p50", descending=metric == "ttft"),
        ]
    )
    made = figure(
        look, xaxis={"title": {"text": AXES[metric]}, "rangemode": "tozero"}, barmode="overlay", hovermode="closest",
        yaxis={"automargin": True, "categoryorder": "array", "categoryarray": ordered["who"].to_list()},
    )  # fmt: skip
    near = pl.col("is_compared").fill_null(value=False)
    for (name, pattern), colour, kept in zip(
        HOSTS,
        (look.colour(0), look.colour(1), look.faint),
        (pl.col("is_ours"), near & ~pl.col("is_ours"), ~near & ~pl.col("is_ours")),
        strict=True,
    ):
        part = ordered.filter(kept)
        made.add_bar(
            y=part["who"].to_list(), x=part["p50"].to_list(), orientation="h", name=name,
            marker={"color": colour, "pattern": {"shape": pattern, "fgopacity": 0.4}},
            text=[_place(row) for row in part.to_dicts()], hovertext=[_beside(row) for row in part.to_dicts()],
            hovertemplate="%{x:,.1f}<br>%{hovertext}<extra>%{y}</extra>",
        )  # fmt: skip
    for row in ordered.filter(pl.col("p50").is_null()).to_dicts():
        made.add_annotation(
            x=0,
            y=row["who"],
            text=f"unknown: {row['reason'] or 'no sample'}",
            showarrow=False,
            xanchor="left",
        )
    return made


def _place(row: dict[str, Any]) -> str:
    """What our bar says of itself."""
    return (
        f"ahead of {row['percentile_among_hosts']:.0%}"
        if row["is_ours"] and row["percentile_among_hosts"] is not None
        else ""
    )


def _beside(row: dict[str, Any]) -> str:
    faster = (
        ""
        if row["times_as_fast"] is None
        else f"<br>we are {row['times_as_fast']:.2f} times as fast in the same half hours"
    )
    return f"{row['coverage'] or 0:.0%} of the day sampled{faster}"


def share(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Our tokens over the market's by day."""
    if rows["local_to_market"].null_count() == rows.height:
        return unknown(look, f"Unknown: {rows['reason'].drop_nulls().mode().sort()[0]}.")
    made = figure(
        look,
        yaxis=y_axis(look, "ours over the market's", ".2p"),
        xaxis=_of_days(rows),
        showlegend=False,
    )
    _daily(made, look, rows, "local_to_market", "our share", 0)
    made.update_traces(hovertemplate="%{y:.4%}<extra></extra>")
    return made


def devices(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Devices for a share, both on log scales."""
    made = figure(
        look,
        xaxis={
            "title": {"text": "share of the market"},
            "type": "log",
            "tickformat": ".2~%",
            "tickvals": list(SHARES),
        },
        yaxis={**y_axis(look, "devices"), "type": "log", "rangemode": "normal", "dtick": 1},
        showlegend=False,
    )
    made.add_scatter(
        x=rows["wanted_share"].to_list(), y=rows["devices_needed"].to_list(), mode="lines+markers+text",
        # Elsewhere the figures would lie on each other; the hover and the CSV have them all.
        text=[f"{count:,}" if share in SHARES else "" for share, count in rows.select("wanted_share", "devices_needed").rows()],
        textposition="top left", line={"color": look.colour(0)},
        hovertemplate="%{x:.2~%} of the market: %{y:,} devices<extra></extra>",
    )  # fmt: skip
    return made
