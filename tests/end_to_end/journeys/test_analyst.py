"""An analyst's way in a browser: a question, its chart, a link, and what was known before."""

import json
from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser, Page, expect
from support.cli.command import Command
from support.dashboard.browser import (
    browser,
    count_clicks,
    dashboard,
    find_serious,
    wait_for_page,
    watch_errors,
)
from support.loading import AS_OF, DAY, keep_answer, rankings_body

from pipelines.archive import Archive
from pipelines.cli.dashboard import sources_of
from pipelines.ingest.market import load_archive
from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings
from pipelines.transform.build import build

pytestmark = pytest.mark.slow
CLICKS = 4
QUESTION = (
    "select date, total_tokens from market_tokens_daily "
    "where model_permaslug = 'lab/model-0' order by date"
)
FIRST_DAY, RESTATED_BY = "2026-06-15", 10**6
KNOWN_ON, NEXT_DAY = "2026-07-02", "2026-07-03"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish two weeks of a market whose first day was restated two days after it was known."""
    settings = Settings(home=tmp_path_factory.mktemp("analyst") / "home")
    for later, restated in ((14, {}), (16, {0: RESTATED_BY})):
        at = AS_OF + later * DAY
        keep_answer(Archive(settings.archive), rankings_body(14, at, restated), at)
    load_archive(settings)
    build(settings)
    publish(settings)
    return settings


@pytest.fixture(scope="module")
def url(home: Settings) -> Iterator[str]:
    with dashboard(
        home.published / NEWEST, make_past_day=sources_of(home).make_past_day
    ) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.mark.long
def test_from_a_question_to_what_was_known_before(
    home: Settings, url: str, chromium: Browser
) -> None:
    """Four clicks: SQL, run, link, and the market, whose day of knowledge is typed."""
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    errors, clicks = watch_errors(page), count_clicks(page)
    page.goto(url)
    wait_for_page(page)
    ask(page)
    share(page, chromium)
    see_the_past(page)
    assert clicks() == CLICKS
    assert errors == []
    check_command(home)


def ask(page: Page) -> None:
    """Two clicks; the chart is drawn by itself."""
    page.get_by_role("link", name="SQL").first.click()
    page.locator("#sql-text").fill(QUESTION)
    page.get_by_role("button", name="Run", exact=True).click()
    page.wait_for_selector("#sql-chart .main-svg", timeout=60_000)
    expect(page.locator("#sql-count")).to_contain_text("14 rows in ")
    # It is built once for the rows and once more for the axes that were chosen by them.
    expect(page.locator("#sql-chart")).to_contain_text("total_tokens by date")
    assert find_serious(page) == []


def share(page: Page, chromium: Browser) -> None:
    """One click; whoever gets the address sees the same rows and the same chart."""
    page.locator("#card-sql").get_by_role("link", name="Link", exact=True).click()
    page.wait_for_url("**/sql?**run=1")
    other = chromium.new_page()
    other.goto(page.url)
    other.wait_for_selector("#sql-chart .main-svg", timeout=60_000)
    assert other.locator("#sql-text").input_value() == QUESTION
    expect(other.locator("#sql-count")).to_contain_text("14 rows in ")
    other.close()


def see_the_past(page: Page) -> None:
    """One click, and a day; the restated day has the figure that was known then."""
    page.get_by_role("link", name="Market", exact=True).first.click()
    wait_for_page(page)
    page.get_by_label("As known on").fill(KNOWN_ON)
    banner = page.locator(".banner.past")
    expect(banner).to_contain_text("As known on 2 Jul 2026", timeout=120_000)
    wait_for_page(page)
    assert find_serious(page) == []


def check_command(home: Settings) -> None:
    """Compare with the command, as of the end of that day and now."""
    command = Command(home.home)
    done = command.run("sql", "--json", "--as-of", NEXT_DAY, QUESTION)
    then = json.loads(done.stdout)
    now = command.rows(QUESTION)
    assert [row["date"] for row in then] == [row["date"] for row in now]
    changed = [
        (before["date"], int(after["total_tokens"]) - int(before["total_tokens"]))
        for before, after in zip(then, now, strict=True)
        if before != after
    ]
    assert changed == [(FIRST_DAY, RESTATED_BY)]
