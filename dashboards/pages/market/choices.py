"""Choices on the market page: its controls, and what is chosen in words and as parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dashboards.components.filters import Control, Filters
from dashboards.generations import OpenGeneration
from dashboards.query import query

BASES = (("platform", "Platform"), ("top50", "Top 50"), ("top9", "Top 9"))
ATTRIBUTIONS = (("releasing_lab", "Releasing lab"), ("base_lab", "Base lab"))
DIMENSIONS = (
    ("author", "Author"),
    ("country", "Country"),
    ("family", "Family"),
    ("weights", "Open or closed"),
    ("price_class", "Free or paid"),
)
VIEWS = (("stacked", "Stacked"), ("indexed", "Indexed"), ("ranked", "Ranked"))
PERIODS = (("13", "Quarter"), ("26", "Half year"), ("52", "Year"), ("1000", "All"))
DIMENSION_WORDS = {
    "author": "author",
    "country": "country",
    "family": "model family",
    "weights": "open or closed weights",
    "price_class": "free or paid",
}
BASIS_WORDS = {
    "platform": "all tokens of the platform",
    "top50": "the tokens of each day's 50 named models",
    "top9": "the tokens of the week's nine largest models",
}
ATTRIBUTION_WORDS = {
    "releasing_lab": "by releasing lab",
    "base_lab": "by lab of the base model",
}
VIEW_UNITS = {
    "stacked": "share of {of}, {whose}, by week; no bar is a week not known whole",
    "indexed": "tokens, each member's first week shown = 100; log scale; {of}, {whose}",
    "ranked": "share of {of}, {whose}, newest whole week; whiskers are bounds",
}
DEFAULT_MEMBER = ("weights:open", "open (Open or closed)")


@dataclass(frozen=True)
class MarketChoice:
    """The choices on the market page, as queries take them and as titles say them."""

    dimension: str
    basis: str
    attribution: str
    view: str
    weeks: int
    member_dimension: str
    member: str

    @classmethod
    def read(cls, filters: Filters) -> "MarketChoice":
        """Return the choices that the URL makes."""
        member_dimension, _, member = filters["one"].partition(":")
        return cls(
            dimension=filters["dimension"],
            basis=filters["basis"],
            attribution=filters["attribution"],
            view=filters["view"],
            weeks=int(filters["weeks"]),
            member_dimension=member_dimension,
            member=member,
        )

    @property
    def whose(self) -> dict[str, str]:
        """Parameters of a query that covers every basis."""
        return {"dimension": self.dimension, "attribution": self.attribution}

    @property
    def shares(self) -> dict[str, str]:
        """Parameters of a query on one basis."""
        return {**self.whose, "basis": self.basis}

    @property
    def by(self) -> str:
        """The dimension in words."""
        return DIMENSION_WORDS[self.dimension]

    @property
    def of_words(self) -> str:
        """The basis in words."""
        return BASIS_WORDS[self.basis]

    @property
    def whose_words(self) -> str:
        """The attribution in words."""
        return ATTRIBUTION_WORDS[self.attribution]


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: dimension, basis, attribution, view, period, and one member."""
    return (
        Control(name="dimension", label="By", options=DIMENSIONS, default="author"),
        Control(
            name="basis",
            label="Basis",
            options=BASES,
            default="platform",
            help="Which tokens count as all",
        ),
        Control(
            name="attribution",
            label="Attribution",
            options=ATTRIBUTIONS,
            default="releasing_lab",
            help="Whose a fine-tune is",
        ),
        Control(name="view", label="View", options=VIEWS, default="stacked"),
        Control(name="weeks", label="Period", options=PERIODS, default="52"),
        Control(
            name="one",
            label="One member, with its bounds",
            options=_members(generation),
            default=DEFAULT_MEMBER[0],
            kind="select",
        ),
    )


def _members(generation: OpenGeneration) -> Sequence[tuple[str, str]]:
    labels = dict(DIMENSIONS)
    try:
        rows = generation.frame(query("market/members")).iter_rows()
    except duckdb.Error:
        return (DEFAULT_MEMBER,)
    found = [
        (f"{dimension}:{member}", f"{member} ({labels.get(dimension, dimension)})")
        for dimension, member in rows
    ]
    return found if DEFAULT_MEMBER in found else [DEFAULT_MEMBER, *found]
