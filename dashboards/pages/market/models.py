"""Charts of the market page about use and price: tasks, price against volume."""

import math
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import labels_with_room, marks, member_link
from dashboards.components.numbers import TOKEN_AXIS, TOKENS, usd
from dashboards.components.shares import SHARE_AXIS
from dashboards.components.theme import LEGEND, Theme, figure

MAX_LABELS = 10
WEIGHTS = ("open", "closed", "unknown")


def tasks(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of classified tokens by task, with a pattern for each group of tasks."""
    made = figure(
        theme,
        xaxis=SHARE_AXIS,
        yaxis={
            "autorange": "reversed",
            "categoryorder": "array",
            "categoryarray": rows["task"].to_list(),
        },
        legend=LEGEND,
        hovermode="closest",
        barmode="overlay",
    )
    sizes = rows.group_by("category").agg(pl.col("token_share").sum())
    groups = sizes.sort("token_share", "category", descending=[True, False])["category"].to_list()
    for group, mark in marks(groups, theme).items():
        part = rows.filter(pl.col("category") == group)
        pattern = {"shape": mark.pattern, "fgcolor": theme.paper, "fgopacity": 0.5, "size": 6}
        made.add_bar(
            x=part["token_share"].to_list(),
            y=part["task"].to_list(),
            orientation="h",
            name=group,
            marker={"color": mark.colour, "pattern": pattern},
            customdata=part["request_share"].to_list(),
            hovertemplate="%{x:.1%} of tokens, %{customdata:.1%} of requests<extra>%{y}</extra>",
        )
    return made


def price_volume(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the tokens of a week against list price, both on log scales.

    Listings at no price have no place on a log scale; the note of the card says so.
    """
    made = figure(
        theme,
        hovermode="closest",
        legend=LEGEND,
        xaxis={
            "type": "log",
            "title": {"text": "$/Mtok"},
            "tickformat": "~g",
            "dtick": 1,
        },
        yaxis={
            "type": "log",
            "title": {"text": "tokens in seven days"},
            **TOKEN_AXIS,
            "dtick": 1,
        },
    )
    priced = rows.filter((pl.col("usd_per_mtok") > 0) & (pl.col("tokens") > 0))
    if prices := [math.log10(price) for price in priced["usd_per_mtok"].to_list()]:
        # A range of the points alone: labels beside them would widen it on a narrow page.
        made.update_xaxes(range=[min(prices) - 0.3, max(prices) + 0.4])
    kinds = [kind for kind in WEIGHTS if kind in priced["weights"].to_list()]
    for kind, mark in marks(kinds, theme).items():
        part = priced.filter(pl.col("weights") == kind)
        families = part["model_family"].to_list()
        made.add_scatter(
            x=part["usd_per_mtok"].to_list(),
            y=part["tokens"].to_list(),
            mode="markers",
            name=f"{kind} weights",
            marker={"symbol": mark.symbol, "color": mark.colour, "size": 9, "opacity": 0.85},
            text=[_describe(row, theme) for row in part.to_dicts()],
            customdata=[member_link(family, "family") if family else "" for family in families],
            hovertemplate="%{text}<extra></extra>",
        )
    return _label_largest(made, priced, theme)


def _describe(row: dict[str, Any], theme: Theme) -> str:
    """Return a listing with its price and its tokens, for a hover."""
    named = theme.names.with_slug(row["model_permaslug"])
    return f"{named}<br>{usd(row['usd_per_mtok'])}/Mtok<br>{TOKENS.text(row['tokens'])} tokens"


def _label_largest(made: Chart, priced: pl.DataFrame, theme: Theme) -> Chart:
    """Name the largest, as far as names do not lie over each other or over other points."""
    pairs = priced.select("usd_per_mtok", "tokens").iter_rows()
    points = [(math.log10(price), math.log10(volume)) for price, volume in pairs]
    slugs = priced["model_permaslug"].to_list()
    names = [theme.name(slug).rpartition("/")[2] for slug in slugs]
    for number in labels_with_room(points[:MAX_LABELS], (0.7, 0.2)):
        x, y = points[number]
        if any(abs(other_x - x) < 0.3 and 0 < other_y - y < 0.24 for other_x, other_y in points):
            continue
        made.add_annotation(
            x=x,
            y=y,
            text=names[number],
            showarrow=False,
            yshift=13,
            font={"size": 11, "color": theme.ink},
        )
    return made
