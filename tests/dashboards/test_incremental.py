"""Incremental bodies: of a choice only the cards that it changes, of a page what is near."""

from dataclasses import replace
from typing import Any

import polars as pl
import pytest
from dash import html
from support.dashboard.browser import context_of
from support.dashboard.components import class_of, find_all, text_of
from support.published import published

from dashboards.components.filters import Control, Filters
from dashboards.components.page import (
    Card,
    CardPage,
    CustomPage,
    Heading,
    Listed,
    PageSection,
    PageView,
    rows_only,
)
from dashboards.components.theme import Theme
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.incremental import (
    ShownPage,
    fill_cells,
    first_screen,
    parse_places,
    update_page,
)
from dashboards.query import Query
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

BASIS = Control(name="basis", label="Basis", options=(("a", "A"), ("b", "B")), default="a")
WIDE = Control(name="wide", label="Wide", options=(("no", "No"), ("yes", "Yes")), default="no")


def text(rows: pl.DataFrame) -> html.P:
    return html.P(str(rows.item()))


def listed(filters: Filters) -> list[Listed]:
    """Return a card that follows the basis, and ten that do not."""
    basis = Query("select $basis as basis", {"basis": filters["basis"]})
    same = Query("select 'same' as text")
    width: Any = "full" if filters["wide"] == "yes" else "half"
    return [
        Heading("Cards"),
        Card(key="basis", title="Basis", query=basis, draw=rows_only(text), width=width),
        *[
            Card(key=f"same-{number}", title=f"Same {number}", query=same, draw=rows_only(text))
            for number in range(10)
        ],
    ]


PAGE = CardPage(
    path="/test",
    name="Test",
    about="A page of a test.",
    controls=lambda _: (BASIS, WIDE),
    cards=lambda filters, _: listed(filters),
)


