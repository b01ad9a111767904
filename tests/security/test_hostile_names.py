"""Names that others choose, in everything that a person opens: nothing of them runs or breaks out.

They come as in life: by metrics pages through the collector, by answers of the market, by a spend
log and by the tier file; then they are loaded, built, published and opened in a real browser.
"""

import csv
import io
import itertools
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import quote
from xml.etree import ElementTree

import httpx
import pytest
from playwright.sync_api import Browser, Page
from starlette.requests import Request
from starlette.responses import Response
from support.dashboard.browser import browser, context_of, dashboard, wait_for_page
from support.scripted_server import scripted_server
from support.security.hostile_home import (
    ELSEWHERE,
    FAMILY,
    HOSTILE,
    MARK,
    make_home,
    metrics_page,
)

from dashboards.components.page import Card, PageView
from dashboards.components.theme import Theme
from dashboards.export.report import ReportOptions, write_report
from dashboards.generations import GenerationStore, OpenGeneration
from dashboards.pages import PAGES, find_page
from pipelines.evidence import bundle
from pipelines.publish.generations import NEWEST
from pipelines.settings import Settings
from pipelines.telemetry.live import reader

pytestmark = pytest.mark.slow
# What a name could have made of itself: an element, a link that leads elsewhere or runs, a script.
TRACES = f"""() => [
    ...document.querySelectorAll('[{MARK}]'),
    ...[...document.querySelectorAll('*')].filter(each =>
        [...each.attributes].some(({{name, value}}) => name.startsWith('on')
            || (['href', 'src', 'xlink:href', 'action', 'srcdoc'].includes(name)
                && (/^\\s*javascript:/i.test(value) || value.startsWith('https://{ELSEWHERE}')))))
].map(each => each.outerHTML.slice(0, 300))"""
MOST = (
    "/market?dimension=family",
    f"/tier?target={quote(HOSTILE['script'])}",
    "/claims?claim=hostile",
    "/data",
    f"/{quote(HOSTILE['end'], safe='')}",
)
OTHERS = (
    *(each.path for each in PAGES),
    f"/model?family={quote(FAMILY)}",
    "/market?dimension=price_class",
    "/market?dimension=size",
    f"/data?day={quote(HOSTILE['script'])}",
)
# Pages whose cards have most of the names.
REPORTED = ("overview", "market", "our-tier", "data")


@pytest.fixture(scope="module")
def hostile(tmp_path_factory: pytest.TempPathFactory) -> Settings:
    """Return the settings of the hostile home, published."""
    scrapes = itertools.count(1)

    def answer(_: Request) -> Response:
        return Response(metrics_page(1000 * next(scrapes)))

    with scripted_server(answer) as server:
        return make_home(tmp_path_factory.mktemp("hostile"), server.url.removesuffix("/api/v1"))


@pytest.fixture(scope="module")
def url(hostile: Settings) -> Iterator[str]:
    """Yield the address of a dashboard on it, with its live panel."""
    live = reader(hostile.telemetry_spool, hostile.telemetry_archive / "scrapes")
    with dashboard(hostile.published / NEWEST, live=live) as url:
        yield url


@pytest.fixture(scope="module")
def chromium() -> Iterator[Browser]:
    with browser() as launched:
        yield launched


@pytest.fixture
def page(chromium: Browser) -> Iterator[Page]:
    """Yield a page that asks nobody else for anything, shows no dialog and runs nothing."""
    context = chromium.new_context(viewport={"width": 1400, "height": 1000})
    page = context.new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.on("dialog", lambda dialog: asked.append(dialog.message))
    yield page
    assert page.evaluate("() => window.hostile") is None
    assert page.evaluate(TRACES) == []
    assert [each for each in asked if ELSEWHERE in each.partition("?")[0]] == []
    context.close()


def check(page: Page) -> None:
    assert page.evaluate("() => window.hostile") is None, page.url
    assert page.evaluate(TRACES) == [], page.url


