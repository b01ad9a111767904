"""The pages in the order of the navigation."""

from dashboards.pages.data.page.page import DATA
from dashboards.pages.efficiency.page.page import EFFICIENCY
from dashboards.pages.market.page.page import MARKET
from dashboards.pages.metal.page.page import METAL
from dashboards.pages.model.page.page import MODEL
from dashboards.pages.overview.page.page import OVERVIEW
from dashboards.components.page import Page
from dashboards.pages.sql.page.page import SQL
from dashboards.pages.statements.page.page import STATEMENTS
from dashboards.pages.tier.page.page import TIER

PAGES: tuple[Page, ...] = (OVERVIEW, MARKET, MODEL, TIER, EFFICIENCY, METAL, STATEMENTS, DATA, SQL)


def page_of(path: str | None) -> Page:
    """The page at a path; the first one for a path that no page has."""
    return next((page for page in PAGES if page.path == path), PAGES[0])
