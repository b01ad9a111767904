"""The pages in the order of the navigation."""

from dashboards.pages.data import DATA
from dashboards.pages.efficiency import EFFICIENCY
from dashboards.pages.market import MARKET
from dashboards.pages.metal import METAL
from dashboards.pages.model import MODEL
from dashboards.pages.overview import OVERVIEW
from dashboards.pages.page import Page
from dashboards.pages.sql import SQL
from dashboards.pages.statements import STATEMENTS
from dashboards.pages.tier import TIER

PAGES: tuple[Page, ...] = (OVERVIEW, MARKET, MODEL, TIER, EFFICIENCY, METAL, STATEMENTS, DATA, SQL)


def page_of(path: str | None) -> Page:
    """The page at a path; the first one for a path that no page has."""
    return next((page for page in PAGES if page.path == path), PAGES[0])
