"""Pages as one file to send: it opens without a server, asks for nothing, says what the pages say, and is whole or not there."""

from pathlib import Path
from typing import Any

import dash_mantine_components as dmc
import polars as pl
import pytest
from axe_playwright_python.sync_playwright import Axe
from dash import dcc, html
from support.browser import browser
from typer.testing import CliRunner

from dashboards.components.grid import grid
from dashboards.components.theme import Look, figure
from dashboards.components.widgets import table, tiles
from dashboards.export.report import Chosen, UnknownPageError, chosen, document, printable
from dashboards.export.static_html import graph, markup
from dashboards.export.static_tables import d3_format, written
from dashboards.generations import Published, Sources
from dashboards.pages import PAGES
from dashboards.pages.market.concentration import SHARE, SIGNED, TOKENS, TRUTH, USD
from pipelines.cli import app
from pipelines.publish import query
from pipelines.settings import Settings
from warehouse.connection import open_published

SERIOUS = frozenset({"serious", "critical"})


def test_components_become_plain_html() -> None:
    """Text is escaped, whatever a model or a host is called."""
    assert (
        markup(html.P(["1 < 2 ", html.B("<script>")], className="note"))
        == '<p class="note">1 &lt; 2 <b>&lt;script&gt;</b></p>'
    )
    assert markup(html.Td("a", title='"><script>')) == '<td title="&quot;&gt;&lt;script&gt;">a</td>'
    assert markup(None) == ""
    assert markup(tiles([("name", "1.5 %", "below")])).count("<div") == 5


@pytest.mark.parametrize(
    ("part", "text"),
    [
        (html.A("x", href="javascript:alert(1)"), "<span>x</span>"),
        (html.A("x", href="/data?answer=1"), "<span>x</span>"),
        (
            html.A("x", href="https://a.b/?c=1&d"),
            '<a href="https://a.b/?c=1&amp;d" rel="noreferrer noopener">x</a>',
        ),
        (dcc.Link("x", href="/model"), "<span>x</span>"),
        (
            html.Div(
                [html.Button("Copy"), html.Iframe(src="https://a.b"), html.Script("1"), dcc.Input()]
            ),
            "<div><div></div></div>",
        ),
        (dmc.Title("x", order=4), "<h4>x</h4>"),
    ],
)
def test_what_needs_a_server_is_left_away(part: Any, text: str) -> None:
    """Links within the pages are text; what runs, frames or is pressed is gone; addresses of the web stay."""
    assert markup(part) == text


def test_a_figure_cannot_end_the_element_it_stands_in() -> None:
    """A name of a model may be anything, also the end of a script."""
    made = graph(
        figure(Look()).add_bar(x=["</script><script>alert(1)</script>"], y=[1]), 'a "chart"'
    )
    assert made.count("<script") == made.count("</script>") == 1
    assert 'aria-label="a &quot;chart&quot;"' in made


@pytest.mark.parametrize(
    ("form", "value", "text"),
    [
        (".1%", 0.2484, "24.8%"), ("+.1%", -0.031, "\N{MINUS SIGN}3.1%"), ("+.1%", 0.5, "+50.0%"), (",.0f", 1234567.4, "1,234,567"),
        (".3s", 31_710_000_000_000, "31.7T"), (".3s", 999_960, "1.00M"), (".3s", 12, "12.0"), (".3~g", 0.41500, "0.415"),
        (".3~r", 1234.5, "1,230"), (".3~g", 0.0000123, "0.0000123"),
    ],
)  # fmt: skip
def test_numbers_are_written_as_on_the_page(form: str, value: float, text: str) -> None:
    """As d3 does there."""
    assert d3_format(form)(value) == text


@pytest.mark.parametrize(
    ("value", "column", "text"),
    [
        (None, SHARE, "unknown"), (0.5, SHARE, "50.0%"), (None, TOKENS, "below the cutoff"), (0.25, SIGNED, "+25.0%"), (1.5, USD, "1.5"),
        (True, TRUTH, "✓ yes"), (False, TRUTH, "✗ no"), (None, TRUTH, "not known"), (None, {}, "-"), (1234567, {}, "1,234,567"),
        ("[kimi (new)](/model?x=1)", {"cellRenderer": "markdown"}, "kimi (new)"), ("2026-06-20T12:00:00+00:00", {}, "2026-06-20 12:00 UTC"),
    ],
)  # fmt: skip
def test_cells_are_written_as_their_column_says(
    value: Any, column: dict[str, Any], text: str
) -> None:
    """What is not known is never 0; links are their text."""
    assert written(value, column) == text


def test_a_long_table_says_that_it_is_cut() -> None:
    """Both kinds of table, with their columns' names."""
    rows = pl.DataFrame({"model.name": [f"m{number}" for number in range(300)], "b": [2**60] * 300})
    for made in (markup(grid(rows, Look(), "t")), markup(table(rows, Look()))):
        assert made.count("<tr>") == 201
        assert "The first 200 of 300 rows" in made
    assert "model.name" in markup(grid(rows, Look(), "t"))
    assert str(2**60) in markup(grid(rows, Look(), "t"))


