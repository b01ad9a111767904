"""A writer's way in a browser: a statement, its weeks, its evidence, and the same figures again."""

import json
import subprocess
import sys
import zipfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page
from support.cli.command import Command
from support.dashboard.browser import (
    browser,
    choose,
    count_clicks,
    dashboard,
    find_serious,
    wait_for_page,
    watch_errors,
    watch_requests,
)
from support.loading import AS_OF, DAY, keep_answer, rankings_body

from pipelines.archive import Archive
from pipelines.cli.dashboard import claim_actions
from pipelines.ingest.market import load_archive
from pipelines.publish.generations import NEWEST, publish
from pipelines.settings import Settings
from pipelines.transform.build import build

pytestmark = pytest.mark.slow
CLICKS = 9
SENTENCE = (
    "True if you count the named models of each day or the nine models on OpenRouter's chart. "
    "If you count all traffic of the platform, it cannot be known."
)
CLAIM = "lab-model-0-above-lab-model-1-2026-06-15-2"
FIRST_WEEK, BOTH = "2026-06-15 to 2026-06-21 (1 week)", "2026-06-15 to 2026-06-28 (2 weeks)"


@pytest.fixture(scope="module")
def home(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Publish two weeks of a real market; in the first one model leads by more than the unknown."""
    settings = Settings(home=tmp_path_factory.mktemp("writer") / "home")
    ahead = dict.fromkeys(range(7), 10**6)
    body = rankings_body(14, AS_OF + 14 * DAY, ahead)
    keep_answer(Archive(settings.archive), body, AS_OF + 14 * DAY)
    load_archive(settings)
    build(settings)
    publish(settings)
    return settings


@pytest.fixture(scope="module")
def url(home: Settings) -> Iterator[str]:
    with dashboard(home.published / NEWEST, claims=claim_actions(home)) as address:
        yield address


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


def test_from_a_statement_to_evidence_that_anybody_recomputes(
    home: Settings, url: str, chromium: Browser, tmp_path: Path
) -> None:
    """Nine clicks: new claim, who (2), above whom (2), last week (2), keep, download."""
    page = chromium.new_page(viewport={"width": 1400, "height": 1000})
    errors, clicks = watch_errors(page), count_clicks(page)
    page.goto(f"{url}/claims")
    wait_for_page(page)
    page.get_by_role("link", name="Make a new claim").click()
    page.wait_for_url("**/claims/new")
    wait_for_page(page)
    choose(page, "Who", "lab/model-0 (model family)")
    choose(page, "Above whom", "lab/model-1 (model family)")
    choose(page, "Last week (Monday)", "2026-06-22")
    page.wait_for_function(
        "text => document.querySelector('.verdict-sentence')?.innerText === text", arg=SENTENCE
    )
    check_weeks(page)
    page.get_by_role("button", name="Keep this claim").click()
    page.wait_for_url(f"**/claims?claim={CLAIM}")
    check_weeks(page)
    assert find_serious(page) == []
    with page.expect_download() as waiting:
        page.locator("#card-take-along").get_by_role("link", name="Evidence").click()
    bundle = unpack(waiting.value.path(), tmp_path / "bundle")
    done = subprocess.run(
        [sys.executable, "recompute.py"], cwd=bundle, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    assert clicks() == CLICKS
    assert errors == []
    check_bundle_page(chromium, bundle, url)
    check_command(home)


def check_weeks(page: Page) -> None:
    """Check the weeks of each basis, and that both sides are drawn with their bounds."""
    wait_for_page(page)
    weeks = page.locator("#card-true-weeks tbody").inner_text()
    assert (weeks.count(FIRST_WEEK), weeks.count(BOTH)) == (1, 2)
    names = page.evaluate(
        "() => document.querySelector('#card-sides-platform .js-plotly-plot')._fullData.map("
        "trace => trace.name)"
    )
    assert set(names) == {
        "lab/model-0",
        "lab/model-0: unknown",
        "lab/model-1",
        "lab/model-1: unknown",
    }


def unpack(path: Path, folder: Path) -> Path:
    """Unpack a bundle and return its only folder."""
    with zipfile.ZipFile(path) as zipped:
        assert all(not name.startswith(("/", "..")) for name in zipped.namelist())
        zipped.extractall(folder)
    [bundle] = folder.iterdir()
    return bundle


def check_bundle_page(chromium: Browser, bundle: Path, url: str) -> None:
    """Open the page of the bundle as a file: it asks for nothing."""
    page = chromium.new_page()
    errors, requests = watch_errors(page), watch_requests(page)
    page.goto((bundle / "index.html").as_uri())
    page.wait_for_function(
        "() => [...document.querySelectorAll('.graph')].every(g => g.querySelector('.main-svg'))"
    )
    text = page.locator("main").inner_text()
    assert SENTENCE in text
    assert BOTH in text
    assert find_serious(page) == []
    assert errors == []
    assert [address for address in requests if not address.startswith(("file:", "data:"))] == []
    assert SENTENCE in (bundle / "README.md").read_text()
    assert "@misc{" in (bundle / "citation.bib").read_text()


def check_command(home: Settings) -> None:
    """Compare with the command, which has the same sentence, weeks and verdicts."""
    found = json.loads(Command(home.home)("claims", "show", CLAIM, "--json"))
    assert found["sentence"] == SENTENCE
    assert found["true_weeks"]["platform"] == [["2026-06-15", "2026-06-21"]]
    assert [verdict["verdict"] for verdict in found["verdicts"]] == [
        "supported",
        "unverifiable",
        "supported",
        "supported",
    ]


def test_new_claims_are_accessible_on_a_dark_phone(url: str, chromium: Browser) -> None:
    """At 400 pixels a person scrolls one way only."""
    page = chromium.new_page(color_scheme="dark", viewport={"width": 400, "height": 800})
    page.goto(f"{url}/claims/new")
    wait_for_page(page)
    assert find_serious(page) == []
    assert page.evaluate("() => document.documentElement.scrollWidth") <= 400


def test_a_page_from_elsewhere_keeps_no_claim(url: str, chromium: Browser, home: Settings) -> None:
    """A form of another page is refused."""
    before = sorted(path.name for path in home.claims.glob("*"))
    answer = chromium.new_page().request.post(
        f"{url}/claims/save?above=family:lab/model-2&below=family:lab/model-3&from=2026-06-15"
        "&to=2026-06-15&basis=top9&attribution=releasing_lab",
        headers={"Origin": "https://example.org"},
    )
    assert answer.status == 403
    assert sorted(path.name for path in home.claims.glob("*")) == before
