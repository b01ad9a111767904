"""Marks that tell the members of a chart apart: a colour, and beside it a dash, symbol or pattern.

What is no member, such as the sum of all others, is grey.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta
from itertools import count
from typing import Any

import polars as pl

from dashboards.chart import Chart
from dashboards.components.filters import href
from dashboards.components.theme import DASHES, PATTERNS, SYMBOLS, Theme

NO_MEMBERS = ("all others", "unknown")
MAX_WEEKS_BY_DAY = 30
# The head of the one hover of a column.
WEEK_HOVER = "week of %d %b %Y"


@dataclass(frozen=True)
class Mark:
    """The signs of one member."""

    colour: str
    dash: str
    symbol: str
    pattern: str


GREYS = {
    "all others": Mark("#9aa2ab", "dot", "circle-open", "."),
    "unknown": Mark("#6b737c", "dot", "x-open", "x"),
}


def marks(members: Sequence[str], theme: Theme) -> dict[str, Mark]:
    """Return a mark for each member, in this order; `all others` and `unknown` come last.

    A member of the market has the mark of its number on every chart; others take those left over.
    """
    own = [member for member in members if member not in NO_MEMBERS]
    known = dict(theme.members)
    used = {known[member] for member in own if member in known}
    free = (number for number in count() if number not in used)
    numbers = {member: known[member] if member in known else next(free) for member in own}
    made = {member: numbered_mark(number, theme) for member, number in numbers.items()}
    return made | {member: GREYS[member] for member in NO_MEMBERS if member in members}


def numbered_mark(number: int, theme: Theme) -> Mark:
    """Return the mark of this number."""
    # Colours repeat after ten; of members that share one, neither pattern nor symbol is the same.
    return Mark(
        theme.colour(number),
        DASHES[number % len(DASHES)],
        SYMBOLS[(number + number // 10) % len(SYMBOLS)],
        PATTERNS[(number + number // 10) % len(PATTERNS)],
    )


def members_by_size(rows: pl.DataFrame, value: str = "tokens") -> list[str]:
    """Return the members, the largest of the newest week first."""
    is_newest = pl.col("week_start") == pl.col("week_start").max()
    sizes = (
        rows.with_columns(now=pl.when(is_newest).then(pl.col(value)))
        .group_by("member")
        .agg(pl.col("now").sum(), pl.col(value).sum().alias("ever"))
    )
    return sizes.sort(["now", "ever", "member"], descending=[True, True, False])["member"].to_list()


def member_link(member: str, dimension: str, **choices: str) -> str:
    """Return where a click on a member leads: a family to its page, others to their share."""
    if member == "all others":
        return ""
    if member == "unknown":
        # It is nobody's, so it is not among the members to choose.
        return href("/market", dimension=dimension, **choices)
    if dimension == "family":
        return href("/model", family=member)
    return href("/market", dimension=dimension, one=f"{dimension}:{member}", **choices)


def find_runs(present: Sequence[bool]) -> list[slice]:
    """Return the stretches without a gap."""
    runs: list[slice] = []
    begin: int | None = None
    for index, is_there in enumerate([*present, False]):
        if is_there and begin is None:
            begin = index
        elif not is_there and begin is not None:
            runs.append(slice(begin, index))
            begin = None
    return runs


def add_band(
    figure: Chart,
    x: pl.Series,
    low: pl.Series,
    high: pl.Series,
    colour: str,
    name: str,
    is_in_legend: bool = False,
) -> None:
    """Fill the area between two bounds, in one piece for each stretch without a gap."""
    for number, run in enumerate(find_runs(low.is_not_null().to_list())):
        points = x[run].to_list()
        figure.add_scatter(
            x=points + points[::-1],
            y=high[run].to_list() + low[run].to_list()[::-1],
            fill="toself",
            mode="lines",
            line={"width": 0},
            fillcolor=colour,
            name=name,
            showlegend=is_in_legend and number == 0,
            hoverinfo="skip",
        )


def whiskers(values: pl.Series, lows: pl.Series, highs: pl.Series, colour: str) -> dict[str, Any]:
    """Return error bars from the lower to the upper bound of each value; unknown has none."""
    return {
        "type": "data",
        "symmetric": False,
        "color": colour,
        "thickness": 1.5,
        "array": (highs - values).clip(0).to_list(),
        "arrayminus": (values - lows).clip(0).to_list(),
    }


def labels_with_room(points: Sequence[tuple[float, float]], room: tuple[float, float]) -> list[int]:
    """Return the numbers of points whose labels do not lie over that of an earlier point."""
    kept: list[int] = []
    for number, (x, y) in enumerate(points):
        if all(
            abs(x - points[other][0]) >= room[0] or abs(y - points[other][1]) >= room[1]
            for other in kept
        ):
            kept.append(number)
    return kept


def week_axis(rows: pl.DataFrame) -> dict[str, object]:
    """Return a time axis with ticks on Mondays while there is room for them, else on months."""
    first, last = rows["week_start"].min(), rows["week_start"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return {}
    weeks = (last - first).days // 7
    if weeks > MAX_WEEKS_BY_DAY:
        return {"tickformat": "%b<br>%Y", "tickangle": 0, "hoverformat": WEEK_HOVER}
    mondays = [first + timedelta(weeks=week) for week in range(weeks + 1)]
    return {
        "tickvals": mondays[:: max(1, -(-weeks // 4))],
        "tickformat": "%d %b<br>%Y",
        "tickangle": 0,
        "hoverformat": WEEK_HOVER,
        "minor": {"tickvals": mondays, "ticks": "outside", "ticklen": 3},
    }
