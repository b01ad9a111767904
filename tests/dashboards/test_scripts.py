"""Scripts of the page: preloads, the late script of tables, and the small Plotly."""

from importlib.resources import files

import pytest
from dash import html
from plotly.offline import get_plotlyjs_version

from dashboards.scripts import PreloadingDash

GRID = '<script src="/_dash-component-suites/dash_ag_grid/dash_ag_grid.v35m1.min.js"></script>'
CHARTS = '<script src="/assets/vendor/plotly-basic.min.js?m=1"></script>'
OTHER = '<script src="/_dash-component-suites/dash/deps/polyfill@7.min.js"></script>'
PAGE = "{%metas%}{%scripts%}{%app_entry%}{%config%}{%renderer%}"


@pytest.fixture
def app() -> PreloadingDash:
    made = PreloadingDash("dashboards", index_string=PAGE)
    made.layout = html.Div()
    return made


def index(app: PreloadingDash, scripts: str) -> str:
    return str(
        app.interpolate_index(
            metas="<meta>",
            scripts=scripts,
            title="",
            css="",
            config="",
            app_entry="",
            favicon="",
            renderer="",
        )
    )


def test_layout_and_callbacks_are_asked_for_with_the_page(app: PreloadingDash) -> None:
    made = index(app, OTHER)
    assert made.count('rel="preload"') == 3
    assert 'href="/_dash-layout"' in made
    assert 'href="/_dash-dependencies"' in made


def test_the_script_of_tables_is_named_and_not_loaded(app: PreloadingDash) -> None:
    """assets/grid.js fetches it with the first table."""
    made = index(app, OTHER + GRID)
    assert '<meta name="grid-script" content="/_dash-component-suites/dash_ag_grid/' in made
    assert GRID not in made


def test_the_script_of_charts_is_fetched_at_once_and_run_later(app: PreloadingDash) -> None:
    """assets/charts.js runs it after the others."""
    made = index(app, CHARTS + OTHER)
    assert '<meta name="chart-script" content="/assets/vendor/plotly-basic.min.js?m=1">' in made
    assert '<link rel="preload" href="/assets/vendor/plotly-basic.min.js?m=1" as="script">' in made
    assert CHARTS not in made


def test_other_scripts_stay_as_dash_has_them(app: PreloadingDash) -> None:
    """Its polyfills among them."""
    assert OTHER in index(app, OTHER + GRID)
    assert "grid-script" not in index(app, OTHER)


def test_the_small_plotly_is_of_the_version_that_figures_are_made_for() -> None:
    """Python's plotly holds the whole one; docs/decisions/0012 says how to renew the small one."""
    vendored = files("dashboards") / "assets" / "vendor" / "plotly-basic.min.js"
    assert f"v{get_plotlyjs_version()}" in vendored.read_text()[:200]
