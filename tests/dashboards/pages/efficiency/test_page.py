"""The efficiency page on a whole home: every card draws, by target, device and stack."""

import pytest

from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.export.static_html import to_html
from dashboards.generations import OpenGeneration
from dashboards.pages.efficiency.page import EFFICIENCY

pytestmark = pytest.mark.slow


def cards(generation: OpenGeneration, search: str = "") -> dict[str, Card]:
    listed = PageView(EFFICIENCY, generation, Theme(), search).cards()
    return {card.key: card for card in listed if isinstance(card, Card)}


@pytest.mark.parametrize("search", ["", "?by=device&window=0", "?by=stack&target=tier-01"])
def test_every_card_draws_a_whole_home(generation: OpenGeneration, search: str) -> None:
    for card in cards(generation, search).values():
        rows = generation.frame(card.query)
        assert rows.height, card.key
        for theme in (Theme("light"), Theme("dark")):
            assert card.draw(rows, theme) is not None


def test_lines_by_device_are_kinds_of_device(generation: OpenGeneration) -> None:
    card = cards(generation, "?by=device")["efficiency"]
    assert set(generation.frame(card.query)["series"]) == {"Ascend 910B2", "H20"}


def test_the_table_has_a_line_for_each_target(generation: OpenGeneration) -> None:
    card = cards(generation)["efficiency"]
    text = to_html(card.draw(generation.frame(card.query), Theme()))
    assert all(f"tier-0{number} ·" in text for number in range(4))


def test_a_choice_of_lines_leaves_no_card_as_it_was(generation: OpenGeneration) -> None:
    before, after = cards(generation), cards(generation, "?by=stack")
    assert all(before[key] != after[key] for key in before)
