"""Charts of the overview: tokens of the platform, leaders, tokens of our tier."""

import polars as pl

from dashboards.chart import Chart
from dashboards.components.charts.line_ends import label_line_ends
from dashboards.components.marks import marks, member_link, week_axis, whiskers
from dashboards.components.numbers import TOKEN_AXIS, TOKENS
from dashboards.components.shares import SHARE_AXIS, describe_points
from dashboards.components.theme import LEGEND, Theme, figure
from dashboards.components.timelines import MINUTE, insert_gaps

TEN_MINUTES = 10 * MINUTE


def platform(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw tokens by week; a week without a bar has a day that is not known."""
    made = figure(
        theme,
        xaxis=week_axis(rows),
        yaxis={**TOKEN_AXIS, "rangemode": "tozero", "title": {"text": "tokens a week"}},
        bargap=0.1,
    )
    made.add_bar(
        x=rows["week_start"].to_list(),
        y=rows["tokens"].to_list(),
        name="tokens",
        marker={"color": theme.colour(0)},
        text=[TOKENS.text(tokens) for tokens in rows["tokens"].to_list()],
        textposition="none",
        hovertemplate="%{text} tokens<extra></extra>",
    )
    unknown = rows.filter(pl.col("tokens").is_null())
    made.add_scatter(
        x=unknown["week_start"].to_list(),
        y=[0] * unknown.height,
        mode="markers",
        name="not known whole",
        marker={"symbol": "x-thin-open", "size": 6, "color": theme.ink},
        text=unknown["known_days"].to_list(),
        hovertemplate="%{text} of 7 days known<extra></extra>",
    )
    return made.update_layout(showlegend=False)


def leaders(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the largest authors' shares with bounds, and where each stood four weeks before."""
    made = figure(
        theme,
        xaxis=SHARE_AXIS,
        yaxis={"autorange": "reversed"},
        hovermode="closest",
        legend=LEGEND,
        barmode="overlay",
    )
    names = [theme.name(member) for member in rows["member"].to_list()]
    links = [
        member_link(
            row["member"], row["dimension"], basis=row["basis"], attribution=row["attribution"]
        )
        for row in rows.to_dicts()
    ]
    made.add_bar(
        x=rows["share"].to_list(),
        y=names,
        orientation="h",
        name="share, with bounds",
        marker={"color": theme.colour(0)},
        customdata=links,
        error_x=whiskers(rows["share"], rows["share_low"], rows["share_high"], theme.ink),
        text=describe_points(rows, theme),
        textposition="none",
        hovertemplate="%{text}<extra>%{y}</extra>",
    )
    made.add_scatter(
        x=rows["share_before"].to_list(),
        y=names,
        mode="markers",
        name="four weeks before",
        marker={
            "symbol": "line-ns-open",
            "size": 16,
            "color": theme.colour(1),
            "line": {"width": 3},
        },
        customdata=links,
        hovertemplate="%{x:.1%} four weeks before<extra>%{y}</extra>",
    )
    return made


def minutes(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw generated tokens per minute by service, ten minutes a point.

    A gap is a time between two scrapes that are too far apart.
    """
    axis = {**TOKEN_AXIS, "rangemode": "tozero", "title": {"text": "tokens a minute"}}
    made = figure(theme, yaxis=axis, legend=LEGEND)
    services = rows["service"].unique(maintain_order=True).to_list()
    for service, mark in marks(services, theme).items():
        part = insert_gaps(rows.filter(pl.col("service") == service), step=TEN_MINUTES)
        made.add_scatter(
            x=part["instant"].to_list(),
            y=part["tokens_per_minute"].to_list(),
            name=service,
            mode="lines",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            hovertemplate="%{y:,.0f} tokens a minute<extra>%{fullData.name}</extra>",
        )
    return label_line_ends(made.update_layout(showlegend=True), theme)
