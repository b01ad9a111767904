"""Pages in the order of the navigation."""

from dashboards.components.page import Page
from dashboards.pages.claims.page import CLAIMS
from dashboards.pages.data.page import DATA
from dashboards.pages.efficiency.page import EFFICIENCY
from dashboards.pages.market.page import MARKET
from dashboards.pages.metal.page import METAL
from dashboards.pages.model.page import MODEL
from dashboards.pages.overview.page import OVERVIEW
from dashboards.pages.sql.page import SQL
from dashboards.pages.tier.page import TIER

PAGES: tuple[Page, ...] = (OVERVIEW, MARKET, MODEL, TIER, EFFICIENCY, METAL, CLAIMS, DATA, SQL)
OLD_PATHS = {"/statements": "/claims"}


def find_page(path: object) -> Page:
    """Return the page at a path, old paths included; the first page for an unknown path."""
    now = OLD_PATHS.get(path, path) if isinstance(path, str) else path
    return next((page for page in PAGES if page.path == now), PAGES[0])
