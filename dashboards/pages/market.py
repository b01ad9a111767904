"""The market: who serves how much of it, on a basis and an attribution that are named."""

from collections.abc import Sequence

from dashboards.figures import market as figures
from dashboards.filters import Control, Filters
from dashboards.pages.page import Card, Heading, Page
from dashboards.queries import query
from dashboards.sources import Generation

BASES = (("platform", "Platform"), ("top50", "Top 50"), ("top9", "Top 9"))
ATTRIBUTIONS = (("releasing_lab", "Releasing lab"), ("base_lab", "Base lab"))
DIMENSIONS = (
    ("author", "Author"),
    ("country", "Country"),
    ("family", "Family"),
    ("weights", "Open or closed"),
    ("price_class", "Free or paid"),
)


def controls(generation: Generation) -> Sequence[Control]:
    """Basis, attribution, dimension."""
    return (
        Control("dimension", "By", DIMENSIONS, "author"),
        Control("basis", "Basis", BASES, "platform", help="Which tokens count as all"),
        Control("attribution", "Attribution", ATTRIBUTIONS, "releasing_lab", help="Whose a fine-tune is"),
    )


def cards(filters: Filters) -> Sequence[Card | Heading]:
    """The cards of these choices."""
    chosen = {name: filters[name] for name in ("dimension", "basis", "attribution")}
    return (
        Card(
            "share", f"Share of tokens by {filters['dimension']}", query("market_share", **chosen), figures.stacked_shares,
            unit=f"share of the tokens of {filters['basis']}, by week", width="full", height=420,
        ),
    )  # fmt: skip


MARKET = Page("/market", "Market", "Who serves how much of the market, and since when.", controls, cards)