def test_a_page_is_named_with_its_choices() -> None:
    """As in the page's own URL; the SQL page has nothing to print."""
    assert chosen("market?basis=top50&dimension=country").search == "basis=top50&dimension=country"
    assert {chosen(name).page.name for name in ("Our tier", "our-tier", "/tier")} == {"Our tier"}
    assert chosen("/").page is PAGES[0]
    with pytest.raises(UnknownPageError, match="There is no page 'sql' that can be in a report"):
        chosen("sql")


def run(home: Path, *words: str) -> Any:
    return CliRunner(env={"TOKENTIDE_HOME": str(home)}).invoke(app, ["report", *words])


def test_what_cannot_be_made_says_what_to_do_and_leaves_nothing(tmp_path: Path) -> None:
    """Nothing published, a folder that is not there."""
    before = run(tmp_path / "home", "-o", str(tmp_path / "r.html"))
    assert "Run `tokentide ingest market`, or `make up`." in str(before.exception)
    assert not (tmp_path / "r.html").exists()
    assert "--page market --page our-tier" in run(tmp_path, "--help").output


@pytest.mark.slow
def test_an_old_report_stays_until_the_new_one_is_whole(
    whole_home: Settings, tmp_path: Path
) -> None:
    """Errors name the pages there are, and the file that was there is as it was."""
    out = tmp_path / "r.html"
    out.write_text("old")
    wrong = run(whole_home.home, "-o", str(out), "--page", "nothing")
    assert (
        "There is no page 'nothing' that can be in a report. There are `overview`, `market`"
        in str(wrong.exception)
    )
    assert "is no folder" in str(
        run(whole_home.home, "-o", str(tmp_path / "no" / "r.html")).exception
    )
    assert "is a folder" in str(run(whole_home.home, "-o", str(tmp_path)).exception)
    assert [(file.name, file.read_text()) for file in tmp_path.iterdir()] == [("r.html", "old")]


@pytest.mark.slow
def test_choices_are_said_and_followed(whole: Path) -> None:
    """What is chosen on a page stands above it, since a file has no controls."""
    generation = Published(Sources(whole, open_published, query.frame)).newest()
    assert generation
    text = document(
        generation,
        [chosen("statements?verdict=contradicted")],
        Look(),
        generation.meta.published_at,
    )  # type: ignore[arg-type]
    assert "Chosen: Verdict: ✗ contradicted; Statement: All statements." in text
    assert "DeepSeek V4 is a 12-billion-parameter MoE." in text
    assert "Chinese AI tops the US five weeks straight." not in text.partition("The ledger")[2]


@pytest.fixture(scope="module")
def made(whole_home: Settings, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, str]:
    """A report of every page, and what the command said of it."""
    out = tmp_path_factory.mktemp("report") / "report.html"
    names = [word for page in printable() for word in ("--page", page.name)]
    done = run(whole_home.home, "-o", str(out), *names)
    assert done.exit_code == 0, done.output
    assert list(out.parent.iterdir()) == [out]
    return out, done.output


@pytest.mark.slow
def test_every_page_is_one_file_that_asks_for_nothing(made: tuple[Path, str]) -> None:
    """All figures are drawn, each card says its source and that it is simulated; at 320 pixels nothing sticks out; axe is content."""
    out, said = made
    assert f"{out.stat().st_size / 1e6:.1f} MB, Overview, Market, Model, " in said
    with browser() as chromium:
        page = chromium.new_page(viewport={"width": 320, "height": 800})
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.on(
            "console",
            lambda message: wrong.append(message.text) if message.type == "error" else None,
        )
        page.goto(out.as_uri())
        page.wait_for_function(
            "() => [...document.querySelectorAll('.graph')].every(graph => graph.querySelector('.main-svg'))"
        )
        assert page.locator(".graph").count() > 20
        assert (
            page.locator("article").count()
            == page.locator("article .card-source", has_text="s of ").count()
        )
        assert page.locator("article .simulated").count() > 10
        assert page.locator(".state.failed").count() == 0
        assert page.evaluate("document.documentElement.scrollWidth") <= 320
        assert (
            page.evaluate("() => fetch('https://example.org').then(() => 'went', () => 'stayed')")
            == "stayed"
        )
    assert asked == [out.as_uri()]
    assert [text for text in wrong if "example.org" not in text] == []


@pytest.mark.slow
def test_a_report_is_accessible(whole_home: Settings, tmp_path: Path) -> None:
    """Axe finds nothing serious; it has to be let in, which the report's own policy forbids."""
    out = tmp_path / "report.html"
    assert run(whole_home.home, "-o", str(out), "--page", "statements").exit_code == 0
    with browser() as chromium:
        page = chromium.new_context(bypass_csp=True).new_page()
        page.goto(out.as_uri())
        problems = [
            (problem["id"], node["target"])
            for problem in Axe().run(page).response["violations"]
            for node in problem["nodes"]
            if problem["impact"] in SERIOUS
        ]
    assert problems == []


@pytest.mark.slow
def test_two_looks_at_one_page_stand_in_one_file(whole: Path) -> None:
    """Each under its own heading, with its own place in the contents."""
    generation = Published(Sources(whole, open_published, query.frame)).newest()
    assert generation
    pages = [Chosen(chosen("market").page, f"basis={basis}") for basis in ("platform", "top50")]
    text = document(generation, pages, Look(), generation.meta.published_at)  # type: ignore[arg-type]
    assert text.count('<h2 id="page-') == text.count('<a href="#page-') == 2
