"""Weeks of a statement about two sides: in which it was true, and both sides by week.

An evidence query of a claim on two countries, and that of a comparison, find one row for each week
and basis, with the bounds of both sides.
"""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache

import polars as pl
from dash.development.base_component import Component

from dashboards.components.page import Card, Drawing, rows_only
from dashboards.components.theme import Theme
from dashboards.components.widgets import plain_table
from dashboards.pages.claims import figures
from dashboards.query import Query
from dashboards.statements.comparison import Comparison
from dashboards.statements.judging import spans
from dashboards.statements.wording import basis_words

COUNTRY_COLUMNS = {
    f"{country}_{figure}": f"{side}_{figure}"
    for country, side in (("chinese", "above"), ("us", "below"))
    for figure in ("share", "low", "high")
}
NEEDED = {"basis", "week_start", "days", "is_true", *COUNTRY_COLUMNS.values()}
HEADINGS = (
    "If you count",
    "Certainly true",
    "Certainly not",
    "Depends on the unknown",
    "Not known",
)
NOTE = (
    "A line is the share of the tokens that are attributed; the band above it is what may belong "
    "to that side as well, since its owner is not known. Shaded weeks are those in which the "
    "statement was certainly true."
)


@dataclass(frozen=True)
class Sides:
    """The two sides of a statement in words."""

    above: str
    below: str

    @classmethod
    def of(cls, comparison: Comparison) -> "Sides":
        """Return the two sides of a comparison."""
        return cls(*comparison.sides)


COUNTRIES = Sides("China", "United States")


def normalise(rows: pl.DataFrame) -> pl.DataFrame | None:
    """Return rows as weeks of two sides; None for those of other evidence."""
    renamed = rows.rename(
        {old: new for old, new in COUNTRY_COLUMNS.items() if old in rows.columns}, strict=False
    )
    return renamed if set(renamed.columns) >= NEEDED else None


def true_weeks(rows: pl.DataFrame) -> Component:
    """Build a table of the weeks in which a statement was true, by basis, as spans of days."""
    weeks = normalise(rows)
    parts = [] if weeks is None else weeks.partition_by("basis", maintain_order=True)
    return plain_table(HEADINGS, [_line(part) for part in parts], "Weeks")


def _line(part: pl.DataFrame) -> list[str]:
    whole, flag = pl.col("days") == 7, pl.col("is_true")
    kinds = (whole & flag, whole & ~flag, whole & flag.is_null(), ~whole | pl.col("days").is_null())
    # Each kind of week in turn takes the place of the true ones.
    found = [spans(part.with_columns(is_true=kind)) for kind in kinds]
    words = ["; ".join(span.words for span in each) or "no week" for each in found]
    return [basis_words(part["basis"][0]), *words]


def week_cards(asked: Query, bases: Sequence[str], sides: Sides) -> list[Card]:
    """Return a card of the true weeks, and one for each basis with both sides by week."""
    table = Card(
        key="true-weeks",
        title="The weeks in which it was true",
        query=asked,
        draw=rows_only(true_weeks),
        unit="weeks from Monday to Sunday, UTC",
        width="full",
        height=120,
    )
    return [table, *(_sides_card(asked, basis, sides) for basis in bases)]


def _sides_card(asked: Query, basis: str, sides: Sides) -> Card:
    return Card(
        key=f"sides-{basis}",
        title=f"{sides.above} and {sides.below}",
        query=asked,
        draw=_two_sides(basis, sides),
        unit=f"share by week, if you count {basis_words(basis)}",
        note=NOTE,
    )


@cache
def _two_sides(basis: str, sides: Sides) -> Callable[[pl.DataFrame, Theme], Drawing]:
    drawn = figures.two_sides(basis, sides.above, sides.below)

    def draw(rows: pl.DataFrame, theme: Theme) -> Drawing:
        weeks = normalise(rows)
        return drawn(rows if weeks is None else weeks, theme)

    return draw
