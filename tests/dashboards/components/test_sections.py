"""Sections: cards under headings that fold, links that jump to them, and cells in their places."""

from typing import Any

import pytest
from dash import html
from support.dashboard.components import class_of, find_all, text_of

from dashboards.components.page import Card, Heading, Listed, PageSection, rows_only
from dashboards.components.sections import (
    cell_id,
    describe_layout,
    folded_places,
    heading,
    lay_out,
    stretches,
)
from dashboards.query import Query


def card(key: str, width: Any = "half") -> Card:
    return Card(
        key=key,
        title=key,
        query=Query("select 1"),
        draw=rows_only(lambda _: html.P()),
        width=width,
    )


OPEN = PageSection("Latency", "By hour.", key="latency")
FOLDED = PageSection("Devices", key="devices", is_folded=True)
PAGE: list[Listed] = [card("a"), OPEN, card("b"), card("c", "third"), FOLDED, card("d")]


def lay_out_page(listed: list[Listed], above: Any = None) -> Any:
    cells = [(cell_id("w", place), html.P(str(place))) for place in range(len(listed))]
    return lay_out(cells, listed, above)


def test_a_section_has_the_cards_up_to_the_next_one() -> None:
    found = [(each.section, list(each.places)) for each in stretches(PAGE)]
    assert found == [(None, [0]), (OPEN, [2, 3]), (FOLDED, [5])]


@pytest.mark.parametrize("listed", [[], [card("a"), Heading("Between"), card("b")]])
def test_a_page_without_sections_is_one_stretch(listed: list[Listed]) -> None:
    assert [list(each.places) for each in stretches(listed)] == [[*range(len(listed))]]
    assert find_all(lay_out_page(listed), "Details") == find_all(lay_out_page(listed), "Nav") == []


def test_only_cards_of_folded_sections_are_folded() -> None:
    """Their headings are not: they are what a person clicks."""
    assert folded_places(PAGE) == {5}


def test_sections_fold_as_they_say_and_links_jump_to_them() -> None:
    made = lay_out_page(PAGE)
    sections = find_all(made, "Details")
    assert [(each.id, each.open) for each in sections] == [
        ("section-latency", True),
        ("section-devices", False),
    ]
    [links] = find_all(made, "Nav")
    assert [(text_of(link), link.href) for link in find_all(links, "A")] == [
        ("Latency", "#section-latency"),
        ("Devices", "#section-devices"),
    ]


def test_links_stand_above_the_panel_of_a_page() -> None:
    """A panel may be longer than a screen."""
    made = lay_out_page(PAGE, above=html.Div("panel"))
    assert [class_of(each) for each in made.children[:3]] == ["jumps", "", "cells"]


def test_one_section_needs_no_links() -> None:
    assert find_all(lay_out_page([OPEN, card("a")]), "Nav") == []


def test_cells_have_a_width_and_a_place() -> None:
    """The heading of a section is a cell too, since a choice may change its words."""
    cells = [each for each in find_all(lay_out_page(PAGE), "Div") if "cell " in class_of(each)]
    assert [(class_of(each), getattr(each, "data-place")) for each in cells] == [
        ("cell half", "0"),
        ("cell full", "1"),
        ("cell half", "2"),
        ("cell third", "3"),
        ("cell full", "4"),
        ("cell half", "5"),
    ]
    assert cells[1].id == {"type": "cell", "whole": "w", "place": 1}


def test_pages_of_equal_layout_differ_in_their_cards_alone() -> None:
    assert describe_layout(PAGE) == [
        "half",
        ("latency", False),
        "half",
        "third",
        ("devices", True),
        "half",
    ]
    other = [PageSection("Other words", key="latency"), card("x")]
    assert describe_layout(other) == describe_layout([OPEN, card("y")])


def test_a_heading_has_its_words_below() -> None:
    assert text_of(heading(OPEN)) == "Latency By hour."
    assert text_of(heading(Heading("Alone"))) == "Alone"
