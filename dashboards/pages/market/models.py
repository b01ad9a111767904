"""Figures of the market page about models, tasks, apps and prices."""

import math

import plotly.graph_objects as go
import polars as pl
from dash.development.base_component import Component

from dashboards.components.marks import apart, link, marks
from dashboards.components.theme import Look, figure
from dashboards.components.widgets import table
from dashboards.pages.market.concentration import COUNT, SHARE, SIGNED, TOKENS, column
from dashboards.pages.market.figures import LEGEND, SHARE_AXIS


def linked(rows: pl.DataFrame, name: str = "model_family") -> pl.DataFrame:
    """The rows with the family as a link to its page."""
    links = [
        f"[{family}]({link(family, 'family')})" if family else None
        for family in rows[name].to_list()
    ]
    return rows.with_columns(pl.Series(name, links, dtype=pl.String))


def new_models(rows: pl.DataFrame, look: Look) -> Component:
    """Families that came in, with what they serve now."""
    columns = [
        column("model_family", "family", cellRenderer="markdown", minWidth=200), column("first_ranked", "first ranked", minWidth=110),
        column("rank", type="rightAligned"), column("share", "share", {**SHARE, "valueFormatter": BELOW}, minWidth=140),
        column("tokens", "tokens a week", TOKENS, minWidth=140),
    ]  # fmt: skip
    return table(linked(rows), look, columns)


def fading_models(rows: pl.DataFrame, look: Look) -> Component:
    """Families that lost half of their best and more."""
    columns = [
        column("model_family", "family", cellRenderer="markdown", minWidth=200), column("best_week", "best week", minWidth=110),
        column("best_share", "share then", SHARE), column("share", "share now", {**SHARE, "valueFormatter": BELOW}, minWidth=140),
        column("change_ratio", "change", {**SIGNED, "valueFormatter": BELOW_SIGNED}), column("last_week", "last ranked week", minWidth=110),
    ]  # fmt: skip
    return table(linked(rows), look, columns)


BELOW = {"function": "params.value === null ? 'below the cutoff' : d3.format('.1%')(params.value)"}
BELOW_SIGNED = {"function": "params.value === null ? 'not known' : d3.format('+.0%')(params.value)"}


def tasks(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Share of classified tokens by task, a pattern for each group of tasks."""
    made = figure(look, xaxis=SHARE_AXIS, yaxis={"autorange": "reversed", "categoryorder": "array",
    "categoryarray": rows["task"].to_list()},
                  legend=LEGEND, hovermode="closest", barmode="overlay")  # fmt: skip
    groups = (
        rows.group_by("category")
        .agg(pl.col("token_share").sum())
        .sort("token_share", descending=True)["category"]
        .to_list()
    )
    for group, mark in marks(groups, look).items():
        part = rows.filter(pl.col("category") == group)
        made.add_bar(
            x=part["token_share"].to_list(), y=part["task"].to_list(), orientation="h", name=group,
            marker={"color": mark.colour, "pattern": {"shape": mark.pattern, "fgcolor": look.paper, "fgopacity": 0.5, "size": 6}},
            customdata=part["request_share"].to_list(),
            hovertemplate="%{x:.1%} of tokens, %{customdata:.1%} of requests<extra>%{y}</extra>",
        )  # fmt: skip
    return made


def apps(rows: pl.DataFrame, look: Look) -> Component:
    """The largest public apps."""
    columns = [
        column("rank", type="rightAligned", minWidth=70, maxWidth=90), column("app", minWidth=150),
        column("total_tokens", "tokens a day", TOKENS),
        column("total_requests", "requests", COUNT), column("tokens_per_request", "tokens a request", COUNT),
    ]  # fmt: skip
    return table(rows, look, columns)


def price_volume(rows: pl.DataFrame, look: Look) -> go.Figure:
    """Tokens of a week against list price, both log; listings at no price stand in the note, since a log scale has no place for them."""
    made = figure(
        look, hovermode="closest", legend=LEGEND,
        xaxis={"type": "log", "title": {"text": "USD per million tokens"}, "tickformat": "~g",
        "dtick": 1},
        yaxis={"type": "log", "title": {"text": "tokens in seven days"}, "tickformat": "~s", "dtick": 1},
    )  # fmt: skip
    priced = rows.filter((pl.col("usd_per_mtok") > 0) & (pl.col("tokens") > 0))
    if prices := [math.log10(price) for price in priced["usd_per_mtok"].to_list()]:
        # Of the points alone: what is written beside them would widen it, the more the narrower the page.
        made.update_xaxes(range=[min(prices) - 0.3, max(prices) + 0.4])
    kinds = [kind for kind in ("open", "closed", "unknown") if kind in priced["weights"].to_list()]
    for kind, mark in marks(kinds, look).items():
        part = priced.filter(pl.col("weights") == kind)
        made.add_scatter(
            x=part["usd_per_mtok"].to_list(), y=part["tokens"].to_list(), mode="markers", name=f"{kind} weights",
            marker={"symbol": mark.symbol, "color": mark.colour, "size": 9, "opacity": 0.85}, text=part["model_permaslug"].to_list(),
            customdata=[link(family, "family") if family else "" for family in part["model_family"].to_list()],
            hovertemplate="%{text}<br>%{x:$.3~g} per million<br>%{y:.3s} tokens<extra></extra>",
        )  # fmt: skip
    return _named(made, priced, look)


def _named(made: go.Figure, priced: pl.DataFrame, look: Look) -> go.Figure:
    """The largest by name, as far as names stand apart from each other and from other points."""
    points = [
        (math.log10(price), math.log10(volume))
        for price, volume in priced.select("usd_per_mtok", "tokens").iter_rows()
    ]
    names = [slug.rpartition("/")[2] for slug in priced["model_permaslug"].to_list()]
    for place in apart(points[:10], (0.7, 0.2)):
        x, y = points[place]
        if not any(
            abs(other_x - x) < 0.3 and 0 < other_y - y < 0.24 for other_x, other_y in points
        ):
            made.add_annotation(
                x=x,
                y=y,
                text=names[place],
                showarrow=False,
                yshift=13,
                font={"size": 11, "color": look.ink},
            )
    return made