@pytest.fixture(scope="module")
def generation(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    settings = Settings(home=tmp_path_factory.mktemp("incremental") / "home")
    published(settings)
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


@pytest.fixture
def view(generation: OpenGeneration) -> PageView:
    return PageView(PAGE, generation, Theme(), "")


def cells_of(body: Any) -> list[Any]:
    """Return the cells of a body."""
    return [each for each in find_all(body, "Div") if class_of(each).startswith("cell ")]


def test_a_first_body_is_whole_and_draws_what_is_near(view: PageView) -> None:
    update = update_page(view, None, ())
    cells = cells_of(update.body)
    assert len(cells) == 12
    waiting = [cell for cell in cells if "waiting" in str(cell)]
    assert 0 < len(waiting) < 12
    assert "Same 9" in text_of(waiting[-1])
    assert update.shown.before is None


def test_a_choice_fills_only_the_cells_that_it_changes(view: PageView) -> None:
    shown = update_page(view, None, ()).shown
    update = update_page(replace(view, search="?basis=b"), shown, [0, 1, 2])
    assert update.body is None
    [(name, card)] = update.cells
    assert (name["place"], name["whole"]) == (1, shown.whole)
    assert "b" in text_of(card)
    assert (update.shown.search, update.shown.before) == ("?basis=b", "")


def test_a_changed_card_out_of_sight_waits_under_its_title(view: PageView) -> None:
    shown = update_page(view, None, ()).shown
    update = update_page(replace(view, search="?basis=b"), shown, [7, 8])
    [(_, card)] = update.cells
    assert class_of(card) == "card waiting"


def test_the_same_choice_again_changes_nothing(view: PageView) -> None:
    shown = update_page(view, None, ()).shown
    assert update_page(view, shown, ()).cells == []


def test_a_choice_that_the_page_does_not_have_shows_no_card(view: PageView) -> None:
    """Neither those of the default nor those of the choice before, and then others again."""
    shown = update_page(view, None, ()).shown
    body = update_page(replace(view, search="?basis=c"), shown, ()).body
    assert "Basis: there is no “c” in this generation." in text_of(body)
    assert find_all(body, "Section") == []
    unknown = update_page(replace(view, search="?basis=c"), shown, ()).shown
    other = update_page(replace(view, search="?basis=d"), unknown, ()).body
    assert "there is no “d”" in text_of(other)
    again = update_page(replace(view, search="?basis=b"), unknown, ()).body
    assert len(cells_of(again)) == 12


def test_another_width_builds_the_whole_page(view: PageView) -> None:
    shown = update_page(view, None, ()).shown
    update = update_page(replace(view, search="?wide=yes"), shown, ())
    assert update.body is not None
    assert update.shown.whole != shown.whole


@pytest.mark.parametrize(
    "change", [{"generation": 9}, {"path": "/market"}, {"scheme": "dark"}], ids=str
)
def test_another_page_generation_or_theme_builds_the_whole_page(
    view: PageView, change: dict[str, Any]
) -> None:
    shown = replace(update_page(view, None, ()).shown, **change)
    assert update_page(view, shown, ()).body is not None


def test_a_new_generation_draws_what_the_viewer_sees(view: PageView) -> None:
    """A person far down the page does not wait for it to come near again."""
    shown = replace(update_page(view, None, ()).shown, generation=0)
    cells = cells_of(update_page(view, shown, [10]).body)
    assert "waiting" not in str(cells[10])
    assert "waiting" in str(cells[9])


def test_a_folded_card_waits_until_a_viewer_opens_its_section(generation: OpenGeneration) -> None:
    """It asks nothing before: its query would fail here."""
    broken = Card(key="k", title="T", query=Query("select nothing"), draw=rows_only(text))
    page = replace(PAGE, controls=lambda _: (), cards=lambda *_: (FOLDED, broken))
    view = PageView(page, generation, Theme(), "")
    update = update_page(view, None, ())
    assert "could not be computed" not in text_of(update.body)
    [(_, opened)] = fill_cells(view, update.shown, [1]).cells
    assert "This could not be computed" in text_of(opened)


def test_cards_that_came_near_are_drawn(view: PageView) -> None:
    shown = update_page(view, None, ()).shown
    update = fill_cells(view, shown, [9, 10, 99, -1])
    assert [name["place"] for name, _ in update.cells] == [9, 10]
    assert all("same" in text_of(card) for _, card in update.cells)
    assert update.shown.before == shown.search


def test_a_page_of_another_kind_is_always_whole(generation: OpenGeneration) -> None:
    page = CustomPage(
        path="/custom",
        name="Custom",
        about="An editor.",
        controls=lambda _: (BASIS,),
        body=lambda _, filters: html.P(filters["basis"]),
    )
    view = PageView(page, generation, Theme(), "?basis=b")
    first = update_page(view, None, ())
    assert text_of(first.body) == "b"
    assert update_page(view, first.shown, ()).body is not None


SHOWN = {"path": "/test", "generation": 1, "scheme": "light", "search": "", "whole": "w"}


@pytest.mark.parametrize(
    "given",
    [
        None,
        "x",
        [],
        {"path": "/test"},
        SHOWN | {"scheme": "<b>"},
        SHOWN | {"generation": "../../x"},
        SHOWN | {"search": None},
    ],
)
def test_a_page_that_nobody_shows_is_none(given: object) -> None:
    assert ShownPage.parse(given) is None


def test_a_shown_page_is_read_without_what_it_has_too_much() -> None:
    assert ShownPage.parse(SHOWN | {"more": 1}) == ShownPage(**SHOWN)


@pytest.mark.parametrize(
    ("given", "places"),
    [
        (None, []),
        ("x", []),
        ({"0": 1}, []),
        ([3, 1, 1], [1, 3]),
        ([0, "1", None, [2], 2.5], [0]),
    ],
)
def test_places_are_whole_numbers_each_once(given: object, places: list[int]) -> None:
    assert parse_places(given) == places


def card(width: Any, height: int) -> Card:
    query = Query("select 1")
    return Card(key="k", title="T", query=query, draw=rows_only(text), width=width, height=height)


FOLDED = PageSection("a", key="a", is_folded=True)
OPEN = PageSection("b", key="b")


@pytest.mark.parametrize(
    ("cards", "near"),
    [
        ([card("full", 340)] * 4, {0, 1}),
        ([card("half", 340)] * 8, {0, 1, 2, 3}),
        ([card("third", 340)] * 9, {0, 1, 2, 3, 4, 5}),
        ([Heading("a"), card("full", 2000), card("full", 100)], {0, 1}),
        (
            [FOLDED, *[card("full", 340)] * 3, PageSection("b", key="b"), card("full", 340)],
            {0, 4, 5},
        ),
        ([], set()),
    ],
)
def test_the_first_screen_is_counted_in_rows(cards: list[Listed], near: set[int]) -> None:
    assert first_screen(cards) == near
