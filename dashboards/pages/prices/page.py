"""The page of the price war: what tokens cost by week, who cut when, spend beside tokens."""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from datetime import date

import duckdb

from dashboards.components.filters import (
    ATTRIBUTION,
    Control,
    Filters,
    as_of_control,
    href,
    period_control,
)
from dashboards.components.page import Card, CardPage, Listed, PageSection
from dashboards.components.time.periods import DayRange, HeldDays, read_held
from dashboards.generations import OpenGeneration
from dashboards.pages.prices import figures, tables
from dashboards.query import query

MAX_MEMBERS, MAX_LEADERS, MAX_SPEND = 5, 8, 3
DIMENSIONS = (
    ("country", "Country"),
    ("weights", "Open or closed"),
    ("author", "Author"),
    ("size", "Size"),
)
WORDS = {
    "country": "country of the lab",
    "weights": "open or closed weights",
    "author": "author",
    "size": "total parameters",
}
FREE = (("with", "With free"), ("without", "Paid only"))
SPEND = ("market_spend_weekly",)
PRICES = ("model_prices_daily",)
EMPTY = (
    "No week of this choice has both tokens and prices. `tokentide ingest prices` asks archives "
    "for prices since 2024-09-21, `tokentide ingest market` for tokens."
)
NO_EVENTS = "No list price changed in this period, as far as prices are known."
BLEND = "three parts prompt to one part completion"


@dataclass(frozen=True)
class PriceChoice:
    """The choices of the page, as queries take them and as titles say them."""

    dimension: str
    attribution: str
    free: str
    period: DayRange

    @classmethod
    def read(cls, filters: Filters) -> "PriceChoice":
        """Return the choices that the URL makes."""
        return cls(
            dimension=filters["dimension"],
            attribution=filters["attribution"],
            free=filters["free"],
            period=filters.period("weeks"),
        )

    @property
    def whose(self) -> dict[str, object]:
        """Parameters of a query of members by week."""
        whose = {"dimension": self.dimension, "attribution": self.attribution}
        return {**whose, **self.period.values}

    @property
    def by(self) -> str:
        """The dimension in words."""
        return WORDS[self.dimension]


def controls(generation: OpenGeneration) -> Sequence[Control]:
    """Return the controls: dimension, attribution, free tokens, period, and a past day."""
    held = read_held(generation)
    since = _since_first_price(held, generation)
    return (
        Control(name="dimension", label="By", options=DIMENSIONS, default="country"),
        ATTRIBUTION,
        Control(
            name="free",
            label="Tokens",
            options=FREE,
            default="with",
            help="Whether tokens that cost nothing count in what a token costs",
        ),
        period_control(since, default="all"),
        as_of_control(held, generation.meta.known_until),
    )


def cards(filters: Filters) -> Sequence[Listed]:
    """Return the cards of these choices."""
    choice = PriceChoice.read(filters)
    return (
        *_cost_cards(choice),
        *_spend_cards(choice),
        *_turn_cards(choice),
        *_launch_cards(choice),
        *_source_cards(choice),
    )


def _cost_cards(choice: PriceChoice) -> Sequence[Listed]:
    tokens = "tokens with a price" if choice.free == "without" else "all tokens, free ones at 0"
    return (
        Card(
            key="cost",
            title=f"What a million tokens costs, by {choice.by}",
            query=query("prices/cost", **choice.whose, free=choice.free, most=MAX_MEMBERS),
            draw=figures.cost,
            unit=f"$/Mtok at list price, weighted by tokens, by week, log scale; {tokens}",
            width="full",
            height=430,
            empty=EMPTY,
            needs=SPEND,
            note="A line is the middle between all tokens at the lower and all at the higher of a "
            "model's two prices; bands of the two largest show both ends. Nobody publishes how "
            "many tokens were prompts or came from a cache. A week at no price is a gap.",
        ),
        Card(
            key="leaders",
            title="List prices of the leading models",
            query=query("prices/leaders", **choice.period.values, most=MAX_LEADERS),
            draw=figures.leaders,
            unit=f"$/Mtok by day, {BLEND}, log scale; the cheapest listing that is not free",
            width="full",
            height=430,
            empty="No leading model has a list price in this period.",
            needs=(*PRICES, "market_tokens_daily", "models"),
            note="The families with the largest share of paid tokens in any quarter. A "
            "ring: sources differ, hover for both ends. A gap: no price is known. `citation` in "
            "the CSV says whose.",
        ),
    )


