"""Sections of a page: cards under headings that fold, and the links that jump to them.

The browser folds them and remembers which are open (assets/tokentide.js). A card in a folded
section waits under its title, so it asks nothing until somebody opens the section.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboards.components.page import Card, Heading, Listed, PageSection
from dashboards.components.widgets import html_attributes, with_code

TWELFTHS = {"third": 4, "half": 6, "full": 12}
# Fewer sections than these need no links to find one.
MIN_JUMPS = 2
CellId = dict[str, Any]


@dataclass(frozen=True)
class Stretch:
    """The places of a section's cards; without a section those before the first one."""

    section: PageSection | None
    places: range

    @property
    def is_folded(self) -> bool:
        """True if a page opens without these cards."""
        return self.section is not None and self.section.is_folded


def stretches(listed: Sequence[Listed]) -> list[Stretch]:
    """Divide a page into its sections. The heading of a section is not among its places."""
    begun = [(place, each) for place, each in enumerate(listed) if isinstance(each, PageSection)]
    ends = [*(place for place, _ in begun), len(listed)]
    found = [
        Stretch(section, range(place + 1, end))
        for (place, section), end in zip(begun, ends[1:], strict=True)
    ]
    return [Stretch(None, range(ends[0])), *found]


def folded_places(listed: Sequence[Listed]) -> set[int]:
    """Return the places of cards that a page opens without."""
    return {place for each in stretches(listed) if each.is_folded for place in each.places}


def describe_layout(listed: Sequence[Listed]) -> list[object]:
    """Return what decides where cards stand: pages of equal layout differ in their cards alone."""
    return [
        (each.key, each.is_folded) if isinstance(each, PageSection) else card_width(each)
        for each in listed
    ]


def lay_out(
    cells: Sequence[tuple[CellId, Component]],
    listed: Sequence[Listed],
    above: Component | None = None,
) -> Component:
    """Lay out the cards of a page, each in a cell that can be filled again, below a panel."""
    # Mantine's grid would bring a style sheet for each cell, which costs a browser a millisecond.
    places = [
        html.Div(
            content,
            id=name,
            className=f"cell {card_width(each)}",
            **html_attributes(data_place=str(name["place"])),
        )
        for (name, content), each in zip(cells, listed, strict=True)
    ]
    parts: list[Component] = []
    for stretch in stretches(listed):
        grid = html.Div([places[place] for place in stretch.places], className="cells")
        if stretch.section is None:
            parts.append(grid)
        else:
            parts.append(_section(stretch.section, places[stretch.places.start - 1], grid))
    return html.Div([*_jumps(listed), *([above] if above else []), *parts])


def cell_id(whole: str, place: int) -> CellId:
    """Return the id of a cell: its place in a body that was built whole under this name."""
    return {"type": "cell", "whole": whole, "place": place}


def card_width(each: Listed) -> str:
    """Return the width by the name that the style sheet knows."""
    return each.width if isinstance(each, Card) else "full"


def card_twelfths(each: Listed) -> int:
    """Return the width on a large screen, in twelfths."""
    return TWELFTHS[card_width(each)]


def heading(each: Heading) -> Component:
    """Build a heading with the line below it."""
    below = [html.Span(with_code(each.below), className="page-about")] if each.below else []
    return html.Div([html.H2(each.text), *below], className="heading")


def _section(section: PageSection, title: Component, grid: Component) -> Component:
    return html.Details(
        [html.Summary(title), grid],
        id=_anchor(section),
        open=not section.is_folded,
        className="section",
        **html_attributes(data_folded=str(section.is_folded).lower()),
    )


def _jumps(listed: Sequence[Listed]) -> list[Component]:
    """Return the links to the sections of a page, where there are several."""
    found = [each for each in listed if isinstance(each, PageSection)]
    if len(found) < MIN_JUMPS:
        return []
    links = [html.A(each.text, href=f"#{_anchor(each)}", className="jump") for each in found]
    return [html.Nav(links, className="jumps", **html_attributes(aria_label="Sections"))]


def _anchor(section: PageSection) -> str:
    return f"section-{section.key}"
