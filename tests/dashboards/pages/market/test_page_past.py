"""The market page as known on a day of the past, and only there."""

import shutil
import threading
from contextlib import closing
from datetime import date
from pathlib import Path

import duckdb
import httpx
import pytest
from playwright.sync_api import Browser, expect
from support.dashboard.browser import context_of, dashboard, wait_for_screen, watch_errors

from dashboards.components.page import PageView
from dashboards.components.theme import Theme
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.pages import find_page
from dashboards.views import find_generation
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
# What was known then reaches to the eighth.
MAKE_PAST = (
    "update marts.meta set generation = null, asked_as_of = '2026-11-10 00:00:00+00', "
    "last_date = '2026-11-08'",
    "delete from marts.market_days where date > '2026-11-08'",
    "delete from marts.market_share_weekly where week_start > '2026-11-02'",
)


@pytest.fixture
def past_file(whole: Path, tmp_path: Path) -> Path:
    """Return a file as a past day has it: no number, the instant, and fewer days."""
    path = tmp_path / "past.duckdb"
    shutil.copy(whole.resolve(), path)
    with closing(duckdb.connect(str(path))) as con:
        for change in MAKE_PAST:
            con.execute(change)
    return path


def test_a_day_of_the_past_is_made_shown_and_left_again(
    whole: Path, past_file: Path, chromium: Browser
) -> None:
    """A plain banner names the day, the address and downloads do too."""
    is_made = threading.Event()

    def make(_: date) -> Path:
        assert is_made.wait(60)
        return past_file

    with dashboard(whole, make_past_day=make) as url:
        page = chromium.new_context(base_url=url).new_page()
        errors = watch_errors(page)
        page.goto("/market?weeks=4")
        wait_for_screen(page)
        page.get_by_label("As known on").fill("2026-11-09")
        page.wait_for_url("**as_of=2026-11-09")
        page.get_by_text("What was known on 9 Nov 2026", exact=True).wait_for()
        is_made.set()
        banner = page.locator(".banner.past")
        expect(banner).to_contain_text("As known on 9 Nov 2026", timeout=60_000)
        expect(page.locator("#facts")).to_contain_text("as known on 2026-11-09")
        expect(page.locator("#card-share .card-unit")).to_contain_text("to 8 Nov 2026")
        link = page.locator("#card-share").get_by_role("link", name="CSV").get_attribute("href")
        named = httpx.get(f"{url}{link}").headers["Content-Disposition"]
        assert named == 'attachment; filename="share-as-known-on-2026-11-09.csv"'
        page.go_back()
        expect(banner).to_have_count(0)
        expect(page.locator("#facts")).to_contain_text("generation 1")
        assert errors == []
        page.context.close()


def test_a_day_that_cannot_be_made_says_why(whole: Path, chromium: Browser) -> None:
    """A dashboard without a home to make it from, for one."""
    with dashboard(whole) as url:
        page = chromium.new_page()
        page.goto(f"{url}/market?as_of=2026-11-09")
        page.get_by_text("This dashboard has no home to make the past from.").wait_for()
        page.close()


def test_a_page_never_shows_one_file_under_the_day_of_another(generation: OpenGeneration) -> None:
    """A report, which reads the newest generation, says that it lacks the day."""
    view = PageView(find_page("/market"), generation, Theme(), "?as_of=2026-11-12")
    assert [each.text for each in view.filters.unknown] == [
        "What was known on 2026-11-12 is not in this file."
    ]
    assert view.cards() == ()


def test_only_pages_that_offer_a_day_follow_it(whole_home: Settings) -> None:
    """Others show the newest generation, as without it; so do pages for a day that is none."""
    store = GenerationStore(context_of(whole_home.published / NEWEST))
    assert find_generation(store, find_page("/tier"), "?as_of=2026-11-12") is store.newest()
    assert find_generation(store, find_page("/market"), "?as_of=2030-01-01") is store.newest()
