"""Pages in the order of the navigation."""

from difflib import get_close_matches

from dash.development.base_component import Component

from dashboards.components.filters import Filters
from dashboards.components.page import CustomPage, Page
from dashboards.components.widgets import suggestions
from dashboards.generations import OpenGeneration
from dashboards.pages.claims.comparison import NEW_CLAIM
from dashboards.pages.claims.page import CLAIMS
from dashboards.pages.compare.page import COMPARE
from dashboards.pages.connect.page import CONNECT
from dashboards.pages.data.page import DATA
from dashboards.pages.downloads.page import DOWNLOADS_PAGE
from dashboards.pages.efficiency.page import EFFICIENCY
from dashboards.pages.market.page import MARKET
from dashboards.pages.metal.page import METAL
from dashboards.pages.model.page import MODEL
from dashboards.pages.overview.page import OVERVIEW
from dashboards.pages.plan.page import PLAN
from dashboards.pages.prices.page import PRICE_WAR
from dashboards.pages.quality.page import QUALITY
from dashboards.pages.sql.page import SQL
from dashboards.pages.tier.page import TIER

PAGES: tuple[Page, ...] = (
    OVERVIEW,
    MARKET,
    MODEL,
    COMPARE,
    PRICE_WAR,
    DOWNLOADS_PAGE,
    QUALITY,
    TIER,
    EFFICIENCY,
    METAL,
    PLAN,
    CLAIMS,
    NEW_CLAIM,
    DATA,
    SQL,
    CONNECT,
)
OLD_PATHS = {"/statements": "/claims"}


MAX_SHOWN = 80


def find_page(path: object) -> Page:
    """Return the page at a path, old paths included; for an unknown path one that says so."""
    given = path if isinstance(path, str) and path else PAGES[0].path
    now = _without_slash(given)
    return next((page for page in PAGES if page.path == now), None) or _missing_page(given)


def is_page(path: str) -> bool:
    """Return true if a path is that of a page, old paths included."""
    return any(page.path == _without_slash(path) for page in PAGES)


def _without_slash(path: str) -> str:
    """Return the path that a page has now, without a slash at its end."""
    plain = path.rstrip("/") or "/"
    return OLD_PATHS.get(plain, plain)


def _missing_page(path: str) -> Page:
    """Return the page that stands at a path that no page has, with the nearest ones."""

    def body(_: OpenGeneration, __: Filters) -> Component:
        text = f"No page has the address {path[:MAX_SHOWN]}."
        return suggestions("There is no such page", text, _nearest(path))

    return CustomPage(path=path, name="No such page", about="", controls=lambda _: (), body=body)


def _nearest(path: str) -> list[tuple[str, str]]:
    """Return the paths and names of the pages whose path or name is spelled most alike."""
    wanted = path.strip("/").casefold()
    words = {word: page for page in PAGES for word in (page.path.strip("/"), page.name.casefold())}
    words |= {old.strip("/"): find_page(old) for old in OLD_PATHS}
    near = get_close_matches(wanted, words, cutoff=0.5)
    found = dict.fromkeys([*(words[word] for word in near), PAGES[0]])
    return [(page.path, page.name) for page in found]
