"""Cards of the data page on who is not known: their queries run."""

import pytest

from dashboards.components.page import Card
from dashboards.generations import OpenGeneration
from dashboards.pages.data.attribution import attribution_cards

pytestmark = pytest.mark.slow


def test_what_is_not_known_is_there_by_tokens(generation: OpenGeneration) -> None:
    """A cloaked model is among the unknown, and its share is that of the chart's last week."""
    cards = {card.key: card for card in attribution_cards() if isinstance(card, Card)}
    frames = {key: generation.frame(card.query) for key, card in cards.items()}
    assert frames["unknown-share"]["field"].unique().sort().to_list() == [
        "country",
        "lab",
        "weights",
    ]
    unknowns = frames["unknowns"]
    assert unknowns.height > 0
    assert unknowns["reason"].null_count() == 0
    assert "evidence" in frames["proposals"].columns
    assert {"ours", "theirs"} <= {*frames["namespace-regions"].columns}
