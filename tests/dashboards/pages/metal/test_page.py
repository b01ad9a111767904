"""Market and metal on a whole home: every card draws, and sliders change the what-if."""

import re
from pathlib import Path

import polars as pl
import pytest
from playwright.sync_api import Browser, expect
from support.dashboard.browser import wait_for_page

from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.metal.page import METAL
from dashboards.query import Query

pytestmark = pytest.mark.slow
MART = """
    select local_usd_per_mtok::double as usd
    from make_or_buy_sensitivity
"""


def cards(generation: OpenGeneration, search: str = "") -> dict[str, tuple[Card, pl.DataFrame]]:
    """Return the cards of a choice with their rows."""
    listed = PageView(METAL, generation, Theme(), search).cards()
    return {
        card.key: (card, generation.frame(card.query)) for card in listed if isinstance(card, Card)
    }


@pytest.mark.parametrize("search", ["", "?metric=throughput&load=0.1"])
def test_every_card_draws_a_whole_home(generation: OpenGeneration, search: str) -> None:
    for card, rows in cards(generation, search).values():
        assert rows.height, card.key
        assert card.draw(rows, Theme("light")) is not None
        assert card.draw(rows, Theme("dark")) is not None


def test_the_what_if_is_the_marts_figure_where_they_meet(generation: OpenGeneration) -> None:
    """At factors of 1 and a load of a half the page's SQL and the mart give one figure."""
    rows = cards(generation, "?load=0.5&energy=1&amortisation=1")["curve"][1]
    target, _, family = METAL.controls(generation)[0].default.partition("|")
    where = (
        f"where target = '{target}' and model_family = '{family}' and kind = 'list' "
        "and load = 0.5 and energy_factor = 1 and amortisation_factor = 1"
    )
    mart = generation.frame(Query(MART + where, is_verbatim=True))
    assert rows["local_usd_at_chosen_load"][0] == pytest.approx(mart["usd"][0], rel=1e-6)


def test_dearer_energy_raises_our_cost(generation: OpenGeneration) -> None:
    before, after = (
        cards(generation, f"?load=0.5&energy={factor}")["curve"][1] for factor in (1, 4)
    )
    assert after["local_usd_at_chosen_load"][0] > before["local_usd_at_chosen_load"][0]


def test_a_longer_amortisation_lowers_our_cost(generation: OpenGeneration) -> None:
    before, after = (
        cards(generation, f"?load=0.5&amortisation={factor}")["curve"][1] for factor in (1, 3)
    )
    assert after["local_usd_at_chosen_load"][0] < before["local_usd_at_chosen_load"][0]


def test_a_slider_changes_the_figure_and_the_url(whole_url: str, chromium: Browser) -> None:
    """By keyboard, as anybody can; the link then shows the same to others."""
    page = chromium.new_page()
    page.goto(f"{whole_url}/metal")
    value = wait_for_page(page).locator("#card-verdict .tile-value").first
    before = value.inner_text()
    page.locator(".slider [role=slider]").first.focus()
    page.keyboard.press("ArrowRight")
    page.wait_for_function("() => location.search.includes('load=0.55')")
    # The card is replaced, so for a moment there is no figure.
    expect(value).to_have_text(re.compile(f"^(?!{re.escape(before)}$)."))
    with page.expect_download() as download:
        page.locator("#card-curve").get_by_text("CSV").click()
    assert "local_usd_at_chosen_load" in Path(download.value.path()).read_text()
