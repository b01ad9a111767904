"""Reports: one file that opens without a server, requests nothing, and is whole or not there."""

from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser
from support.dashboard.browser import context_of, find_serious, watch_errors, watch_requests
from typer.testing import CliRunner

from dashboards.components.theme import Theme
from dashboards.export.report import (
    NothingToReportError,
    ReportOptions,
    UnknownPageError,
    build_report,
    printable_pages,
    write_report,
)
from dashboards.generations import OpenGeneration
from dashboards.pages import PAGES
from pipelines.cli import app
from pipelines.settings import Settings

HAS_CHARTS = """() => [...document.querySelectorAll('.graph')].every(
    graph => graph.querySelector('.main-svg'))"""
FETCH = "() => fetch('https://example.org').then(() => 'went', () => 'stayed')"


def test_a_page_is_named_with_its_choices() -> None:
    """As in the page's URL."""
    options = ReportOptions.parse("market?basis=top50&dimension=country")
    assert (options.page.path, options.search) == ("/market", "basis=top50&dimension=country")


@pytest.mark.parametrize(
    ("name", "path"),
    [
        ("Our tier", "/tier"),
        ("our-tier", "/tier"),
        ("/tier", "/tier"),
        ("/", "/"),
        ("overview", "/"),
        ("claims", "/claims"),
        ("statements", "/claims"),
        ("/statements", "/claims"),
    ],
)
def test_a_page_is_found_by_name_or_path(name: str, path: str) -> None:
    """Old paths are known too."""
    assert ReportOptions.parse(name).page.path == path


@pytest.mark.parametrize("name", ["sql", "nothing"])
def test_a_page_that_cannot_be_printed_is_an_error_with_those_that_can(name: str) -> None:
    """An editor has nothing to print."""
    with pytest.raises(UnknownPageError, match="There are `overview`, `market`"):
        ReportOptions.parse(name)


def test_every_page_of_cards_can_be_printed() -> None:
    assert [page.name for page in printable_pages()] == [
        page.name for page in PAGES if page.name not in ("SQL", "Name a server")
    ]


def test_nothing_published_is_an_error_and_leaves_no_file(tmp_path: Path) -> None:
    with pytest.raises(NothingToReportError):
        write_report(context_of(tmp_path / "none"), [], tmp_path / "r.html", Theme())
    assert list(tmp_path.iterdir()) == []


def run(home: Path, *words: str) -> Any:
    return CliRunner(env={"TOKENTIDE_HOME": str(home)}).invoke(app, ["report", *words])


def test_the_command_says_what_to_run_first(tmp_path: Path) -> None:
    done = run(tmp_path / "home", "-o", str(tmp_path / "r.html"))
    assert "`tokentide ingest market`" in str(done.exception)
    assert not (tmp_path / "r.html").exists()


@pytest.mark.slow
def test_an_old_report_stays_until_the_new_one_is_whole(
    whole_home: Settings, tmp_path: Path
) -> None:
    """An error names the pages there are, and the file is as it was."""
    out = tmp_path / "r.html"
    out.write_text("old")
    wrong = run(whole_home.home, "-o", str(out), "--page", "nothing")
    assert "There is no page 'nothing' that can be in a report." in str(wrong.exception)
    assert run(whole_home.home, "-o", str(tmp_path / "no" / "r.html")).exit_code != 0
    assert run(whole_home.home, "-o", str(tmp_path)).exit_code != 0
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.html", "old")]


def report_of(generation: OpenGeneration, *names: str) -> str:
    pages = [ReportOptions.parse(name) for name in names]
    assert generation.meta.published_at
    return build_report(generation, pages, Theme(), generation.meta.published_at)


@pytest.mark.slow
def test_choices_are_said_and_followed(generation: OpenGeneration) -> None:
    """They stand above the page, since a file has no controls."""
    text = report_of(generation, "claims?verdict=contradicted")
    assert "Chosen: Verdict: ✗ contradicted; Claim: All claims." in text
    listed = text.partition("Statements</h")[2]
    assert "DeepSeek V4 is a 12-billion-parameter MoE." in listed
    assert "Chinese AI tops the US five weeks straight." not in listed


@pytest.mark.slow
def test_one_page_with_two_choices_stands_there_twice(generation: OpenGeneration) -> None:
    """Each under its heading, with its place in the contents."""
    text = report_of(generation, "market?basis=platform", "market?basis=top50")
    assert text.count('<h2 id="page-') == text.count('<a href="#page-') == 2


@pytest.mark.slow
def test_headings_have_no_gap_in_their_ranks(generation: OpenGeneration) -> None:
    """Cards below a heading between cards are one rank lower."""
    text = report_of(generation, "market")
    assert '<h3 class="card-title">Share of tokens by author</h3>' in text
    assert '<h3 class="part">Use and price</h3>' in text
    assert '<h4 class="card-title">Price against volume</h4>' in text


@pytest.mark.slow
def test_the_live_panel_is_left_out_and_the_report_says_so(generation: OpenGeneration) -> None:
    assert "The live panel of this page is not in a report." in report_of(generation, "our-tier")


@pytest.fixture(scope="module")
def made(whole_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """Return a report of every page, and the output of the command."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    names = [word for page in printable_pages() for word in ("--page", page.name)]
    done = run(whole_home.home, "-o", str(out), *names)
    assert done.exit_code == 0, done.output
    assert list(out.parent.iterdir()) == [out]
    return out, done.output


@pytest.mark.slow
def test_every_page_is_in_one_file_that_requests_nothing(
    made: tuple[Path, str], chromium: Browser
) -> None:
    """All charts are drawn, and a script in the file could reach nobody either."""
    out, output = made
    assert f"{out.stat().st_size / 1e6:.1f} MB, Overview, Market, Model, " in output
    page = chromium.new_page()
    requests, errors = watch_requests(page), watch_errors(page)
    page.goto(out.as_uri())
    page.wait_for_function(HAS_CHARTS)
    assert page.locator(".graph").count() > 20
    assert page.evaluate(FETCH) == "stayed"
    assert requests == [out.as_uri()]
    assert [text for text in errors if "example.org" not in text] == []


@pytest.mark.slow
def test_each_card_has_its_source_and_its_badge(made: tuple[Path, str], chromium: Browser) -> None:
    page = chromium.new_page()
    page.goto(made[0].as_uri())
    cards = page.locator("article")
    assert cards.count() == page.locator("article .card-source", has_text="s of ").count()
    assert page.locator("article .simulated").count() > 10
    assert page.locator(".state.failed").count() == 0


@pytest.mark.slow
def test_a_narrow_report_does_not_scroll_sideways(
    made: tuple[Path, str], chromium: Browser
) -> None:
    page = chromium.new_page(viewport={"width": 320, "height": 800})
    page.goto(made[0].as_uri())
    page.wait_for_function(HAS_CHARTS)
    assert page.evaluate("document.documentElement.scrollWidth") <= 320


@pytest.mark.slow
def test_a_report_is_accessible(whole_home: Settings, tmp_path: Path, chromium: Browser) -> None:
    """axe-core must be let in, which the report's own policy forbids."""
    out = tmp_path / "report.html"
    assert run(whole_home.home, "-o", str(out), "--page", "claims").exit_code == 0
    page = chromium.new_context(bypass_csp=True).new_page()
    page.goto(out.as_uri())
    assert find_serious(page) == []
