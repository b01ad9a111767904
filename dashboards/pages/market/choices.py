"""Choices on the market page: its controls, and what is chosen in words and as parameters."""

from collections.abc import Sequence
from dataclasses import dataclass

import duckdb

from dashboards.components.filters import (
    ATTRIBUTION,
    MARKS,
    Control,
    Filters,
    as_of_control,
    period_control,
)
from dashboards.components.time.events import market_events
from dashboards.components.time.periods import DayRange, read_held
from dashboards.generations import OpenGeneration
from dashboards.query import Query, query

BASES = (("platform", "Platform"), ("top50", "Top 50"), ("top9", "Top 9"))
DIMENSIONS = (
    ("author", "Author"),
    ("country", "Country"),
    ("family", "Family"),
    ("weights", "Open or closed"),
    ("price_class", "Free or paid"),
    ("size", "Size"),
)
VIEWS = (("stacked", "Stacked"), ("indexed", "Indexed"), ("ranked", "Ranked"))
BESIDE = (("off", "Nothing"), ("before", "Period before"))
DIMENSION_WORDS = {
    "author": "author",
    "country": "country",
    "family": "model family",
    "weights": "open or closed weights",
    "price_class": "free or paid",
    "size": "total parameters",
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
SHARES = ("market_share_weekly",)
EMPTY = (
    "No whole week of this choice is known. Choose a longer period, "
    "or run `tokentide ingest market`."
)
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
    period: DayRange
    member_dimension: str
    member: str
    is_compared: bool
    """True if the period before stands beside the chosen one."""
    is_marked: bool
    """True if events are marked on charts by week."""

    @classmethod
    def read(cls, filters: Filters) -> "MarketChoice":
        """Return the choices that the URL makes."""
        member_dimension, _, member = filters["one"].partition(":")
        return cls(
            dimension=filters["dimension"],
            basis=filters["basis"],
            attribution=filters["attribution"],
            view=filters["view"],
            period=filters.period("weeks"),
            member_dimension=member_dimension,
            member=member,
            is_compared=filters["beside"] == "before",
            is_marked=filters["marks"] == "on",
        )

    @property
    def events(self) -> Query | None:
        """The query of the events that charts by week mark; None where they are switched off."""
        return market_events(self.period) if self.is_marked else None

    @property
    def has_default_member(self) -> bool:
        """True if nobody chose a member."""
        return f"{self.member_dimension}:{self.member}" == DEFAULT_MEMBER[0]

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
    held = read_held(generation)
    return (
        Control(name="dimension", label="By", options=DIMENSIONS, default="author"),
        Control(
            name="basis",
            label="Basis",
            options=BASES,
            default="platform",
            help="Which tokens count as all",
        ),
        ATTRIBUTION,
        Control(name="view", label="View", options=VIEWS, default="stacked"),
        period_control(held),
        Control(
            name="beside",
            label="Beside it",
            options=BESIDE,
            default="off",
            help="The period of the same length just before",
        ),
        Control(
            name="one",
            label="One member, with its bounds",
            options=_members(generation),
            default=DEFAULT_MEMBER[0],
            kind="select",
        ),
        MARKS,
        as_of_control(held, generation.meta.known_until),
    )


def _members(generation: OpenGeneration) -> Sequence[tuple[str, str]]:
    labels, names = dict(DIMENSIONS), generation.names
    try:
        rows = generation.frame(query("market/members")).iter_rows()
    except duckdb.Error:
        return (DEFAULT_MEMBER,)
    found = [
        (f"{dimension}:{member}", f"{names.name(member)} ({labels.get(dimension, dimension)})")
        for dimension, member in rows
    ]
    return found if DEFAULT_MEMBER in found else [DEFAULT_MEMBER, *found]
