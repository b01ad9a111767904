"""The way from pages without a tier to a tier file: address, model of the market, button."""

from pathlib import Path

import pytest
from playwright.sync_api import Browser, expect
from support.collecting import PAGE
from support.dashboard.browser import dashboard, find_serious, wait_for_page
from support.scripted_server import bytes_response, scripted_server
from support.simulator import KEY, simulated_market

from pipelines.cli.dashboard import tier_file_of
from pipelines.ingest.market import ingest_market
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings
from pipelines.telemetry.config.tier import read_tier

pytestmark = pytest.mark.slow


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home with a market and no tier."""
    folder = tmp_path_factory.mktemp("connect")
    with simulated_market() as market:
        settings = Settings(
            home=folder / "home",
            openrouter_url=market.url,
            openrouter_key=KEY,
            tier=folder / "tier.toml",
        )
        ingest_market(settings)
    return settings


def test_pages_of_a_tier_say_once_how_to_name_one(home: Settings, chromium: Browser) -> None:
    """Three steps in one card, in place of a sentence in each."""
    with dashboard(home.published / NEWEST) as url:
        page = chromium.new_page()
        for path in ("/tier", "/efficiency", "/metal"):
            page.goto(url + path)
            wait_for_page(page)
            expect(page.locator(".card"), path).to_have_count(1)
            expect(page.locator(".card li"), path).to_have_count(3)
        page.get_by_role("link", name="Name a server").last.click()
        page.wait_for_url("**/connect")


def test_a_server_is_found_and_written(home: Settings, chromium: Browser, tmp_path: Path) -> None:
    """Four clicks: look, choose the model, add; the file is a tier."""
    with (
        dashboard(home.published / NEWEST, tier_file=tier_file_of(home)) as url,
        scripted_server(bytes_response(PAGE)) as server,
    ):
        page = chromium.new_page()
        page.goto(f"{url}/connect")
        page.get_by_label("Address of the server").fill("127.0.0.1:1")
        page.get_by_role("button", name="Look").click()
        expect(page.get_by_text("nothing listens there")).to_be_visible()
        page.get_by_label("Address of the server").fill(server.url)
        page.get_by_role("button", name="Look").click()
        models = page.get_by_label("m is, in the market")
        models.first.fill("deepseek")
        page.get_by_role("option").first.click()
        page.get_by_label("Its name in every table").fill("chat")
        assert find_serious(page) == []
        page.get_by_role("button", name="Add it to the tier file").click()
        expect(page.get_by_text("[[target]]")).to_be_visible()
    [target] = read_tier(home.tier).targets
    assert (target.name, target.engine) == ("chat", "vllm")
    assert dict(target.model_map)["m"].startswith("deepseek/")


def test_a_dashboard_that_may_not_write_says_so(home: Settings, chromium: Browser) -> None:
    with dashboard(home.published / NEWEST) as url:
        page = chromium.new_page()
        page.goto(f"{url}/connect")
        page.get_by_role("button", name="Look").click()
        expect(page.get_by_text("may not write the tier file")).to_be_visible()
