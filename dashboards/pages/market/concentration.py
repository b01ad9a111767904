"""Charts of who leads and by how much: HHI and CR4, leaders, the lead by other ways of counting."""

import polars as pl

from dashboards.chart import Chart
from dashboards.components.charts.line_ends import label_line_ends
from dashboards.components.marks import (
    NO_MEMBERS,
    add_band,
    marks,
    member_link,
    week_axis,
    whiskers,
)
from dashboards.components.numbers import AXIS_NUMBER
from dashboards.components.shares import SHARE_AXIS, describe_points, point_links
from dashboards.components.theme import LEGEND, Theme, figure

MEASURES = (("CR4: the four largest", "cr4"), ("HHI: sum of squares", "hhi"))
UNSURE = "the unknown could overturn it"


def concentration(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw HHI and CR4 (0 to 1) by week, each with a band up to the most that it can be."""
    made = figure(
        theme,
        xaxis=week_axis(rows),
        yaxis={"range": [0, 1], "tickformat": AXIS_NUMBER},
        legend=LEGEND,
    )
    columns = dict(MEASURES)
    for name, mark in marks(list(columns), theme).items():
        low, high = rows[columns[name]], rows[f"{columns[name]}_high"]
        add_band(made, rows["week_start"], low, high, theme.fade(mark.colour), f"{name}, bounds")
        made.add_scatter(
            x=rows["week_start"].to_list(),
            y=low.to_list(),
            name=name,
            mode="lines",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            customdata=high.to_list(),
            hovertemplate="%{y:.3f} to at most %{customdata:.3f}<extra>%{fullData.name}</extra>",
        )
    return made


def leaders(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the leader's known share by week; the sign is open if the unknown could overturn it."""
    made = figure(
        theme, xaxis=week_axis(rows), yaxis=SHARE_AXIS, legend=LEGEND, hovermode="closest"
    )
    known = rows.drop_nulls("leader")
    last = known.group_by("leader").agg(pl.col("week_start").max())
    order = last.sort("week_start", "leader", descending=[True, False])["leader"].to_list()
    for leader, mark in marks(order, theme).items():
        part = known.filter(pl.col("leader") == leader)
        certain = part["is_lead_certain"].to_list()
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=part["leader_share"].to_list(),
            name=theme.name(leader),
            mode="markers",
            marker={
                "symbol": [mark.symbol if it else f"{mark.symbol}-open" for it in certain],
                "color": mark.colour,
                "size": 9,
                "line": {"width": 1.5, "color": mark.colour},
            },
            text=["certain" if it else UNSURE for it in certain],
            customdata=[member_link(leader, "author")] * part.height,
            hovertemplate=(
                "week of %{x|%d %b %Y}: %{y:.1%}, %{text}<extra>%{fullData.name}</extra>"
            ),
        )
    return made


def shares_by_top_n(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw shares by how many models are counted: where lines cross, the cut decides who leads."""
    sizes = sorted(rows["top_n"].unique().to_list())
    made = figure(
        theme,
        yaxis=SHARE_AXIS,
        legend=LEGEND,
        xaxis={
            "type": "category",
            "title": {"text": "models counted"},
            "categoryarray": [str(size) for size in sizes],
            "categoryorder": "array",
        },
    )
    for member, mark in marks(_by_largest_cut(rows), theme).items():
        part = rows.filter(pl.col("member") == member).sort("top_n")
        made.add_scatter(
            x=[str(size) for size in part["top_n"].to_list()],
            y=part["share"].to_list(),
            name=theme.name(member),
            mode="lines+markers",
            line={"color": mark.colour, "dash": mark.dash},
            marker={"symbol": mark.symbol, "size": 8},
            text=describe_points(part, theme),
            customdata=point_links(part, member),
            hovertemplate="%{text}<extra>%{fullData.name}</extra>",
        )
    return label_line_ends(made, theme)


def tokens_and_spend(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each member's share of tokens beside its share of spend at list price, with bounds."""
    made = figure(
        theme,
        xaxis=SHARE_AXIS,
        yaxis={"autorange": "reversed"},
        legend=LEGEND,
        hovermode="closest",
    )
    rows = rows.sort(pl.col("member").is_in(NO_MEMBERS), maintain_order=True)
    slugs = rows["member"].to_list()
    links = [link for slug in slugs for link in point_links(rows.head(1), slug)]
    members = [theme.name(slug) for slug in slugs]
    tokens, spend = marks(["tokens", "spend"], theme).values()
    made.add_scatter(
        x=rows["share"].to_list(),
        y=members,
        mode="markers",
        name="share of tokens",
        customdata=links,
        marker={"symbol": tokens.symbol, "size": 10, "color": tokens.colour},
        hovertemplate="%{x:.1%} of tokens<extra>%{y}</extra>",
    )
    made.add_scatter(
        x=rows["spend_share"].to_list(),
        y=members,
        mode="markers",
        name="share of spend at list price (estimate, with bounds)",
        customdata=links,
        marker={"symbol": spend.symbol, "size": 10, "color": spend.colour},
        error_x=whiskers(
            rows["spend_share"], rows["spend_share_low"], rows["spend_share_high"], spend.colour
        ),
        hovertemplate="%{x:.1%} of spend<extra>%{y}</extra>",
    )
    return made


def _by_largest_cut(rows: pl.DataFrame) -> list[str]:
    """Return the members, those with most tokens in the largest cut first."""
    largest = rows.filter(pl.col("top_n") == pl.col("top_n").max())
    first = largest.sort("tokens", descending=True)["member"].to_list()
    return [*first, *sorted(set(rows["member"].to_list()) - set(first))]
