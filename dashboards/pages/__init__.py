"""The pages in the order of the navigation."""

from dashboards.components.page import Page
from dashboards.pages.data.page import DATA
from dashboards.pages.efficiency.page import EFFICIENCY
from dashboards.pages.market.page import MARKET
from dashboards.pages.metal.page import METAL
from dashboards.pages.model.page import MODEL
from dashboards.pages.overview.page import OVERVIEW
from dashboards.pages.sql.page import SQL
from dashboards.pages.statements.page import STATEMENTS
from dashboards.pages.tier.page import TIER

PAGES: tuple[Page, ...] = (OVERVIEW, MARKET, MODEL, TIER, EFFICIENCY, METAL, STATEMENTS, DATA, SQL)


def page_of(path: str | None) -> Page:
    """The page at a path; the first one for a path that no page has."""
    return next((page for page in PAGES if page.path == path), PAGES[0])
