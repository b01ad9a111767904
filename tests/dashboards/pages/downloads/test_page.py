"""The page of downloads: choices that mean something, and nothing else."""

import pytest

from dashboards.components.filters import read_filters
from dashboards.components.page import Card
from dashboards.generations import OpenGeneration
from dashboards.pages.downloads.page import DOWNLOADS_PAGE, cards, controls

pytestmark = pytest.mark.slow


def shown(generation: OpenGeneration, search: str = "") -> dict[str, Card]:
    """Return the cards of an address by key."""
    filters = read_filters(search, controls(generation))
    return {card.key: card for card in cards(filters) if isinstance(card, Card)}


@pytest.mark.parametrize(
    ("search", "attribution"),
    [
        ("", "base_lab"),
        ("?whose=publisher", "publisher"),
        ("?whose=publisher&by=family", "releasing_lab"),
        ("?by=size", "publisher"),
        ("?whose=releasing_lab&by=quantisation", "publisher"),
        ("?whose=nobody", "base_lab"),
    ],
)
def test_a_split_that_an_attribution_lacks_takes_the_next(
    generation: OpenGeneration, search: str, attribution: str
) -> None:
    """Formats and sizes are those of a repository; a family is of models that a lab released."""
    assert shown(generation, search)["shares"].query.values["attribution"] == attribution


def test_every_query_runs_on_what_is_published(generation: OpenGeneration) -> None:
    for card in shown(generation).values():
        generation.frame(card.query)
    assert DOWNLOADS_PAGE.path == "/downloads"
