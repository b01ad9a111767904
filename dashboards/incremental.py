"""Incremental bodies: a page is built whole, or only the cards that a choice changed are.

Either way only cards near the screen are drawn; the rest wait under their titles until they come
near. The browser sends back what it shows (`ShownPage`), and changes are derived from that.
"""

from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import Any

from dash import html
from dash.development.base_component import Component

from dashboards.components.cards import cell_content
from dashboards.components.filters import AS_OF, Filters, parse_search
from dashboards.components.page import Card, CardPage, CustomPage, Listed, PageView
from dashboards.components.sections import (
    CellId,
    card_twelfths,
    cell_id,
    describe_layout,
    folded_places,
    lay_out,
)
from dashboards.components.widgets import suggestions

CellContents = list[tuple[CellId, Component]]
# Pixels of the body on the first screen: 1000, of which the page's head takes 200. The browser asks
# for the cards below soon.
FIRST_SCREEN = 800
# Pixels that a card adds around its figure.
CARD_FRAME = 170
HEADING_HEIGHT = 60


@dataclass(frozen=True)
class ShownPage:
    """The page that a browser shows.

    `whole` names the body as it was built, `before` the search that the last change started from.
    """

    path: str
    generation: int
    scheme: str
    search: str
    whole: str
    before: str | None = None

    @classmethod
    def parse(cls, given: Any) -> "ShownPage | None":
        """Return what a browser says it shows; None for anything that no page of ours sends."""
        kinds = {"path": str, "generation": int, "scheme": str, "search": str, "whole": str}
        if not isinstance(given, dict):
            return None
        values: dict[str, Any] = {name: given.get(name) for name in kinds}
        if not all(isinstance(values[name], kind) for name, kind in kinds.items()):
            return None
        return cls(**values) if values["scheme"] in ("light", "dark") else None


@dataclass(frozen=True)
class PageUpdate:
    """A reply to the browser: a whole body, or cells to fill; and what it shows then."""

    body: Component | None
    cells: CellContents
    shown: ShownPage


def parse_places(given: Any) -> list[int]:
    """Return the places of cards that a browser names, each once."""
    if not isinstance(given, list):
        return []
    return sorted({place for place in given if isinstance(place, int)})


def update_page(view: PageView, shown: ShownPage | None, seen: Collection[int]) -> PageUpdate:
    """Build the cells that differ from what a browser shows, or else the whole body.

    `seen` are the places that the viewer sees.
    """
    now = ShownPage(
        path=view.page.path,
        generation=view.generation.meta.generation,
        scheme=view.theme.scheme,
        search=view.search,
        whole="",
    )
    if shown and _is_same_page(shown, now):
        cells = _changed_cells(view, shown, seen)
        if cells is not None:
            return PageUpdate(None, cells, replace(now, whole=shown.whole, before=shown.search))
    whole = repr((now.path, now.generation, now.scheme, now.search))
    near = seen if shown and shown.path == now.path else ()
    return PageUpdate(_whole_body(view, whole, near), [], replace(now, whole=whole))


def fill_cells(view: PageView, shown: ShownPage, wanted: Collection[int]) -> PageUpdate:
    """Draw the cards of a shown page that came near."""
    listed = view.cards()
    places = [place for place in wanted if 0 <= place < len(listed)]
    cells = _cells(view, listed, shown.whole, places, places)
    return PageUpdate(None, cells, replace(shown, before=shown.search))


def first_screen(listed: Sequence[Listed]) -> set[int]:
    """Return the places on the first screen, if two cards fit beside each other."""
    found, top, row_height, used = set(), 0, 0, 0
    folded = folded_places(listed)
    for place, each in enumerate(listed):
        if place in folded:
            continue
        width = card_twelfths(each)
        if used + width > 12:
            top, row_height, used = top + row_height, 0, 0
        if top < FIRST_SCREEN:
            found.add(place)
        height = CARD_FRAME + each.height if isinstance(each, Card) else HEADING_HEIGHT
        used, row_height = used + width, max(row_height, height)
    return found


def _is_same_page(shown: ShownPage, now: ShownPage) -> bool:
    days = [parse_search(each.search).get(AS_OF) for each in (shown, now)]
    return days[0] == days[1] and (shown.path, shown.generation, shown.scheme) == (
        now.path,
        now.generation,
        now.scheme,
    )


def _changed_cells(view: PageView, shown: ShownPage, seen: Collection[int]) -> CellContents | None:
    """Return the cells whose card differs; None where the whole page must be built.

    A card that asks and draws the same stays as it is, since drawing it again costs the browser
    more than comparing costs us.
    """
    if not isinstance(view.page, CardPage) or view.filters.unknown:
        return None
    before, now = replace(view, search=shown.search).cards(), view.cards()
    if describe_layout(before) != describe_layout(now):
        return None
    pairs = enumerate(zip(before, now, strict=True))
    places = [place for place, (old, new) in pairs if old != new]
    return _cells(view, now, shown.whole, places, seen)


def _cells(
    view: PageView,
    listed: Sequence[Listed],
    whole: str,
    places: Collection[int],
    drawn: Collection[int],
) -> CellContents:
    return [
        (cell_id(whole, place), cell_content(view, listed[place], is_drawn=place in drawn))
        for place in places
    ]


def _whole_body(view: PageView, whole: str, seen: Collection[int]) -> Component:
    filters = view.filters
    if filters.unknown:
        return _unknown_body(view, filters)
    if isinstance(view.page, CustomPage):
        return view.page.body(view.generation, filters)
    listed = view.cards()
    cells = _cells(view, listed, whole, range(len(listed)), first_screen(listed) | set(seen))
    has_panel = isinstance(view.page, CardPage) and not view.is_unserved
    above = view.page.above if has_panel and isinstance(view.page, CardPage) else None
    return lay_out(cells, listed, above(view.theme) if above else None)


def _unknown_body(view: PageView, filters: Filters) -> Component:
    """Build what stands in place of the cards of a choice that the page does not have."""
    shown = [
        suggestions(
            each.text,
            "Nothing is shown in its place.",
            [(f"{view.page.path}{search}", label) for search, label in each.nearest]
            or [(view.page.path, f"{view.page.name} without this choice")],
        )
        for each in filters.unknown
    ]
    return html.Div(shown)
