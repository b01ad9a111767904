"""The body of a page: made whole, or, where only a choice changed, nothing but the cards that are others than before."""

from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboards import cards
from dashboards.filters import read_filters
from dashboards.pages.page import Page
from dashboards.sources import Generation
from dashboards.theme import Look

Shown = dict[str, Any]
"""What a browser shows: path, generation, scheme and search."""
Cells = dict[int, Component]
"""Cards by their place on the page."""


def made(page: Page, generation: Generation, look: Look, search: str, shown: Shown | None) -> tuple[Component | Cells, Shown]:
    """The body for a browser that shows this, or what to put in place of some of its cards; and what it will show then."""
    now: Shown = {"path": page.path, "generation": generation.meta.generation, "scheme": look.scheme}
    cells = None
    if shown and now.items() <= shown.items():
        cells = changed(page, generation, look, shown["search"], search)
    return whole(page, generation, look, search) if cells is None else cells, {**now, "search": search}


def whole(page: Page, generation: Generation, look: Look, search: str) -> Component:
    """The body of a page for these choices: its own, or its cards."""
    filters = read_filters(search, page.controls(generation))
    if page.body:
        return page.body(generation, filters, look)
    drawn = cards.render(page, page.cards_for(filters, generation), generation, look, search)
    return html.Div([page.above(look), drawn]) if page.above else drawn


def changed(page: Page, generation: Generation, look: Look, before: str, search: str) -> Cells | None:
    """The cards that are others than `before`, on the same page of the same generation; None where the page must be made anew.

    A card that asks and draws the same stays as it is in the browser, which would take longer to draw it again than we to make it.
    """
    if page.body:
        return None
    controls = page.controls(generation)
    was, now = (page.cards_for(read_filters(each, controls), generation) for each in (before, search))
    if [cards.span(each) for each in was] != [cards.span(each) for each in now]:
        return None
    return {
        place: cards.inside(page, new, generation, look, search)
        for place, (old, new) in enumerate(zip(was, now, strict=True))
        if old != new
    }  # fmt: skip
