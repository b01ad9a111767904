"""Pages as one file: it opens without a server, asks for nothing, and says what the pages say."""

from pathlib import Path

import pytest
from browser_support import browser
from dash import html
from typer.testing import CliRunner

from dashboards.report import printable
from dashboards.static_html import markup
from pipelines.cli import app
from pipelines.settings import Settings


def test_components_become_plain_html() -> None:
    """Text is escaped, whatever a model or a host is called."""
    assert markup(html.P(["1 < 2 ", html.B("<script>")], className="note")) == '<p class="note">1 &lt; 2 <b>&lt;script&gt;</b></p>'
    assert markup(None) == ""


@pytest.mark.slow
def test_every_page_is_one_file_that_asks_for_nothing(whole_home: Settings, tmp_path: Path) -> None:
    """All pages but the SQL page; figures are drawn, and each card has its source."""
    out = tmp_path / "report.html"
    chosen = [word for page in printable() for word in ("--page", page.name)]
    done = CliRunner(env={"TOKENTIDE_HOME": str(whole_home.home)}).invoke(app, ["report", "-o", str(out), *chosen])
    assert done.exit_code == 0, done.output
    assert list(tmp_path.iterdir()) == [out]
    with browser() as chromium:
        page = chromium.new_page()
        asked: list[str] = []
        wrong: list[str] = []
        page.on("request", lambda request: asked.append(request.url))
        page.on("pageerror", lambda error: wrong.append(str(error)))
        page.goto(out.as_uri())
        page.wait_for_function("() => document.querySelectorAll('.js-plotly-plot .main-svg').length > 20")
        assert page.locator(".simulated").count() > 10
        assert page.locator("article.card").count() == page.locator("article .card-source").count()
        assert "could not be computed" not in page.locator("body").inner_text()
    assert asked == [out.as_uri()]
    assert wrong == []


def test_an_unknown_page_is_told_with_those_there_are(tmp_path: Path) -> None:
    """And nothing is written."""
    done = CliRunner(env={"TOKENTIDE_HOME": str(tmp_path)}).invoke(app, ["report", "-o", str(tmp_path / "r.html"), "--page", "nothing"])
    assert done.exit_code != 0
    assert not list(tmp_path.iterdir())
