"""Figures of the data page: what we have, what moved, what was watched."""

import math
from datetime import date, timedelta
from typing import Any

import plotly.graph_objects as go
import polars as pl
from plotly.subplots import make_subplots

from dashboards.components.theme import PATTERNS, SYMBOLS, Look, figure

# Each state has a colour by place in the look, and a sign, so that none needs the colour.
STATES: dict[str, tuple[int, str]] = {
    "loaded": (5, ""),
    "restated": (0, "r"),
    "no other": (4, "o"),
    "withdrawn": (3, "w"),
    "missing": (1, "m"),
    "not asked": (7, "·"),
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
OUTCOMES = ("loaded", "unchanged", "partial", "quarantined", "unreadable", "refused", "broken")
DAY_HEIGHT, GAP, LEGEND_HEIGHT = 18, 36, 90
CELL = 0.88


def calendar_height(years: int) -> int:
    """As tall as so many years of seven lines need."""
    return years * (7 * DAY_HEIGHT + GAP) + LEGEND_HEIGHT


def calendar(rows: pl.DataFrame, look: Look) -> go.Figure:
    """One square per UTC day, a row of weeks per year: loaded, or why not. A square leads to its raw answer."""
    years = sorted(set(rows["date"].dt.year().to_list()))
    made = make_subplots(
        rows=len(years), cols=1, vertical_spacing=GAP / calendar_height(len(years))
    )
    made.update_layout(figure(look).layout)
    for place, year in enumerate(years, 1):
        made.add_trace(_year(rows.filter(pl.col("date").dt.year() == year), look), row=place, col=1)
        made.update_xaxes(_months(year), row=place, col=1)
        made.update_yaxes(title=str(year), row=place, col=1)
    made.update_yaxes(
        range=[6.5, -0.5],
        tickvals=[0, 2, 4, 6],
        ticktext=[WEEKDAYS[day] for day in (0, 2, 4, 6)],
        showgrid=False,
        ticks="",
    )
    counts = dict(rows.group_by("state").len().iter_rows())
    for state in (state for state in STATES if counts.get(state)):
        made.add_trace(_key(state, counts[state], look))
    made.update_layout(
        hovermode="closest",
        barmode="overlay",
        showlegend=True,
        margin={"t": 26},
        legend={"y": -0.1 / max(len(years), 1) - 0.05},
    )
    return made


def week_of_year(day: date) -> int:
    """The column of a day: weeks from Monday, the one of 1 January being 0."""
    return (day.timetuple().tm_yday - 1 + date(day.year, 1, 1).weekday()) // 7


def _year(rows: pl.DataFrame, look: Look) -> go.Bar:
    # A cell is a bar of its own that begins at its weekday: the browser's plotly knows no heat maps (docs/decisions/0012).
    days = rows.to_dicts()
    return go.Bar(
        x=[week_of_year(day["date"]) for day in days], base=[day["date"].weekday() - CELL / 2 for day in days], y=[CELL] * len(days),
        width=CELL, marker={"color": [look.colour(STATES[day["state"]][0]) for day in days], "line": {"width": 0}},
        text=[STATES[day["state"]][1] for day in days], textposition="inside", insidetextanchor="middle", textangle=0,
        constraintext="none", textfont={"size": 10, "color": look.paper}, hovertext=[_said(day) for day in days],
        customdata=[f"/data?answer={day['answer_sha256']}" if day["answer_sha256"] else "" for day in days],
        hovertemplate="%{hovertext}<extra></extra>", showlegend=False,
    )  # fmt: skip


def _said(row: dict[str, Any]) -> str:
    tokens = f"<br>{row['platform_tokens']:,} tokens" if row["platform_tokens"] is not None else ""
    version = f"<br>version {row['version']}" if (row["version"] or 1) > 1 else ""
    as_of = f"<br>as of {row['as_of']:%Y-%m-%d %H:%M} UTC" if row["as_of"] else ""
    return f"{row['date']:%a %Y-%m-%d}: {row['state']}{tokens}{version}{as_of}"


def _months(year: int) -> dict[str, Any]:
    # Quarters, since twelve names do not fit a telephone.
    firsts = [date(year, month, 1) for month in (1, 4, 7, 10)]
    return {
        "tickvals": [week_of_year(first + timedelta(days=6)) for first in firsts],
        "ticktext": [f"{first:%b}" for first in firsts],
        "range": [-0.5, 53.5],
        "showgrid": False,
        "zeroline": False,
    }


def _key(state: str, count: int, look: Look) -> go.Scatter:
    number, sign = STATES[state]
    name = f"{state}{f' ({sign})' if sign else ''}: {count:,} days"
    return go.Scatter(
        x=[None],
        y=[None],
        mode="markers",
        name=name,
        marker={"symbol": "square", "size": 11, "color": look.colour(number)},
    )


def restatements(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Each change of a figure at the day it speaks of, in percent; a withdrawal has no size and stands at the lower edge."""
    sized, gone = (
        rows.filter(pl.col("change_ratio").is_not_null()),
        rows.filter(pl.col("is_withdrawn")),
    )
    made = figure(
        look, yaxis={"tickformat": f"+{percent(sized['change_ratio'])}"}, hovermode="closest"
    )
    made.add_scatter(
        x=sized["date"].to_list(), y=sized["change_ratio"].to_list(), mode="markers", name="restated",
        text=sized["model_permaslug"].to_list(), customdata=[f"/data?answer={sha}" for sha in sized["answer_sha256"].to_list()],
        marker={"color": look.colour(0), "symbol": "circle-open", "size": 7},
            hovertemplate="%{text}<br>%{x|%Y-%m-%d}: %{y:+.3%}<extra></extra>",
    )  # fmt: skip
    if gone.height:
        made.add_scatter(
            x=gone["date"].to_list(), y=[0.0] * gone.height, mode="markers", name="withdrawn, at 0 for want of a size",
            text=gone["model_permaslug"].to_list(), marker={"color": look.colour(1), "symbol": "x", "size": 8},
            hovertemplate="%{text}<br>%{x|%Y-%m-%d}: withdrawn<extra></extra>",
        )  # fmt: skip
    made.update_layout(showlegend=bool(gone.height))
    return made


def restated_days(rows: pl.DataFrame, look: Look) -> go.Figure:
    """How much the platform's total of each restated day moved since its first publication."""
    form = f"+{percent(rows['change_ratio'])}"
    made = figure(
        look,
        yaxis={"tickformat": form, "rangemode": "tozero"},
        hovermode="closest",
        showlegend=False,
    )
    made.add_bar(
        x=rows["date"].to_list(), y=rows["change_ratio"].to_list(), marker={"color": look.colour(0)},
        text=rows["largest_change_model"].to_list(), textposition="none",
        hovertemplate="%{x|%Y-%m-%d}: %{y:+.2~%}<br>most of it: %{text}<extra></extra>".replace("+.2~%", form),
    )  # fmt: skip
    return made


def moves_by_age(rows: pl.DataFrame, look: Look) -> go.Figure:
    """How far a figure still moves so many days after it was first published."""
    form = percent(rows["max_abs_change_ratio"])
    made = figure(
        look,
        xaxis={"title": "days since first published"},
        yaxis={"tickformat": form, "rangemode": "tozero"},
    )
    made.update_layout(legend={"y": 1.02, "yanchor": "bottom"})
    names = {
        "mean_abs_change_ratio": "mean",
        "p90_abs_change_ratio": "90th percentile",
        "max_abs_change_ratio": "largest",
    }
    for place, (column, name) in enumerate(names.items()):
        made.add_scatter(
            x=rows["age_days"].to_list(), y=rows[column].to_list(), name=name, mode="lines+markers",
            line={"color": look.colour(place), "dash": ("solid", "dash", "dot")[place]}, marker={"symbol": SYMBOLS[place]},
        )  # fmt: skip
    return made


def percent(ratios: pl.Series) -> str:
    """d3's format of a share in percent with as many digits as the largest of these needs to be told from 0."""
    largest = max((abs(float(ratio)) for ratio in ratios.drop_nulls().to_list()), default=0.0)
    return f".{min(max(1 - math.floor(math.log10(largest * 100)), 0), 6) if largest else 0}%"


def outcomes(rows: pl.DataFrame, look: Look) -> go.Figure:
    """What became of the answers of each UTC day."""
    made = figure(
        look, barmode="stack", yaxis={"rangemode": "tozero"}, hovermode="closest", bargap=0.4
    )
    days = sorted(set(rows["date"].to_list()))
    for place, outcome in enumerate(OUTCOMES):
        part = (
            rows.filter(pl.col("outcome") == outcome).group_by("date").agg(pl.col("answers").sum())
        )
        if part.height:
            counts = dict(part.iter_rows())
            made.add_bar(
                x=[day.isoformat() for day in days], y=[counts.get(day, 0) for day in days], name=outcome,
                marker={"color": look.colour(place), "pattern": {"shape": PATTERNS[place]}},
            hovertemplate="%{x}: %{y} %{fullData.name}<extra></extra>",
            )  # fmt: skip
    if len(days) < 4:
        made.update_xaxes(type="category", range=[-1.5, len(days) + 0.5])
    return made.update_layout(showlegend=True)


def coverage(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Which part of each UTC day a target was watched, and how much of that day it was there at all."""
    made = figure(
        look,
        yaxis={"tickformat": ".0%", "range": [0, 1.02]},
        xaxis={"type": "category"},
        hovermode="closest",
        barmode="group",
    )
    for place, target in enumerate(rows["target"].unique(maintain_order=True).to_list()):
        part = rows.filter(pl.col("target") == target)
        made.add_bar(
            x=[day.isoformat() for day in part["date"].to_list()], y=part["covered_share"].to_list(),
            name=target, width=0.5 if rows.height < 4 else None,
            text=[f"{minutes / 60:.1f} h" for minutes in part["covered_minutes"].to_list()], textposition="auto",
            marker={"color": look.colour(place), "pattern": {"shape": PATTERNS[place % len(PATTERNS)]}},
            customdata=part["gap_minutes"].to_list(),
            hovertemplate="%{x}: %{y:.1%} watched, %{customdata} minutes without any scrape<extra>%{fullData.name}</extra>",
        )  # fmt: skip
    if rows["date"].n_unique() < 4:
        made.update_xaxes(range=[-1.5, rows["date"].n_unique() + 0.5])
    return made.update_layout(showlegend=True)
