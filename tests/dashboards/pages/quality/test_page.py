"""The page of quality: its choices, and what it says without a measure."""

from dashboards.components.filters import Filters
from dashboards.components.page import Card
from dashboards.pages.quality.page import QUALITY, cards


def test_the_sides_of_all_cards_are_those_of_the_address() -> None:
    """Prices stand beside the measure that was chosen."""
    shown = cards(Filters({"sides": "weights", "measure": "epoch"}))
    queries = {card.key: card.query.values for card in shown if isinstance(card, Card)}
    assert queries["gap"] == queries["now"] == queries["changes"] == {"sides": "weights"}
    assert queries["price"] == {"measure": "epoch"}
    assert QUALITY.path == "/quality"
