"""Pages: each has its own path and name, and commands in their texts exist."""

import re
from pathlib import Path

import pytest
from support.dashboard.browser import context_of
from support.dashboard.components import find_all, text_of
from support.published import published

from dashboards.components.filters import Filters
from dashboards.components.page import Card, CardPage, CustomPage, Page, PageView
from dashboards.components.theme import Theme
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.pages import OLD_PATHS, PAGES, find_page, is_page
from pipelines.cli import app
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

COMMAND = re.compile(r"`tokentide ([a-z]+)")
CARD_PAGES = [page for page in PAGES if isinstance(page, CardPage)]


@pytest.fixture(scope="module")
def bare(tmp_path_factory: pytest.TempPathFactory) -> OpenGeneration:
    """Return a generation that lacks nearly every table."""
    settings = Settings(home=tmp_path_factory.mktemp("bare") / "home")
    published(settings)
    found = GenerationStore(context_of(settings.published / NEWEST)).newest()
    assert found
    return found


def cards(page: Page, generation: OpenGeneration) -> list[Card]:
    view = PageView(page, generation, Theme(), "")
    return [card for card in view.cards() if isinstance(card, Card)]


def test_no_two_pages_share_a_path_or_a_name() -> None:
    assert len({page.path for page in PAGES}) == len({page.name for page in PAGES}) == len(PAGES)


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_a_page_is_found_by_its_path(page: Page) -> None:
    assert find_page(page.path) is page


@pytest.mark.parametrize(("old", "new"), OLD_PATHS.items())
def test_an_old_path_is_that_of_a_page_still(old: str, new: str) -> None:
    assert find_page(old) is find_page(new)
    assert old not in {page.path for page in PAGES}


@pytest.mark.parametrize("path", [None, "", "/", 1, ["/market"]])
def test_no_path_is_the_first_page(path: object) -> None:
    assert find_page(path) is PAGES[0]


def test_a_slash_at_the_end_is_no_other_page() -> None:
    assert find_page("/market/") is find_page("/market")
    assert is_page("/market/")


@pytest.mark.parametrize(
    ("path", "nearest"),
    [
        ("/markets", "/market"),
        ("/our tier", "/tier"),
        ("/effciency", "/efficiency"),
        ("/statment", "/claims"),
        ("/data/calendar", "/"),
        ("/xyzzy", "/"),
    ],
)
def test_an_unknown_path_says_so_and_leads_to_the_nearest_page(
    bare: OpenGeneration, path: str, nearest: str
) -> None:
    """It is never the first page under another address."""
    page = find_page(path)
    assert isinstance(page, CustomPage)
    assert (page.path, page.name, is_page(path)) == (path, "No such page", False)
    body = page.body(bare, Filters({}))
    assert f"No page has the address {path}" in text_of(body)
    assert nearest in [link.href for link in find_all(body, "Link")]


@pytest.mark.parametrize("page", CARD_PAGES, ids=lambda page: page.name)
def test_no_two_cards_of_a_page_share_a_key(page: Page, bare: OpenGeneration) -> None:
    keys = [card.key for card in cards(page, bare)]
    assert len(set(keys)) == len(keys)


@pytest.mark.parametrize("page", CARD_PAGES, ids=lambda page: page.name)
def test_a_page_can_be_listed_where_nearly_every_table_is_missing(
    page: Page, bare: OpenGeneration
) -> None:
    """A generation of an older version lacks some."""
    assert cards(page, bare)


def verbs() -> set[str]:
    """Return the verbs of the command."""
    named = [command.name or command.callback.__name__ for command in app.registered_commands]
    return {*named, *(group.name for group in app.registered_groups)}


@pytest.mark.parametrize("page", CARD_PAGES, ids=lambda page: page.name)
def test_every_command_in_a_cards_text_exists(page: Page, bare: OpenGeneration) -> None:
    texts = [text for card in cards(page, bare) for text in (card.empty, card.note, card.query.sql)]
    named = {verb for text in texts for verb in COMMAND.findall(text)}
    assert named <= verbs()


def test_the_first_page_says_how_to_begin(bare: OpenGeneration) -> None:
    texts = " ".join(card.empty for card in cards(PAGES[0], bare))
    for command in ("ingest market", "collect", "ingest telemetry"):
        assert f"`tokentide {command}`" in texts


def test_no_asset_is_left_without_its_licence() -> None:
    """Files of others lie in one folder."""
    vendor = Path(__file__).parents[3] / "dashboards" / "assets" / "vendor"
    licences = (vendor / "LICENSES.txt").read_text()
    assert all(file.name in licences for file in vendor.glob("*.js"))
