"""Charts of downloads: shares with bounds, three attributions, ranks, days."""

from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import marks, members_by_size, whiskers
from dashboards.components.numbers import SHORT_TOKENS, TOKEN_AXIS
from dashboards.components.shares import SHARE_AXIS, describe_share, draw_bounded
from dashboards.components.theme import LEGEND, Theme, figure

ATTRIBUTIONS = {
    "publisher": "account that publishes",
    "releasing_lab": "lab that released",
    "base_lab": "lab of the base",
}
COUNTED, SPREAD = "counted on the day", "spread over several days"


def shares(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw each member's share of downloads as a line and its bounds as a band."""
    return draw_bounded(rows, theme, "downloads", _describe_points)


def attributions(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the share of each country three times: by publisher, releasing lab and base lab."""
    made = figure(
        theme,
        xaxis=SHARE_AXIS,
        yaxis={"autorange": "reversed"},
        barmode="group",
        hovermode="closest",
        legend=LEGEND,
    )
    order = members_by_size(rows, "downloads")
    for attribution, mark in marks(list(ATTRIBUTIONS), theme).items():
        part = rows.filter(pl.col("attribution") == attribution).sort(
            pl.col("member").replace_strict({name: n for n, name in enumerate(order)}, default=99)
        )
        made.add_bar(
            x=part["share"].to_list(),
            y=[theme.name(member) for member in part["member"].to_list()],
            orientation="h",
            name=ATTRIBUTIONS[attribution],
            textposition="none",
            text=[_describe(row) for row in part.to_dicts()],
            marker={"color": mark.colour},
            error_x=whiskers(part["share"], part["share_low"], part["share_high"], theme.ink),
            hovertemplate="%{y}: %{text}<extra>%{fullData.name}</extra>",
        )
    return made


def ranks(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw the rank by downloads against the rank by tokens; on the line both are equal."""
    last = max([2, *rows["download_rank"].to_list(), *rows["token_rank"].to_list()])
    axis: dict[str, Any] = {"range": [last + 0.5, 0.5], "tickformat": "d"}
    made = figure(
        theme,
        xaxis={**axis, "title": {"text": "rank by downloads"}},
        yaxis={**axis, "title": {"text": "rank by tokens served"}},
        hovermode="closest",
        showlegend=False,
    )
    made.add_scatter(
        x=[1, last],
        y=[1, last],
        mode="lines",
        name="equal ranks",
        line={"color": theme.faint, "width": 1, "dash": "dot"},
        hoverinfo="skip",
    )
    [mark] = marks(["members"], theme).values()
    made.add_scatter(
        x=rows["download_rank"].to_list(),
        y=rows["token_rank"].to_list(),
        mode="markers+text",
        name="members",
        text=[theme.name(member) for member in rows["member"].to_list()],
        textposition="top center",
        marker={"color": mark.colour, "symbol": mark.symbol, "size": 8},
        customdata=[_describe_ranks(row) for row in rows.to_dicts()],
        hovertemplate="%{text}: %{customdata}<extra></extra>",
    )
    return made


def days(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw downloads by day; what was counted over several days is a part of another pattern."""
    made = figure(theme, yaxis=TOKEN_AXIS, barmode="stack", legend=LEGEND)
    spread = rows["spread_downloads"].fill_null(0)
    parts = {COUNTED: rows["downloads"] - spread, SPREAD: spread}
    for name, mark in marks(list(parts), theme).items():
        made.add_bar(
            x=rows["date"].to_list(),
            y=parts[name].to_list(),
            name=name,
            textposition="none",
            text=[row["reason"] or "" for row in rows.to_dicts()],
            marker={
                "color": mark.colour,
                "pattern": {"shape": "/" if name == SPREAD else "", "fgcolor": theme.paper},
            },
            hovertemplate="%{y:.3s} %{text}<extra>%{fullData.name}</extra>",
        )
    return made


def _describe_points(part: pl.DataFrame, _: Theme) -> list[str]:
    return [_describe(row) for row in part.to_dicts()]


def _describe(row: dict[str, Any]) -> str:
    parts = [describe_share(row), f"{SHORT_TOKENS.text(row['downloads'])} downloads"]
    if (counted := row.get("days")) is not None and counted < 7:
        parts.append(f"{counted} days of the week")
    return " · ".join(part for part in parts if part)


def _describe_ranks(row: dict[str, Any]) -> str:
    downloads, tokens = SHORT_TOKENS.text(row["downloads"]), SHORT_TOKENS.text(row["tokens"])
    likes = "" if row["likes"] is None else f", {SHORT_TOKENS.text(row['likes'])} likes"
    return f"{downloads} downloads, {tokens} tokens{likes}"
