"""Pages as data: cards follow from the choices, and equal cards stay equal."""

from pathlib import Path
from typing import Any

import polars as pl
import pytest
from dash import html
from support.dashboard.browser import context_of
from support.dashboard.components import text_of
from support.published import published

from dashboards.components.filters import Control
from dashboards.components.page import (
    Card,
    CardPage,
    CustomPage,
    Page,
    PageView,
    rows_only,
    rows_with,
)
from dashboards.components.theme import Theme
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.query import Query
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

ROWS = pl.DataFrame({"n": [1, 2]})
BASIS = Control(name="basis", label="Basis", options=(("a", "A"), ("b", "B")), default="a")


@pytest.fixture
def bare(tmp_path: Path) -> OpenGeneration:
    settings = Settings(home=tmp_path / "home")
    published(settings)
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


def count(rows: pl.DataFrame, more: str = "") -> html.P:
    return html.P(f"{rows.height} rows {more}".strip())


def card(basis: str) -> Card:
    query = Query("select $basis", {"basis": basis})
    return Card(key="k", title="Title", query=query, draw=rows_only(count))


def test_a_function_of_rows_alone_is_given_no_theme() -> None:
    assert text_of(rows_only(count)(ROWS, Theme())) == "2 rows"
    assert text_of(rows_with(count, more="more")(ROWS, Theme())) == "2 rows more"


def test_the_same_function_makes_the_same_draw() -> None:
    """Cards are compared, and one that draws the same stays as it is in the browser."""
    assert rows_only(count) is rows_only(count)
    assert rows_with(count, more="a") is rows_with(count, more="a")
    assert rows_with(count, more="a") is not rows_with(count, more="b")


def test_cards_are_equal_by_what_they_ask_and_draw() -> None:
    assert card("a") == card("a")
    assert card("a") != card("b")


@pytest.mark.parametrize(("search", "basis"), [("", "a"), ("?basis=b", "b")])
def test_a_view_has_the_cards_of_its_choices(bare: OpenGeneration, search: str, basis: str) -> None:
    page = CardPage(
        path="/x",
        name="X",
        about="",
        controls=lambda _: (BASIS,),
        cards=lambda filters, _: (card(filters["basis"]),),
    )
    assert PageView(page, bare, Theme(), search).cards() == (card(basis),)
    # A choice that is not there shows nothing of another one.
    assert PageView(page, bare, Theme(), "?basis=c").cards() == ()


def test_a_page_of_another_kind_has_no_cards(bare: OpenGeneration) -> None:
    page = CustomPage(
        path="/x", name="X", about="", controls=lambda _: (), body=lambda *_: html.P()
    )
    assert PageView(page, bare, Theme(), "").cards() == ()


@pytest.mark.parametrize("kind", [Page, CardPage, CustomPage, Card])
def test_fields_are_named_where_a_page_or_card_is_made(kind: Any) -> None:
    with pytest.raises(TypeError, match="positional"):
        kind("/x", "X")