def _spend_cards(choice: PriceChoice) -> Sequence[Listed]:
    return (
        PageSection("Spend beside tokens", key="spend"),
        Card(
            key="spend",
            title=f"Shares of tokens and of spend, by {choice.by}",
            query=query("prices/spend", **choice.whose, most=MAX_SPEND),
            draw=figures.spend,
            unit="share of the named models, by week; lines are tokens, dotted ones spend at list "
            "price, bands its bounds",
            width="full",
            height=400,
            empty=EMPTY,
            needs=SPEND,
            note="An estimate: half of the tokens at either price. A dotted line below the line "
            "of its colour is a member that sells cheaper tokens than the market.",
            links=(
                ("Newest week, all members", href("/market", dimension=choice.dimension)),
                ("Price against volume", href("/market")),
            ),
        ),
    )


def _turn_cards(choice: PriceChoice) -> Sequence[Listed]:
    return (
        PageSection("Cuts and rises", key="turns"),
        Card(
            key="turns",
            title="Changes of list prices by month",
            query=query("prices/turns", **choice.period.values),
            draw=figures.turns,
            unit="models; cuts below zero, rises above",
            width="full",
            height=300,
            empty=NO_EVENTS,
            needs=("price_events",),
        ),
        Card(
            key="events",
            title="The changes, and what the model's share did",
            query=query("prices/events", **choice.period.values),
            draw=tables.events,
            unit="newest month first, the most used models first; $/Mtok; elasticity with its "
            "interval of 95 %",
            width="full",
            empty=NO_EVENTS,
            needs=("price_events",),
            note="`list price` is without discounts, so a promotion is none of its changes; `price "
            "as asked` is an archive's, where a promotion looks like one. Correlation, not cause.",
        ),
    )


def _launch_cards(choice: PriceChoice) -> Sequence[Listed]:
    return (
        PageSection("Prices at launch", key="launch", is_folded=True),
        Card(
            key="launches",
            title="What models cost on the day they came",
            query=query("prices/launches", **choice.period.values),
            draw=figures.launches,
            unit=f"$/Mtok, {BLEND}, log scale; an area is the tokens since",
            width="full",
            height=430,
            empty="No model that was launched in this period has a known price at its launch.",
            needs=("launch_prices", "market_tokens_daily", "models"),
            note="Models that ranked and asked something. Where history begins after a launch "
            "`launch_prices` says so, and the model is not drawn.",
        ),
    )


def _source_cards(choice: PriceChoice) -> Sequence[Listed]:
    return (
        PageSection("Discounts, and what is not known", key="known", is_folded=True),
        Card(
            key="discounts",
            title="Discounts",
            query=query("prices/discounts", **choice.period.values),
            draw=tables.discounts,
            unit="as our own requests saw them; a negative one is a mark-up",
            width="full",
            empty="Our own requests saw no discount in this period; archives do not have them.",
            needs=PRICES,
        ),
        Card(
            key="known",
            title="How much of it is known",
            query=query("prices/known", **choice.period.values),
            draw=figures.known,
            unit="share of the named models' tokens, by week",
            width="full",
            height=300,
            empty=EMPTY,
            needs=SPEND,
            note="Tokens of models below the named ones (`other`) have no model and so no price: "
            "they are in none of these figures.",
        ),
        Card(
            key="differ",
            title="Sources that state different prices of a model on a day",
            query=query("prices/differ", **choice.period.values),
            draw=tables.differ,
            unit="by more than half a percent; the ratio of the higher to the lower price",
            width="full",
            empty="All sources agree in this period, or one alone is loaded.",
            needs=("price_disagreements",),
            note="Our own observation is that of one hour, an archive's the last of its day. On "
            "days without one both ends stand as bounds in `model_prices_daily`.",
        ),
    )


def _since_first_price(held: HeldDays | None, generation: OpenGeneration) -> HeldDays | None:
    """Return the held days from the first price on, which is before the first ranking."""
    try:
        [(first,)] = generation.frame(query("prices/first_day")).rows()
    except duckdb.Error:
        return held
    return replace(held, first=min(held.first, first)) if held and isinstance(first, date) else held


PRICE_WAR = CardPage(
    path="/prices",
    name="Price war",
    about="What tokens cost since September 2024, who cut when, and what it did.",
    controls=controls,
    cards=lambda filters, _: cards(filters),
)