def test_the_names_are_in_the_tables(hostile: Settings, url: str) -> None:
    """Else the tests below would show nothing."""
    served = httpx.get(f"{url}/data/served_tokens_hourly.json").text
    market = httpx.get(f"{url}/data/market_tokens_daily.json").text
    for text in (served, market):
        assert "onerror" in text
        assert "HYPERLINK" in text


@pytest.mark.parametrize("addresses", [MOST, pytest.param(OTHERS, marks=pytest.mark.long)])
def test_no_name_runs_on_any_page(page: Page, url: str, addresses: tuple[str, ...]) -> None:
    """With a dimension that has the names, a family and a target, and an address of no page."""
    for address in addresses:
        page.goto(f"{url}{address}")
        wait_for_page(page)
        check(page)


def test_no_name_runs_in_a_report(page: Page, hostile: Settings, tmp_path: Path) -> None:
    """A report holds the same names in scripts of data, which a name could end."""
    out = tmp_path / "report.html"
    pages = [ReportOptions.parse(each) for each in REPORTED]
    write_report(context_of(hostile.published / NEWEST), pages, out, Theme())
    assert "onerror" in out.read_text()
    page.goto(out.as_uri())
    page.wait_for_function("() => document.querySelector('.graph .main-svg')")
    check(page)


def test_no_name_runs_in_an_evidence_bundle(page: Page, hostile: Settings, tmp_path: Path) -> None:
    """Of a query, and of a claim that somebody worded."""
    query = "select distinct target, model_name, service from marts.served_tokens_hourly"
    asked = {"query": query, "claim": "hostile:top50"}
    for name, claim_or_query in asked.items():
        folder = tmp_path / name
        bundle.make(hostile, claim_or_query, folder)
        assert "onerror" in (folder / "index.html").read_text()
        page.goto((folder / "index.html").as_uri())
        check(page)
        assert {path.resolve().parents[0] for path in folder.iterdir()} == {folder.resolve()}


def test_a_feed_is_whole_xml(url: str) -> None:
    """With only the elements that a feed has."""
    answer = httpx.get(f"{url}/feed.atom")
    feed = ElementTree.fromstring(answer.content)  # noqa: S314 - what our own server wrote
    tags = {each.tag.rpartition("}")[2] for each in feed.iter()}
    assert tags <= {
        *("feed", "title", "subtitle", "id", "updated", "author", "name", "rights", "link"),
        *("entry", "published", "category", "content"),
    }
    assert MARK not in {name for each in feed.iter() for name in each.attrib}


def test_no_download_runs_in_a_spreadsheet(hostile: Settings, url: str) -> None:
    """Each CSV of a card, with no header that a name could write."""
    generation = GenerationStore(context_of(hostile.published / NEWEST)).newest()
    assert generation
    cells = []
    for path, key in cards_of(generation):
        answer = httpx.get(f"{url}/download/card.csv", params={"page": path, "card": key})
        assert answer.is_success, (path, key, answer.text)
        assert "set-cookie" not in answer.headers
        cells += [cell for row in csv.reader(io.StringIO(answer.text, newline="")) for cell in row]
    texts = [cell for cell in cells if not is_number(cell)]
    assert any("HYPERLINK" in cell for cell in texts)
    assert not [cell for cell in texts if cell.startswith(("=", "+", "-", "@", "\t", "\r"))]


def cards_of(generation: OpenGeneration) -> Iterator[tuple[str, str]]:
    """Yield the page and the key of each card."""
    for path in ("/", "/market", "/tier", "/data"):
        for card in PageView(find_page(path), generation, Theme(), "").cards():
            if isinstance(card, Card) and set(card.needs) <= generation.tables:
                yield path, card.key


def is_number(cell: str) -> bool:
    try:
        float(cell)
    except ValueError:
        return False
    return True
