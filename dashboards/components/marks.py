"""How the members of a chart are told apart: a colour, and a dash, symbol or pattern beside it; what is no member is grey."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import date, timedelta

import polars as pl

from dashboards.components.filters import href
from dashboards.components.theme import DASHES, PATTERNS, SYMBOLS, Look

FAR = ("all others", "unknown")


@dataclass(frozen=True)
class Mark:
    """The signs of one member."""

    colour: str
    dash: str
    symbol: str
    pattern: str


def marks(members: Sequence[str], look: Look) -> dict[str, Mark]:
    """A mark for each member, in this order; those of FAR come last and in grey."""
    made = {
        member: _mark(place, look)
        for place, member in enumerate(member for member in members if member not in FAR)
    }
    greys = {
        "all others": Mark("#9aa2ab", "dot", "circle-open", "."),
        "unknown": Mark("#6b737c", "dot", "x-open", "x"),
    }
    return made | {member: greys[member] for member in FAR if member in members}


def _mark(place: int, look: Look) -> Mark:
    # Colours and patterns come round at different times, so that no two of the first forty are alike in both.
    return Mark(
        look.colour(place),
        DASHES[place % len(DASHES)],
        SYMBOLS[place % len(SYMBOLS)],
        PATTERNS[(place + place // 10) % len(PATTERNS)],
    )


def by_size(rows: pl.DataFrame, value: str = "tokens") -> list[str]:
    """The members, the largest of the newest week first."""
    newest = rows["week_start"].max()
    sizes = rows.group_by("member").agg(
        pl.col(value).filter(pl.col("week_start") == newest).sum().alias("now"),
        pl.col(value).sum().alias("ever"),
    )
    return sizes.sort(["now", "ever", "member"], descending=[True, True, False])["member"].to_list()


def link(member: str, dimension: str, **choices: str) -> str:
    """Where a click on a member leads: a family to its own page, another to its share with bounds."""
    if member == "all others":
        return ""
    if dimension == "family" and member != "unknown":
        return href("/model", family=member)
    return href("/market", dimension=dimension, one=f"{dimension}:{member}", **choices)


def band(look: Look, colour: str, opacity: float = 0.18) -> str:
    """The colour of the area between two bounds."""
    red, green, blue = (int(colour[at : at + 2], 16) for at in (1, 3, 5))
    return f"rgba({red},{green},{blue},{opacity if look.scheme == 'light' else opacity + 0.08})"


def runs(present: Sequence[bool]) -> list[slice]:
    """The stretches without a gap."""
    found: list[slice] = []
    begin: int | None = None
    for place, is_there in enumerate([*present, False]):
        if is_there and begin is None:
            begin = place
        elif not is_there and begin is not None:
            found.append(slice(begin, place))
            begin = None
    return found


def apart(points: Sequence[tuple[float, float]], room: tuple[float, float]) -> list[int]:
    """Places of the points whose labels have room, the first ones first: a label over another can be read no more than none."""
    kept: list[int] = []
    for place, (x, y) in enumerate(points):
        if all(
            abs(x - points[other][0]) >= room[0] or abs(y - points[other][1]) >= room[1]
            for other in kept
        ):
            kept.append(place)
    return kept


def weekly(rows: pl.DataFrame) -> dict[str, object]:
    """A time axis whose ticks stand on the Mondays that weeks begin with, as long as there is room for them; else on months."""
    first, last = rows["week_start"].min(), rows["week_start"].max()
    if not isinstance(first, date) or not isinstance(last, date):
        return {}
    weeks = (last - first).days // 7
    if weeks > 30:
        return {"tickformat": "%b %Y"}
    mondays = [first + timedelta(weeks=week) for week in range(weeks + 1)]
    minor = {"tickvals": mondays, "ticks": "outside", "ticklen": 3}
    return {
        "tickvals": mondays[:: max(1, -(-weeks // 4))],
        "tickformat": "%d %b<br>%Y",
        "tickangle": 0,
        "minor": minor,
    }


def tokens(value: float | None) -> str:
    """A number of tokens for people: 1.23 T. What is not known says so."""
    if value is None:
        return "unknown"
    for size, name in ((1e15, "P"), (1e12, "T"), (1e9, "G"), (1e6, "M"), (1e3, "k")):
        if abs(value) >= size:
            return f"{value / size:.3g} {name}"
    return f"{value:.0f}"


def percent(value: float | None, digits: int = 1, signed: bool = False) -> str:
    """A share for people."""
    return "unknown" if value is None else f"{value:{'+' if signed else ''}.{digits}%}"


def usd(value: float | None) -> str:
    """Dollars with three digits that count."""
    if value is None:
        return "unknown"
    return f"${value:,.2f}" if abs(value) >= 1 or value == 0 else f"${value:.3g}"
