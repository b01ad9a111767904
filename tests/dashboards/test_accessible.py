"""Every page for people who see, hear and type differently: axe-core finds nothing serious, in light and in dark."""

from pathlib import Path
from typing import Any

import pytest
from axe_playwright_python.sync_playwright import Axe
from browser_support import browser, dashboard, settled
from published_support import published

from dashboards.pages import PAGES
from pipelines.publish import NEWEST
from pipelines.settings import Settings

pytestmark = pytest.mark.slow
SERIOUS = frozenset({"serious", "critical"})


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_axe_finds_nothing_serious(tmp_path: Path, scheme: Any) -> None:
    """Names, contrast, order, roles: on each page."""
    settings = Settings(home=tmp_path / "home")
    published(settings)
    found = {}
    with dashboard(settings.published / NEWEST) as url, browser() as chromium:
        page = chromium.new_page(color_scheme=scheme)
        for each in PAGES:
            page.goto(url + each.path)
            violations = Axe().run(settled(page)).response["violations"]
            found[each.name] = [
                (problem["id"], node["target"], node["failureSummary"])
                for problem in violations
                for node in problem["nodes"]
                if problem["impact"] in SERIOUS
            ]
    assert {name: problems for name, problems in found.items() if problems} == {}
