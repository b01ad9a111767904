"""An engineer's way in a browser: name a server, see its tokens, learn whether to buy or make."""

import signal
import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import httpx
import pytest
from openai import OpenAI
from playwright.sync_api import Browser, Page, expect
from support.cli.command import Command
from support.collecting import free_port
from support.dashboard.browser import (
    browser,
    choose,
    count_clicks,
    dashboard,
    find_serious,
    wait_for_page,
    watch_errors,
)
from support.simulator import KEY, simulated_market
from support.tier import tiny_checkpoint

from pipelines.cli.dashboard import tier_file_of
from pipelines.ingest.market import ingest_market
from pipelines.publish.generations import NEWEST, newest
from pipelines.settings import Settings
from pipelines.telemetry.live import reader
from warehouse.connection import open_published

if TYPE_CHECKING:
    import subprocess

pytestmark = pytest.mark.slow
CLICKS = 9
REQUESTS, TOKENS = 8, 16
SEEN_SECONDS = 240.0


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return a home with the market of today and no tier."""
    folder = tmp_path_factory.mktemp("engineer")
    with simulated_market(now=datetime.now(UTC)) as market:
        settings = Settings(
            home=folder / "home",
            openrouter_url=market.url,
            openrouter_key=KEY,
            tier=folder / "tier.toml",
        )
        ingest_market(settings)
    return settings


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@contextmanager
def running(command: Command, *arguments: str) -> Iterator["subprocess.Popen[str]"]:
    """Run a verb until the block ends."""
    process = command.start(*arguments)
    try:
        yield process
    finally:
        process.send_signal(signal.SIGINT)
        process.communicate(timeout=60)


@contextmanager
def served_model(command: Command) -> Iterator[str]:
    """Serve a tiny model; yield its address once it answers."""
    checkpoint = tiny_checkpoint(command.home.parent / "tiny")
    port = free_port()
    with running(command, "serve", "--port", str(port), "--model", str(checkpoint)) as process:
        for _ in range(600):
            assert process.poll() is None
            try:
                httpx.get(f"http://127.0.0.1:{port}/health").raise_for_status()
                break
            except httpx.HTTPError:
                time.sleep(0.2)
        yield f"http://127.0.0.1:{port}"


def send(url: str, requests: int) -> None:
    """Let a program of the engineer's use the server."""
    client = OpenAI(base_url=f"{url}/v1", api_key="none")
    for number in range(requests):
        client.completions.create(
            model="tiny", prompt=f"def add_{number}(", max_tokens=TOKENS, temperature=0
        )


def test_from_a_server_to_buy_or_make(home: Settings, chromium: Browser) -> None:
    """Nine clicks: name a server, look, its model (2), add; our tier; plan, kind of device (2)."""
    command = Command(home.home, TOKENTIDE_TIER=str(home.tier))
    with ExitStack() as stack:
        server = stack.enter_context(served_model(command))
        url = stack.enter_context(dashboard(home.published / NEWEST, tier_file=tier_file_of(home)))
        page = chromium.new_page(viewport={"width": 1400, "height": 1000})
        errors, clicks = watch_errors(page), count_clicks(page)
        send(server, 1)
        page.goto(f"{url}/tier")
        wait_for_page(page)
        name_the_server(page, server)
        stack.enter_context(running(command, "collect", "--port", "0"))
        stack.enter_context(running(command, "ingest", "telemetry", "--follow"))
        see_its_tokens(page, home, server)
        plan(page)
        assert clicks() == CLICKS
        assert errors == []


def name_the_server(page: Page, server: str) -> None:
    """Five clicks: the card's link, look, the model of the market, and add."""
    page.get_by_role("link", name="Name a server").last.click()
    page.wait_for_url("**/connect")
    page.get_by_label("Address of the server").fill(server)
    page.get_by_role("button", name="Look").click()
    choose(page, "tiny is, in the market", option_of(page))
    page.get_by_label("Its name in every table").fill("mine")
    page.get_by_label("Kind of device").fill("cpu")
    assert find_serious(page) == []
    page.get_by_role("button", name="Add it to the tier file").click()
    expect(page.get_by_text("[[target]]")).to_be_visible()


def option_of(page: Page) -> str:
    """Search the market for a model, and return the choice that is found first."""
    page.get_by_label("tiny is, in the market").first.fill("deepseek")
    return page.get_by_role("option").first.inner_text()


def see_its_tokens(page: Page, home: Settings, server: str) -> None:
    """One click, once the tokens that clients received are published."""
    wait_until(lambda: is_scraped(home))
    send(server, REQUESTS)
    wait_until(lambda: published(home) >= REQUESTS * TOKENS)
    page.get_by_role("link", name="Our tier").first.click()
    wait_for_page(page)
    page.reload()
    wait_for_page(page)
    expect(page.locator("#body")).not_to_contain_text("Name a server")
    assert find_serious(page) == []


def wait_until(holds: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SEEN_SECONDS
    while not holds():
        assert time.monotonic() < deadline
        time.sleep(0.5)


def is_scraped(home: Settings) -> bool:
    """Tell whether the first request was counted: growth is counted between two scrapes."""
    live = reader(home.telemetry_spool, home.telemetry_archive / "scrapes")()
    return bool((live.filter(metric="up")["target"] == "mine").any())


def published(home: Settings) -> int:
    """Return the generated tokens of the newest generation."""
    [(tokens,)] = rows(home, "select coalesce(sum(generation_tokens), 0) from served_tokens_hourly")
    return int(tokens)


def rows(home: Settings, query: str) -> list[tuple[Any, ...]]:
    with closing(open_published(newest(home))) as con:
        return con.sql(query).fetchall()


def plan(page: Page) -> None:
    """Three clicks: the plan, and the kind of device."""
    page.get_by_role("link", name="Plan").first.click()
    wait_for_page(page)
    choose(page, "Kind of device", "NVIDIA L40S 48 GB, about $8,500")
    verdict = page.locator("#card-verdict .plan-verdict")
    expect(verdict).to_contain_text("at a load of")
    wait_for_page(page)
    assert find_serious(page) == []
