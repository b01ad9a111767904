"""Weeks of two sides: spans in which a statement was true, open or not known, by basis."""

from datetime import date

import polars as pl
from support.dashboard.components import rows_of

from dashboards.components.theme import Theme
from dashboards.pages.claims.weeks import COUNTRIES, Sides, normalise, true_weeks, week_cards
from dashboards.query import Query

WEEKS = [date(2026, 3, 2), date(2026, 3, 9), date(2026, 3, 16), date(2026, 3, 23)]


def weeks(prefix: tuple[str, str] = ("above", "below")) -> pl.DataFrame:
    """Return four weeks on one basis: true, open, false, and one of three days."""
    above, below = prefix
    return pl.DataFrame(
        {
            "basis": ["top9"] * 4,
            "week_start": WEEKS,
            "days": [7, 7, 7, 3],
            "is_true": [True, None, False, None],
            f"{above}_share": [0.6, 0.4, 0.3, 0.5],
            f"{above}_low": [0.6, 0.4, 0.3, 0.5],
            f"{above}_high": [0.7, 0.6, 0.4, 0.5],
            f"{below}_share": [0.3, 0.4, 0.6, 0.5],
            f"{below}_low": [0.3, 0.4, 0.6, 0.5],
            f"{below}_high": [0.4, 0.6, 0.7, 0.5],
        }
    )


def test_each_week_is_in_one_column() -> None:
    """A part of a week is not known, whatever its days say."""
    assert rows_of(true_weeks(weeks())) == [
        [
            "the nine models on OpenRouter's chart",
            "2026-03-02 to 2026-03-08 (1 week)",
            "2026-03-16 to 2026-03-22 (1 week)",
            "2026-03-09 to 2026-03-15 (1 week)",
            "2026-03-23 to 2026-03-29 (1 week)",
        ]
    ]


def test_a_claim_on_countries_has_the_same_columns_by_other_names() -> None:
    """Other evidence has no weeks of two sides."""
    found = normalise(weeks(("chinese", "us")))
    assert found is not None
    assert set(weeks().columns) <= set(found.columns)
    assert normalise(pl.DataFrame({"week_start": WEEKS})) is None
    assert rows_of(true_weeks(pl.DataFrame({"week_start": WEEKS}))) == []


def test_each_basis_has_a_chart_of_both_sides() -> None:
    """The same claim gives the same cards, so a choice redraws no more than it must."""
    asked = Query("select 1", is_verbatim=True)
    cards = week_cards(asked, ["top9", "platform"], COUNTRIES)
    assert [card.key for card in cards] == ["true-weeks", "sides-top9", "sides-platform"]
    assert cards == week_cards(asked, ["top9", "platform"], Sides("China", "United States"))
    drawing = cards[1].draw(weeks(("chinese", "us")), Theme())
    assert {trace.name for trace in drawing.data} >= {"China", "United States"}  # type: ignore[union-attr]
