"""Chart of ranks by week: who is where among the first ten."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.marks import marks, week_axis
from dashboards.components.shares import describe_points, point_links
from dashboards.components.theme import Theme, figure

MAX_NAME = 22
UNRANKED = 99


def rank_flow(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw ranks 1 to 10 by week. A line that ends has left the first ten."""
    made = figure(
        theme,
        yaxis={"autorange": "reversed", "tickvals": list(range(1, 11)), "range": [10.5, 0.5]},
        showlegend=False,
        xaxis={**week_axis(rows), "range": _padded_weeks(rows)},
        margin={"l": 8, "r": _name_pixels(rows, theme), "t": 8, "b": 8},
    )
    for member, mark in marks(_by_rank(rows), theme).items():
        part = rows.filter(pl.col("member") == member).sort("week_start")
        ranks = part["rank"].to_list()
        made.add_scatter(
            x=part["week_start"].to_list(),
            y=ranks,
            name=theme.name(member),
            mode="lines+markers+text",
            connectgaps=False,
            line={"color": mark.colour, "dash": mark.dash, "width": 2},
            marker={"symbol": mark.symbol, "size": 8, "color": mark.colour},
            text=_end_label(theme.name(member), ranks),
            textposition="middle right",
            textfont={"color": theme.ink, "size": 12},
            cliponaxis=False,
            customdata=point_links(part, member),
            hovertext=describe_points(part, theme),
            hovertemplate="%{hovertext}<extra>%{fullData.name}</extra>",
        )
    return made


def _end_label(name: str, ranks: list[int | None]) -> list[str]:
    """Return the name at the newest week, if the member is ranked then."""
    if not ranks or ranks[-1] is None:
        return [""] * len(ranks)
    return [""] * (len(ranks) - 1) + [f"  {_shorten(name)}"]


def _by_rank(rows: pl.DataFrame) -> list[str]:
    is_newest = pl.col("week_start") == pl.col("week_start").max()
    now = pl.when(is_newest).then(pl.col("rank"))
    ranked = (
        rows.with_columns(now=now)
        .group_by("member")
        .agg(pl.col("now").min().fill_null(UNRANKED), pl.col("rank").min().alias("best"))
    )
    return ranked.sort(["now", "best", "member"])["member"].to_list()


def _padded_weeks(rows: pl.DataFrame) -> list[Any] | None:
    """Return the weeks with room for the first and last signs; None for one week or none."""
    first, last = rows["week_start"].min(), rows["week_start"].max()
    if not isinstance(first, date) or not isinstance(last, date) or first == last:
        return None
    return [first - max((last - first) * 0.03, timedelta(days=2)), last + timedelta(days=2)]


def _name_pixels(rows: pl.DataFrame, theme: Theme) -> int:
    """Return the pixels that the longest name at the right edge needs."""
    is_newest = pl.col("week_start") == pl.col("week_start").max()
    newest = rows.filter(is_newest & pl.col("rank").is_not_null())
    return 20 + 7 * max(
        (len(_shorten(theme.name(member))) for member in newest["member"]), default=0
    )


def _shorten(name: str) -> str:
    name = name.rpartition("/")[2]
    return name if len(name) <= MAX_NAME else name[: MAX_NAME - 1] + "…"
