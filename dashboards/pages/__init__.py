"""The pages in the order of the navigation."""

from dashboards.pages.market import MARKET
from dashboards.pages.page import Page

PAGES: tuple[Page, ...] = (MARKET,)


def page_of(path: str | None) -> Page:
    """The page at a path; the first one for a path that no page has."""
    return next((page for page in PAGES if page.path == path), PAGES[0])
