"""The page of the price war: its choices, and what it opens with."""

from datetime import date

from dashboards.components.filters import Filters
from dashboards.components.page import Card, PageSection
from dashboards.components.time.periods import DayRange
from dashboards.pages.prices.page import PRICE_WAR, cards

CHOICES = {"dimension": "weights", "attribution": "base_lab", "free": "without"}
PERIOD = DayRange(date(2024, 9, 21), date(2026, 2, 28))


def shown() -> dict[str, Card]:
    """Return the cards of these choices by key."""
    listed = cards(Filters(CHOICES, periods={"weeks": PERIOD}))
    return {each.key: each for each in listed if isinstance(each, Card)}


def test_every_card_covers_the_period_and_the_chosen_side() -> None:
    """Prices are known before the first ranking, so the period begins there."""
    values = {key: card.query.values for key, card in shown().items()}
    assert {(found["first"], found["last"]) for found in values.values()} == {
        (PERIOD.first, PERIOD.last)
    }
    assert values["cost"]["free"] == "without"
    assert values["cost"]["dimension"] == values["spend"]["dimension"] == "weights"
    assert values["spend"]["attribution"] == "base_lab"


def test_price_against_volume_is_linked_and_not_repeated() -> None:
    labels = [label for label, _ in shown()["spend"].links]
    assert labels == ["Newest week, all members", "Price against volume"]
    assert "tokens with a price" in shown()["cost"].unit


def test_what_is_asked_for_less_is_folded() -> None:
    listed = cards(Filters(CHOICES, periods={"weeks": PERIOD}))
    folded = {each.key: each.is_folded for each in listed if isinstance(each, PageSection)}
    assert folded == {"spend": False, "turns": False, "launch": True, "known": True}
    assert PRICE_WAR.path == "/prices"
