"""The plan on a whole home: in a browser, in an address, and in a terminal the same figures."""

import json
import shlex
from collections.abc import Iterator
from typing import Any

import polars as pl
import pytest
from playwright.sync_api import Browser, Page
from support.cli.command import Command
from support.dashboard.browser import choose, find_serious, wait_for_page, watch_errors

from dashboards.components.page import Card, Heading, PageView
from dashboards.components.theme import Theme
from dashboards.generations import OpenGeneration
from dashboards.pages.plan.page import PLAN
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
H100 = "preset=h100&devices=8&tokens_per_second=9000&load=0.3"
FIGURES = ("local_usd", "market_usd", "break_even_load_unbounded", "saving_usd_per_month")


@pytest.fixture
def page(whole_url: str, chromium: Browser) -> Iterator[Page]:
    """Yield a page of a large screen; nothing may go wrong on it."""
    viewport = {"width": 1400, "height": 1000}
    page = chromium.new_context(base_url=whole_url, viewport=viewport).new_page()  # type: ignore[arg-type]
    errors = watch_errors(page)
    yield page
    assert errors == []
    page.context.close()


def go_to(page: Page, address: str) -> Page:
    page.goto(address)
    return wait_for_page(page)


def sentence(page: Page) -> str:
    """Return the sentence with the verdict."""
    return page.locator("#card-verdict .plan-verdict").inner_text()


def listed(generation: OpenGeneration, search: str) -> list[Card | Heading]:
    return list(PageView(PLAN, generation, Theme(), search).cards())


def in_terminal(home: Settings, *arguments: str) -> dict[str, Any]:
    """Return what the verb prints as JSON."""
    answer: dict[str, Any] = json.loads(Command(home.home)("plan", *arguments, "--json"))
    return answer


@pytest.mark.parametrize("search", ["", "?target=none", f"?{H100}", f"?target=none&{H100}"])
def test_every_card_draws_a_whole_home(generation: OpenGeneration, search: str) -> None:
    cards = listed(generation, search)
    assert [card.key for card in cards if isinstance(card, Card)] == [
        "verdict",
        "prices",
        "curve",
        "hours",
        "inputs",
    ]
    for card in cards:
        assert isinstance(card, Card)
        for scheme in ("light", "dark"):
            assert card.draw(generation.frame(card.query), Theme(scheme)) is not None


def test_a_card_that_draws_the_same_is_the_same(generation: OpenGeneration) -> None:
    """Only cards that a choice changes are drawn again."""
    before, after = listed(generation, f"?{H100}"), listed(generation, f"?{H100}&load=0.4")
    assert listed(generation, f"?{H100}") == before
    assert [old == new for old, new in zip(before, after, strict=True)] == [False] * 5


def test_a_plan_that_cannot_be_read_says_why(generation: OpenGeneration) -> None:
    [heading] = listed(generation, "?load=7")
    assert heading == Heading("This is no plan yet", "Load: “7” is not a number from 0 to 1.")


def test_the_model_that_we_serve_most_comes_first(generation: OpenGeneration) -> None:
    model, target, *_ = PLAN.controls(generation)
    assert model.default == "deepseek/deepseek-v4-flash"
    assert {"", "none", "tier-00"} <= {value for value, _ in target.options}
    assert len(model.options) > 20


def test_page_and_terminal_have_the_same_figures(page: Page, whole_home: Settings) -> None:
    """The page names the command, the command names the page."""
    go_to(page, f"/plan?model=minimax/minimax-m3&{H100}")
    note = page.locator("#card-verdict .card-note").inner_text()
    command = shlex.split(note.partition("terminal: ")[2])
    assert command[:3] == ["tokentide", "plan", "minimax/minimax-m3"]
    answer = in_terminal(whole_home, *command[2:])
    assert answer["sentence"] == sentence(page)
    with page.expect_download() as waiting:
        page.locator("#card-prices").get_by_role("link", name="CSV").click()
    rows = pl.read_csv(waiting.value.path()).to_dicts()
    assert [row["kind"] for row in rows] == ["list", "cheapest", "modal"]
    for row, figures in zip(rows, answer["figures"], strict=True):
        assert [row[name] for name in FIGURES] == pytest.approx([figures[name] for name in FIGURES])
    go_to(page, answer["address"])
    assert sentence(page) == answer["sentence"]


def test_a_typed_load_changes_the_verdict_and_the_address(page: Page) -> None:
    """The link then shows others the same; going back shows what was there."""
    go_to(page, "/plan?target=none&preset=h100&devices=8&tokens_per_second=50000&load=0.01")
    before = sentence(page)
    assert before.startswith("Buy: at a load of 1%")
    page.get_by_label("Load", exact=True).fill("0.9")
    page.wait_for_function("() => location.search.includes('load=0.9')")
    page.wait_for_function(
        "() => document.querySelector('.plan-verdict')?.innerText.startsWith('Make: at a load')"
    )
    after = sentence(wait_for_page(page))
    other = page.context.new_page()
    assert sentence(go_to(other, page.url)) == after
    page.go_back()
    page.wait_for_function(
        "text => document.querySelector('.plan-verdict')?.innerText === text", arg=before
    )


def test_a_preset_is_chosen_by_name_and_a_mistake_is_explained(page: Page) -> None:
    go_to(page, "/plan")
    choose(page, "Kind of device", "NVIDIA L40S 48 GB, about $8,500")
    page.wait_for_function(
        "() => document.querySelector('#card-verdict')?.innerText.includes('--preset l40s')"
    )
    wait_for_page(page)
    assert "NVIDIA L40S 48 GB" in page.locator("#card-inputs").inner_text()
    page.get_by_label("PUE", exact=True).fill("0.5")
    page.wait_for_function(
        "() => document.querySelector('#body').innerText.includes('is not a number from 1 to 10')"
    )


@pytest.mark.parametrize("width", [400, 1400])
@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_everybody_can_read_it(whole_url: str, chromium: Browser, width: int, scheme: Any) -> None:
    """No serious problem of accessibility, nothing wider than the screen."""
    hours = ",".join(["0.25"] * 24)
    context = chromium.new_context(
        base_url=whole_url, viewport={"width": width, "height": 900}, color_scheme=scheme
    )
    page = go_to(context.new_page(), f"/plan?preset=h100&devices=8&load={hours}")
    assert find_serious(page) == []
    assert page.evaluate("document.documentElement.scrollWidth") <= width
    context.close()
