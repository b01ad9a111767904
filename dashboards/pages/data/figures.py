"""Charts of the data page: restatements, outcomes of answers, coverage of our tier."""

import math
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import numbered_mark
from dashboards.components.numbers import AXIS_SHARE
from dashboards.components.theme import LEGEND, Theme, figure

OUTCOMES = ("loaded", "unchanged", "partial", "quarantined", "unreadable", "refused", "broken")
AGE_LINES = (
    ("mean_abs_change_ratio", "mean"),
    ("p90_abs_change_ratio", "90th percentile"),
    ("max_abs_change_ratio", "largest"),
)
# A chart of fewer days would be a few very wide bars.
MIN_DAYS = 4


def restatements(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each change of a figure at the day that it describes, in percent.

    A withdrawal has no size and stands at 0 with another sign.
    """
    sized = rows.filter(pl.col("change_ratio").is_not_null())
    withdrawn = rows.filter(pl.col("is_withdrawn"))
    axis = {"tickformat": f"+{AXIS_SHARE}"}
    made = figure(theme, yaxis=axis, hovermode="closest", showlegend=not withdrawn.is_empty())
    made.add_scatter(
        x=sized["date"].to_list(),
        y=sized["change_ratio"].to_list(),
        mode="markers",
        name="restated",
        text=_names(sized["model_permaslug"], theme),
        customdata=[f"/data?answer={sha}" for sha in sized["answer_sha256"].to_list()],
        marker={"color": theme.colour(0), "symbol": "circle-open", "size": 7},
        hovertemplate="%{text}<br>%{x|%Y-%m-%d}: %{y:+.3%}<extra></extra>",
    )
    if not withdrawn.is_empty():
        made.add_scatter(
            x=withdrawn["date"].to_list(),
            y=[0.0] * withdrawn.height,
            mode="markers",
            name="withdrawn, at 0 because it has no size",
            text=_names(withdrawn["model_permaslug"], theme),
            marker={"color": theme.colour(1), "symbol": "x", "size": 8},
            hovertemplate="%{text}<br>%{x|%Y-%m-%d}: withdrawn<extra></extra>",
        )
    return made


def _names(slugs: pl.Series, theme: Theme) -> list[str]:
    return [theme.names.with_slug(slug) if slug else "" for slug in slugs.to_list()]


def restated_days(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw how far the platform's total of each restated day moved since first published."""
    form = f"+{percent_format(rows['change_ratio'])}"
    made = figure(
        theme,
        yaxis={"tickformat": f"+{AXIS_SHARE}", "rangemode": "tozero"},
        hovermode="closest",
        showlegend=False,
    )
    made.add_bar(
        x=rows["date"].to_list(),
        y=rows["change_ratio"].to_list(),
        marker={"color": theme.colour(0)},
        text=_names(rows["largest_change_model"], theme),
        textposition="none",
        hovertemplate=f"%{{x|%Y-%m-%d}}: %{{y:{form}}}<br>most of it: %{{text}}<extra></extra>",
    )
    return made


def moves_by_age(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw how far a figure still moves by days since it was first published."""
    made = figure(
        theme,
        xaxis={"title": "days since first published"},
        yaxis={"tickformat": AXIS_SHARE, "rangemode": "tozero"},
    )
    for number, (column, name) in enumerate(AGE_LINES):
        mark = numbered_mark(number, theme)
        made.add_scatter(
            x=rows["age_days"].to_list(),
            y=rows[column].to_list(),
            name=name,
            mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash},
            marker={"symbol": mark.symbol},
        )
    return made.update_layout(legend={"y": 1.02, "yanchor": "bottom"})


def percent_format(ratios: pl.Series) -> str:
    """Return d3's percent format with as many digits as the largest ratio needs."""
    largest = max((abs(float(ratio)) for ratio in ratios.drop_nulls().to_list()), default=0.0)
    if not largest:
        return ".0%"
    return f".{min(max(1 - math.floor(math.log10(largest * 100)), 0), 6)}%"


def outcomes(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the outcomes of the answers of each UTC day."""
    axis = {"rangemode": "tozero", "title": {"text": "answers"}}
    made = figure(theme, barmode="stack", yaxis=axis, hovermode="closest", bargap=0.4)
    days = sorted(set(rows["date"].to_list()))
    for number, outcome in enumerate(OUTCOMES):
        own = rows.filter(pl.col("outcome") == outcome)
        if own.is_empty():
            continue
        counts = dict(own.group_by("date").agg(pl.col("answers").sum()).iter_rows())
        made.add_bar(
            x=[day.isoformat() for day in days],
            y=[counts.get(day, 0) for day in days],
            name=outcome,
            marker=_bar_marker(number, theme),
            hovertemplate="%{x}: %{y} %{fullData.name}<extra></extra>",
        )
    _pad_few_days(made, len(days))
    return made.update_layout(showlegend=True)


def coverage(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the part of each UTC day that scrapes of a target cover, with the hours on the bars."""
    made = figure(
        theme,
        yaxis={"tickformat": AXIS_SHARE, "range": [0, 1.02], "title": {"text": "share covered"}},
        hovermode="closest",
        barmode="group",
    )
    made.update_xaxes(type="category")
    for number, target in enumerate(rows["target"].unique(maintain_order=True).to_list()):
        part = rows.filter(pl.col("target") == target)
        minutes = part["covered_minutes"].to_list()
        made.add_bar(
            x=[day.isoformat() for day in part["date"].to_list()],
            y=part["covered_share"].to_list(),
            name=target,
            width=0.5 if rows.height < MIN_DAYS else None,
            text=[f"{each / 60:.1f} h" for each in minutes],
            textposition="auto",
            marker=_bar_marker(number, theme),
            customdata=part["gap_minutes"].to_list(),
            hovertemplate=(
                "%{x}: %{y:.1%} covered, %{customdata} minutes without any scrape"
                "<extra>%{fullData.name}</extra>"
            ),
        )
    _pad_few_days(made, rows["date"].n_unique())
    return made.update_layout(showlegend=True)


def _bar_marker(number: int, theme: Theme) -> dict[str, Any]:
    mark = numbered_mark(number, theme)
    return {"color": mark.colour, "pattern": {"shape": mark.pattern}}


def _pad_few_days(made: Chart, days: int) -> None:
    if days < MIN_DAYS:
        made.update_xaxes(type="category", range=[-1.5, days + 0.5])


def unknown_share(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw by week the share of named tokens whose country, lab or openness is not known."""
    made = figure(theme, yaxis={"tickformat": AXIS_SHARE, "rangemode": "tozero"}, legend=LEGEND)
    for number, field in enumerate(("country", "lab", "weights")):
        part, mark = rows.filter(pl.col("field") == field), numbered_mark(number, theme)
        made.add_scatter(
            x=part["week_start"].to_list(),
            # A week in which all is known has no row of the unknown.
            y=part["share"].fill_null(0.0).to_list(),
            name=field,
            mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            marker={"symbol": mark.symbol, "size": 6},
            hovertemplate="%{x|%Y-%m-%d}: %{y:.1%}<extra>%{fullData.name}</extra>",
        )
    return made
