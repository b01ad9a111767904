"""Calendar of the daily rankings: one square a UTC day, a row of weeks a year."""

from datetime import date, timedelta
from typing import Any

import polars as pl

from dashboards.chart import AXES, Chart
from dashboards.components.theme import Theme, figure

# Each state has the number of a colour and a sign, so that no colour is needed.
STATES: dict[str, tuple[int, str]] = {
    "loaded": (5, ""),
    "restated": (0, "r"),
    "no other": (4, "o"),
    "withdrawn": (3, "w"),
    "missing": (1, "m"),
    "not asked": (7, "·"),
}
WEEKDAYS = ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun")
WEEK_AXIS = {
    "range": [6.5, -0.5],
    "tickvals": [0, 2, 4, 6],
    "ticktext": [WEEKDAYS[day] for day in (0, 2, 4, 6)],
    "showgrid": False,
    "ticks": "",
}
DAY_HEIGHT, GAP, LEGEND_HEIGHT = 18, 36, 90
CELL = 0.88


def calendar_height(years: int) -> int:
    """Return the pixels that this many years of seven lines need."""
    return years * (7 * DAY_HEIGHT + GAP) + LEGEND_HEIGHT


def calendar(rows: pl.DataFrame, theme: Theme) -> Chart:
    """Draw whether each day is loaded, and if not, why. A square leads to its raw answer."""
    years = sorted(set(rows["date"].dt.year().to_list()))
    if not years:
        return figure(theme)
    made = figure(theme)
    spacing = GAP / calendar_height(len(years))
    height = (1 - spacing * (len(years) - 1)) / len(years)
    axes = {name: dict(made.axis(name)) for name in AXES}
    for number, year in enumerate(years):
        # The first year lies at the top. Plotly numbers axes from the second on.
        bottom, end = 1 - height - number * (height + spacing), f"{number + 1}" if number else ""
        made.update_layout(
            **{
                f"xaxis{end}": {**axes["xaxis"], **_months(year), "anchor": f"y{end}"},
                f"yaxis{end}": {
                    **axes["yaxis"],
                    **WEEK_AXIS,
                    "title": {**axes["yaxis"]["title"], "text": str(year)},
                    "domain": [bottom, bottom + height],
                    "anchor": f"x{end}",
                },
            }
        )
        _add_year(made, rows.filter(pl.col("date").dt.year() == year), theme, end)
    counts = dict(rows.group_by("state").len().iter_rows())
    for state in (state for state in STATES if counts.get(state)):
        _add_key(made, state, counts[state], theme)
    return made.update_layout(
        hovermode="closest",
        barmode="overlay",
        showlegend=True,
        margin={"t": 26},
        legend={"y": -0.1 / len(years) - 0.05},
    )


def week_of_year(day: date) -> int:
    """Return the column of a day: weeks from Monday, the one of 1 January being 0."""
    return (day.timetuple().tm_yday - 1 + date(day.year, 1, 1).weekday()) // 7


def _add_year(made: Chart, rows: pl.DataFrame, theme: Theme, end: str) -> None:
    # A cell is a bar that begins at its weekday: the small Plotly draws no heat maps
    # (docs/decisions/0012).
    days = rows.to_dicts()
    answers = [day["answer_sha256"] for day in days]
    made.add_bar(
        xaxis=f"x{end}",
        yaxis=f"y{end}",
        x=[week_of_year(day["date"]) for day in days],
        base=[day["date"].weekday() - CELL / 2 for day in days],
        y=[CELL] * len(days),
        width=CELL,
        marker={
            "color": [theme.colour(STATES[day["state"]][0]) for day in days],
            "line": {"width": 0},
        },
        text=[STATES[day["state"]][1] for day in days],
        textposition="inside",
        insidetextanchor="middle",
        textangle=0,
        constraintext="none",
        textfont={"size": 10, "color": theme.paper},
        hovertext=[_describe_day(day) for day in days],
        customdata=[f"/data?answer={sha}" if sha else "" for sha in answers],
        hovertemplate="%{hovertext}<extra></extra>",
        showlegend=False,
    )


def _describe_day(row: dict[str, Any]) -> str:
    lines = [f"{row['date']:%a %Y-%m-%d}: {row['state']}"]
    if row["platform_tokens"] is not None:
        lines.append(f"{row['platform_tokens']:,} tokens")
    if (row["version"] or 1) > 1:
        lines.append(f"version {row['version']}")
    if row["as_of"]:
        lines.append(f"as of {row['as_of']:%Y-%m-%d %H:%M} UTC")
    return "<br>".join(lines)


def _months(year: int) -> dict[str, Any]:
    # Quarters, since twelve names do not fit a phone.
    firsts = [date(year, month, 1) for month in (1, 4, 7, 10)]
    return {
        "tickvals": [week_of_year(first + timedelta(days=6)) for first in firsts],
        "ticktext": [f"{first:%b}" for first in firsts],
        "range": [-0.5, 53.5],
        "showgrid": False,
        "zeroline": False,
    }


def _add_key(made: Chart, state: str, count: int, theme: Theme) -> None:
    colour, sign = STATES[state]
    made.add_scatter(
        x=[None],
        y=[None],
        mode="markers",
        name=f"{state}{f' ({sign})' if sign else ''}: {count:,} days",
        marker={"symbol": "square", "size": 11, "color": theme.colour(colour)},
    )
