"""The body of a page: made whole, or, where only a choice changed, nothing but the cards that are others than before.

Of both only what the viewer sees or will see next; the rest waits under its title until it comes near (`near`, `filled`). What a browser
shows is named by `Shown`, which it sends back, so that what to change is told from what is there and never from what was meant to be.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboards.components import cards
from dashboards.components.filters import read_filters
from dashboards.components.page import Card, Heading, Page
from dashboards.components.theme import Look
from dashboards.generations import Generation

Shown = dict[str, Any]
"""What a browser shows: path, generation, scheme, search; `whole` names the body as it was made, `before` what was there to be changed."""
Cells = list[tuple[dict[str, Any], Component]]
"""Ids of cells and what to put into them."""
# Pixels of the body that are seen at first, on a screen of 1000 whose first 200 are above it; the browser asks for what is below soon.
NEAR = 800
# What a card has around its figure.
FRAME = 170


@dataclass(frozen=True)
class Made:
    """What goes back to the browser: a whole body, or cells to fill; and what it shows then."""

    body: Component | None
    cells: Cells
    shown: Shown


def read_shown(given: Any) -> Shown | None:
    """What a browser says that it shows, None where no page of ours says such a thing."""
    kinds = {"path": str, "generation": int, "scheme": str, "search": str, "whole": str}
    is_shown = isinstance(given, dict) and all(
        isinstance(given.get(name), kind) for name, kind in kinds.items()
    )
    return given if is_shown and given["scheme"] in ("light", "dark") else None


def read_places(given: Any) -> list[int]:
    """The places of cards that a browser names, each once."""
    return (
        sorted({place for place in given if isinstance(place, int)})
        if isinstance(given, list)
        else []
    )


def made(
    page: Page,
    generation: Generation,
    look: Look,
    search: str,
    shown: Shown | None,
    seen: Collection[int],
) -> Made:
    """The body for a browser that shows this and whose viewer sees these places of it, or the cells that differ."""
    now: Shown = {
        "path": page.path,
        "generation": generation.meta.generation,
        "scheme": look.scheme,
    }
    is_same = shown is not None and now.items() <= shown.items()
    if (
        shown is not None
        and is_same
        and (cells := changed(page, generation, look, shown, search, seen)) is not None
    ):
        return Made(
            None,
            cells,
            {**now, "search": search, "whole": shown["whole"], "before": shown["search"]},
        )
    whole = repr((*now.values(), search))
    body = _whole(
        page, generation, look, search, whole, seen if shown and shown["path"] == page.path else ()
    )
    return Made(body, [], {**now, "search": search, "whole": whole, "before": None})


def changed(
    page: Page, generation: Generation, look: Look, shown: Shown, search: str, seen: Collection[int]
) -> Cells | None:
    """The cells whose card is another than it was for what is shown; None where the page must be made anew.

    A card that asks and draws the same stays as it is in the browser, which would take longer to draw it again than we to make it.
    """
    if page.body:
        return None
    controls = page.controls(generation)
    was, now = (
        page.cards_for(read_filters(each, controls), generation)
        for each in (shown["search"], search)
    )
    if [cards.width(each) for each in was] != [cards.width(each) for each in now]:
        return None
    places = [place for place, (old, new) in enumerate(zip(was, now, strict=True)) if old != new]
    return _cells(page, now, generation, look, search, shown["whole"], places, seen)


def filled(
    page: Page, generation: Generation, look: Look, shown: Shown, wanted: Collection[int]
) -> Cells:
    """The cards of a shown page that came near."""
    listed = page.cards_for(read_filters(shown["search"], page.controls(generation)), generation)
    places = [place for place in wanted if 0 <= place < len(listed)]
    return _cells(page, listed, generation, look, shown["search"], shown["whole"], places, places)


def _cells(
    page: Page, listed: Sequence[Card | Heading], generation: Generation, look: Look, search: str, whole: str,
    places: Collection[int], drawn: Collection[int],
) -> Cells:  # fmt: skip
    return [
        (cards.cell(whole, place), cards.inside(page, listed[place], generation, look, search, is_drawn=place in drawn))
        for place in places
    ]  # fmt: skip


def _whole(
    page: Page, generation: Generation, look: Look, search: str, whole: str, seen: Collection[int]
) -> Component:
    filters = read_filters(search, page.controls(generation))
    if page.body:
        return page.body(generation, filters, look)
    listed = page.cards_for(filters, generation)
    cells = _cells(
        page, listed, generation, look, search, whole, range(len(listed)), near(listed) | set(seen)
    )
    grid = cards.grid(cells, listed)
    return html.Div([page.above(look), grid]) if page.above else grid


def near(listed: Sequence[Card | Heading]) -> set[int]:
    """The places that begin within the first screen, on a screen wide enough for two cards beside each other."""
    found, top, row, used = set(), 0, 0, 0
    for place, each in enumerate(listed):
        width = cards.twelfths(each)
        if used + width > 12:
            top, row, used = top + row, 0, 0
        if top < NEAR:
            found.add(place)
        used, row = used + width, max(row, FRAME + each.height if isinstance(each, Card) else 60)
    return found
