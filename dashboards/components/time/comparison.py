"""The period before the chosen one, drawn behind it."""

from collections.abc import Callable
from datetime import date, timedelta
from functools import cache

import polars as pl

from dashboards.chart import Chart
from dashboards.components.theme import GREY, Theme


@cache
def beside_period_before(
    draw: Callable[[pl.DataFrame, Theme], Chart], first: date, weeks: int
) -> Callable[[pl.DataFrame, Theme], Chart]:
    """Make a `draw` that puts the weeks before `first` behind those of the period.

    The rows are those of both; the earlier ones are moved by `weeks`, onto the period.
    """

    def draw_both(rows: pl.DataFrame, theme: Theme) -> Chart:
        made = draw(rows.filter(pl.col("week_start") >= first), theme)
        before = rows.filter(pl.col("week_start") < first)
        for (member,), part in before.group_by("member", maintain_order=True):
            made.add_scatter(
                x=[day + timedelta(weeks=weeks) for day in part["week_start"].to_list()],
                y=part["share"].to_list(),
                name=f"{theme.name(str(member))}, {weeks} weeks before",
                mode="lines",
                connectgaps=False,
                line={"color": GREY, "dash": "dot", "width": 2},
                text=[f"{day:%d %b %Y}" for day in part["week_start"].to_list()],
                hovertemplate="%{y:.1%} in the week of %{text}<extra>%{fullData.name}</extra>",
            )
        # What lies behind is drawn first.
        made.traces.sort(key=lambda trace: trace.get("line", {}).get("color") != GREY)
        return made.update_layout(showlegend=True)

    return draw_both
